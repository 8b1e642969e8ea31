use std::future::{Future, poll_fn};

use lb_core::{AsyncEndpoint, Context};
use tower::Service;

/// A clonable tower service as an [`AsyncEndpoint`], so that `Retry` takes it.
///
/// Each call clones the service, waits until the clone is ready, and calls it. The context is not passed on: whoever
/// keeps its deadline (as `Retry` does) drops the call, which is how services are cancelled.
///
/// ```
/// use std::convert::Infallible;
///
/// use lb_core::{AsyncEndpoint, Context};
/// use lb_tower::ServiceEndpoint;
/// use tower::service_fn;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Infallible> {
/// let double = ServiceEndpoint::new(service_fn(async |n: u32| Ok::<_, Infallible>(2 * n)));
/// assert_eq!(double.call(&Context::background(), 21).await?, 42);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ServiceEndpoint<S>(S);

impl<S> ServiceEndpoint<S> {
    /// An endpoint that calls clones of `service`.
    pub fn new(service: S) -> Self {
        Self(service)
    }
}

impl<S, Req> AsyncEndpoint<Req> for ServiceEndpoint<S>
where
    S: Service<Req, Future: Send> + Clone + Send,
    Req: Send,
{
    type Response = S::Response;
    type Error = S::Error;

    fn call(&self, _: &Context, request: Req) -> impl Future<Output = Result<S::Response, S::Error>> + Send {
        let mut service = self.0.clone();
        async move {
            poll_fn(|cx| service.poll_ready(cx)).await?;
            service.call(request).await
        }
    }
}
