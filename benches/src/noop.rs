use std::convert::Infallible;
use std::future::{Ready, poll_fn, ready};
use std::hint::black_box;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tower_service::Service;

/// A service that is always ready and answers at once.
#[derive(Clone, Copy, Debug)]
pub struct Noop;

impl Service<u64> for Noop {
    type Response = u64;
    type Error = Infallible;
    type Future = Ready<Result<u64, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: u64) -> Self::Future {
        ready(Ok(request))
    }
}

/// The time of `count` calls of `service`, one after the other.
///
/// # Panics
///
/// When a call fails: a bench measures calls that succeed.
#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
pub async fn calls<S: Service<u64>>(service: &mut S, count: u64) -> Duration {
    let begun = Instant::now();
    for n in 0..count {
        assert!(poll_fn(|cx| service.poll_ready(cx)).await.is_ok(), "a no-op service is ready");
        assert!(black_box(service.call(n).await).is_ok(), "a no-op service answers");
    }
    begun.elapsed()
}
