use std::future::pending;

use lb_core::{AsyncEndpoint, Context, LoadBalancer};

use crate::error::RetryError;
use crate::retry::Retry;

/// Never implemented: its name and its text are what the compiler says where an asynchronous call lacks the feature.
///
/// ```compile_fail,E0277
/// # use lb_core::{AsyncEndpoint, Context, async_endpoint_fn};
/// # let endpoint = async_endpoint_fn(|_, n: u32| async move { Ok::<_, &str>(n) });
/// # let lb = lb_strategies::RoundRobin::new(lb_static::FixedPublisher::new([("a:80", endpoint)]));
/// let retry = lb_retry::Retry::new(3, std::time::Duration::from_secs(1), lb);
/// let future = AsyncEndpoint::call(&retry, &Context::background(), 42);
/// ```
///
/// ```compile_fail,E0599
/// # use lb_core::{AsyncEndpoint, Context, async_endpoint_fn};
/// # let endpoint = async_endpoint_fn(|_, n: u32| async move { Ok::<_, &str>(n) });
/// # let lb = lb_strategies::RoundRobin::new(lb_static::FixedPublisher::new([("a:80", endpoint)]));
/// let retry = lb_retry::Retry::new(3, std::time::Duration::from_secs(1), lb);
/// let future = retry.call(&Context::background(), 42);
/// ```
#[diagnostic::on_unimplemented(
    message = "`Retry` is an asynchronous endpoint only with the feature `tokio` of lb-retry",
    label = "the feature `tokio` of lb-retry is missing",
    note = "enable it in Cargo.toml: lb-retry = {{ version = \"…\", features = [\"tokio\"] }}"
)]
pub trait NeedsTheFeatureTokio {}

/// There to be refused with a message that names the feature. It is the request that lacks a trait: so the compiler says
/// it too where a function asks for an asynchronous endpoint.
impl<Req, L, P, M> AsyncEndpoint<Req> for Retry<L, P, M>
where
    Req: NeedsTheFeatureTokio,
    L: LoadBalancer,
    L::Endpoint: AsyncEndpoint<Req>,
{
    type Response = <L::Endpoint as AsyncEndpoint<Req>>::Response;
    type Error = RetryError<<L::Endpoint as AsyncEndpoint<Req>>::Error>;

    fn call(&self, _: &Context, _: Req) -> impl Future<Output = Result<Self::Response, Self::Error>> + Send {
        pending()
    }
}
