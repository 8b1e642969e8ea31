//! The same work by other libraries, beside ours in the same run: `cargo bench --features peers --bench peers`.

use std::convert::Infallible;
use std::future::{Ready, poll_fn, ready};
use std::hint::black_box;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use benches::{addresses, fixed, on_threads};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use lb_core::LoadBalancer;
use lb_strategies::RoundRobin;
use pingora_load_balancing::selection::RoundRobin as PingoraRoundRobin;
use tower::Service;
use tower::balance::p2c::Balance;
use tower::discover::ServiceList;
use tower::load::{CompleteOnResponse, PendingRequests};

const SIZES: [usize; 3] = [3, 100, 10_000];

fn ours(c: &mut Criterion) {
    let mut group = c.benchmark_group("ours_round_robin");
    for count in SIZES {
        let balancer = RoundRobin::new(fixed(count));
        for threads in [1, 2] {
            group.bench_function(BenchmarkId::new(format!("{threads}_threads"), count), |b| {
                on_threads(b, threads, || drop(black_box(balancer.endpoint())));
            });
        }
    }
}

fn pingora(c: &mut Criterion) {
    let mut group = c.benchmark_group("pingora_round_robin");
    for count in SIZES {
        let balancer =
            pingora_load_balancing::LoadBalancer::<PingoraRoundRobin>::try_from_iter(addresses(count))
                .expect("the addresses are valid");
        for threads in [1, 2] {
            group.bench_function(BenchmarkId::new(format!("{threads}_threads"), count), |b| {
                on_threads(b, threads, || drop(black_box(balancer.select(b"", 256))));
            });
        }
    }
}

/// A service that is always ready and answers at once.
#[derive(Clone)]
struct Noop;

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

type TowerBalance = Balance<ServiceList<Vec<PendingRequests<Noop>>>, u64>;

fn tower_balance(count: usize) -> TowerBalance {
    let services = (0..count).map(|_| PendingRequests::new(Noop, CompleteOnResponse::default())).collect();
    Balance::new(ServiceList::new::<u64>(services))
}

fn tower_p2c(c: &mut Criterion) {
    let mut group = c.benchmark_group("tower_p2c");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    for count in SIZES {
        let mut balance = tower_balance(count);
        group.bench_function(BenchmarkId::new("1_task", count), |b| {
            b.iter_custom(|iterations| runtime.block_on(calls(&mut balance, iterations)));
        });
    }
    group.bench_function(BenchmarkId::new("buffer_2_tasks", 3), |b| {
        let shared = runtime.block_on(async { tower::buffer::Buffer::new(tower_balance(3), 1024) });
        b.iter_custom(|iterations| {
            let run = || runtime.handle().block_on(calls(&mut shared.clone(), iterations));
            std::thread::scope(|scope| {
                let other = scope.spawn(run);
                (run() + other.join().expect("the other task ends")) / 2
            })
        });
    });
}

#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
async fn calls<S: Service<u64>>(service: &mut S, count: u64) -> Duration {
    let begin = Instant::now();
    for i in 0..count {
        assert!(poll_fn(|cx| service.poll_ready(cx)).await.is_ok(), "a no-op service is ready");
        assert!(black_box(service.call(i).await).is_ok(), "a no-op service answers");
    }
    begin.elapsed()
}

criterion_group!(benches, ours, pingora, tower_p2c);
criterion_main!(benches);
