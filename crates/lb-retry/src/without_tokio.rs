use std::convert::Infallible;
use std::future::pending;

use lb_core::{AsyncEndpoint, Context};

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
#[diagnostic::on_unimplemented(
    message = "`Retry` is an asynchronous endpoint only with the feature `tokio` of lb-retry",
    label = "the feature `tokio` of lb-retry is missing",
    note = "enable it in Cargo.toml: lb-retry = {{ version = \"…\", features = [\"tokio\"] }}"
)]
pub trait NeedsTheFeatureTokio {}

/// There to be refused with a message that names the feature.
impl<Req, L, P, M> AsyncEndpoint<Req> for Retry<L, P, M>
where
    Self: NeedsTheFeatureTokio,
{
    type Response = Infallible;
    type Error = Infallible;

    fn call(&self, _: &Context, _: Req) -> impl Future<Output = Result<Infallible, Infallible>> + Send {
        pending()
    }
}
