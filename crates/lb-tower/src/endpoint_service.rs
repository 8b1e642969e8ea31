use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use lb_core::AsyncEndpoint;
use tower::Service;

/// An [`AsyncEndpoint`], such as `Retry`, as a tower service.
///
/// It is ready at once, and all its clones share the endpoint. Calls get a context without a deadline: put tower's
/// `Timeout` on top, or give `Retry` one. Cost: one allocation for each call.
///
/// ```
/// use std::convert::Infallible;
///
/// use lb_core::{Context, async_endpoint_fn};
/// use lb_tower::EndpointService;
/// use tower::ServiceExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Infallible> {
/// let double = async_endpoint_fn(|_: Context, n: u32| async move { Ok::<_, Infallible>(2 * n) });
/// assert_eq!(EndpointService::new(double).oneshot(21).await?, 42);
/// # Ok(())
/// # }
/// ```
pub struct EndpointService<T>(Arc<T>);

impl<T> EndpointService<T> {
    /// A service that calls `endpoint`.
    pub fn new(endpoint: T) -> Self {
        Self(Arc::new(endpoint))
    }
}

impl<T, Req> Service<Req> for EndpointService<T>
where
    T: AsyncEndpoint<Req> + Send + Sync + 'static,
    Req: Send + 'static,
{
    type Response = T::Response;
    type Error = T::Error;
    type Future = Pin<Box<dyn Future<Output = Result<T::Response, T::Error>> + Send>>;

    /// Ready at once, always.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), T::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let endpoint = Arc::clone(&self.0);
        Box::pin(async move { endpoint.call(&lb_core::Context::background(), request).await })
    }
}

impl<T> Clone for EndpointService<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: fmt::Debug> fmt::Debug for EndpointService<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EndpointService").field(&self.0).finish()
    }
}
