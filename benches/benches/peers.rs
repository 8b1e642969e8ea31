//! The same work by other libraries, beside ours in the same run: `cargo bench --features peers --bench peers`.

use std::hint::black_box;
use std::time::Duration;

use benches::{Noop, addresses, calls, fixed, fixed_of, on_threads, on_two_threads};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use lb_core::{LoadBalancer, Outcome};
use lb_strategies::{PeakEwma, RoundRobin};
use lb_tower::Balance;
use pingora_load_balancing::selection::RoundRobin as PingoraRoundRobin;
use tower::balance::p2c::Balance as P2c;
use tower::discover::ServiceList;
use tower::load::{CompleteOnResponse, PeakEwma as TowerPeakEwma, PendingRequests};

const SIZES: [usize; 3] = [3, 100, 10_000];

/// What tower takes a request to need before it has measured one: its own default.
const RTT: Duration = Duration::from_millis(30);

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

type TowerBalance = P2c<ServiceList<Vec<PendingRequests<Noop>>>, u64>;

fn tower_balance(count: usize) -> TowerBalance {
    let services = (0..count).map(|_| PendingRequests::new(Noop, CompleteOnResponse::default())).collect();
    P2c::new(ServiceList::new::<u64>(services))
}

fn our_balance(c: &mut Criterion) {
    let mut group = c.benchmark_group("ours_balance");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let balance = Balance::new(RoundRobin::new(fixed_of(3, Noop)));
    group.bench_function(BenchmarkId::new("1_task", 3), |b| {
        b.iter_custom(|count| runtime.block_on(calls(&mut balance.clone(), count)));
    });
    group.bench_function(BenchmarkId::new("2_tasks", 3), |b| {
        b.iter_custom(|count| {
            on_two_threads(|| runtime.handle().block_on(calls(&mut balance.clone(), count)))
        });
    });
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
            on_two_threads(|| runtime.handle().block_on(calls(&mut shared.clone(), iterations)))
        });
    });
}

/// Both with what a request costs: the pick, its start and its end, measured by the clock.
fn peak_ewma(c: &mut Criterion) {
    let mut group = c.benchmark_group("peak_ewma");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    for count in SIZES {
        let balancer = PeakEwma::new(fixed(count));
        group.bench_function(BenchmarkId::new("ours", count), |b| {
            b.iter(|| {
                let pick = balancer.endpoint();
                if let Ok(pick) = &pick {
                    pick.record(Outcome::Success);
                }
                drop(black_box(pick));
            });
        });
        let service = |_| TowerPeakEwma::new(Noop, RTT, 10e9, CompleteOnResponse::default());
        let services: Vec<_> = (0..count).map(service).collect();
        // Made where tokio's clock is, which it reads.
        let mut balance = runtime.block_on(async { P2c::new(ServiceList::new::<u64>(services)) });
        group.bench_function(BenchmarkId::new("tower", count), |b| {
            b.iter_custom(|iterations| runtime.block_on(calls(&mut balance, iterations)));
        });
    }
}

criterion_group!(benches, ours, pingora, our_balance, tower_p2c, peak_ewma);
criterion_main!(benches);
