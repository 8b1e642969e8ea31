use lb_core::{BoxError, Context, Factory, Instance};
use tokio::runtime::Handle;

use crate::RuntimeBound;

/// Has `factory` make its endpoints, and its endpoints dropped, inside the tokio runtime of `handle`.
///
/// Publishers call their factory on a thread of their own, where no runtime is: tonic's `connect_lazy` and tower's
/// `Buffer::new` panic there ("there is no reactor running"). The runtime is entered, not blocked on: a factory that
/// waits for the network keeps waiting for the publisher's thread only.
///
/// ```
/// use std::convert::Infallible;
///
/// use lb_core::{EndpointCache, Instance};
/// use lb_tower::on_runtime;
/// use tower::{buffer::Buffer, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let factory = |_: &Instance| {
///     Ok::<_, Infallible>(Buffer::new(service_fn(async |n: u32| Ok::<_, Infallible>(2 * n)), 16))
/// };
/// let cache = EndpointCache::new(on_runtime(tokio::runtime::Handle::current(), factory));
/// std::thread::spawn(move || cache.replace(["a:80", "b:80"])).join().unwrap();
/// # Ok(())
/// # }
/// ```
pub fn on_runtime<F: Factory>(handle: Handle, factory: F) -> OnRuntime<F> {
    OnRuntime { handle, factory }
}

/// A factory whose endpoints live inside a tokio runtime; see [`on_runtime`].
#[derive(Clone, Debug)]
pub struct OnRuntime<F> {
    handle: Handle,
    factory: F,
}

impl<F: Factory> Factory for OnRuntime<F> {
    type Endpoint = RuntimeBound<F::Endpoint>;

    fn create(&self, ctx: &Context, instance: &Instance) -> Result<Self::Endpoint, BoxError> {
        let _entered = self.handle.enter();
        Ok(RuntimeBound::new(self.factory.create(ctx, instance)?, self.handle.clone()))
    }

    fn reusable(&self, old: &Instance, new: &Instance) -> bool {
        self.factory.reusable(old, new)
    }
}
