//! Calls through `Balance`: one task, two tasks on two threads that share it, and 10,000 concurrent calls beside calling
//! the services directly.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use benches::{Noop, calls, fixed_of, on_two_threads};
use criterion::{Criterion, criterion_group, criterion_main};
use lb_strategies::RoundRobin;
use lb_tower::Balance;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tower_service::Service;

const CONCURRENT: usize = 10_000;

fn one_and_two_tasks(c: &mut Criterion) {
    let mut group = c.benchmark_group("balance");
    let runtime = Runtime::new().expect("a runtime starts");
    let balance = Balance::new(RoundRobin::new(fixed_of(3, Noop)));
    group.bench_function("1_task", |b| {
        b.iter_custom(|count| runtime.block_on(calls(&mut balance.clone(), count)));
    });
    group.bench_function("2_tasks", |b| {
        b.iter_custom(|count| {
            on_two_threads(|| runtime.handle().block_on(calls(&mut balance.clone(), count)))
        });
    });
    group.finish();
}

/// A service whose answer is there when its task is polled for the second time.
#[derive(Clone)]
struct Later;

impl Service<u64> for Later {
    type Response = u64;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<u64, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: u64) -> Self::Future {
        Box::pin(async move {
            tokio::task::yield_now().await;
            Ok(request)
        })
    }
}

fn many_at_once(c: &mut Criterion) {
    let mut group = c.benchmark_group("10000_concurrent_calls");
    let runtime = Runtime::new().expect("a runtime starts");
    let balance = Balance::new(RoundRobin::new(fixed_of(3, Later)));
    group.bench_function("directly", |b| {
        b.iter_custom(|rounds| runtime.block_on(rounds_of_calls(rounds, || Later)));
    });
    group.bench_function("balance", |b| {
        b.iter_custom(|rounds| runtime.block_on(rounds_of_calls(rounds, || balance.clone())));
    });
    group.finish();
}

#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
async fn rounds_of_calls<S>(rounds: u64, service: impl Fn() -> S) -> Duration
where
    S: Service<u64, Future: Send> + Send + 'static,
{
    let begun = Instant::now();
    for _ in 0..rounds {
        let mut tasks = JoinSet::new();
        for n in 0..CONCURRENT as u64 {
            let mut service = service();
            tasks.spawn(async move { service.call(n).await.is_ok() });
        }
        assert!(tasks.join_all().await.into_iter().all(|answered| answered), "every call is answered");
    }
    begun.elapsed()
}

criterion_group!(benches, one_and_two_tasks, many_at_once);
criterion_main!(benches);
