//! One pick and its drop: each strategy × set size × threads that share the balancer, beside the floor.
//!
//! The floor is what no pick can do without: one arc-swap load, one `Arc` clone and drop, one add on a counter of its
//! own (`all_three`); for Random one generator step instead of the add (`with_generator`).

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use benches::{fixed, on_threads};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use lb_core::LoadBalancer;
use lb_strategies::{Random, RoundRobin};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

const SIZES: [usize; 4] = [3, 10, 100, 10_000];

fn floor(c: &mut Criterion) {
    let mut group = c.benchmark_group("floor");
    let value = ArcSwap::from_pointee(7_u64);
    let shared = Arc::new(7_u64);
    let counter = AtomicU64::new(0);
    group.bench_function("arc_swap_load", |b| b.iter(|| **value.load()));
    group.bench_function("arc_clone_drop", |b| b.iter(|| drop(black_box(Arc::clone(&shared)))));
    group.bench_function("fetch_add", |b| b.iter(|| counter.fetch_add(1, Ordering::Relaxed)));
    group.bench_function("all_three", |b| {
        b.iter(|| {
            let guard = value.load();
            black_box(counter.fetch_add(1, Ordering::Relaxed));
            drop(black_box(Arc::clone(&*guard)));
        });
    });
    let mut generator = SmallRng::seed_from_u64(1);
    group.bench_function("with_generator", |b| {
        b.iter(|| {
            let guard = value.load();
            black_box(generator.next_u64());
            drop(black_box(Arc::clone(&*guard)));
        });
    });
    group.finish();
}

fn strategies(c: &mut Criterion) {
    strategy(c, "round_robin", |count| RoundRobin::new(fixed(count)));
    strategy(c, "random", |count| Random::from_os_rng(fixed(count)));
}

fn strategy<L: LoadBalancer<Endpoint = u64>>(c: &mut Criterion, name: &str, balancer: impl Fn(usize) -> L) {
    let mut group = c.benchmark_group(name);
    for count in SIZES {
        let balancer = balancer(count);
        for threads in [1, 2] {
            group.bench_function(BenchmarkId::new(format!("{threads}_threads"), count), |b| {
                on_threads(b, threads, || drop(black_box(balancer.endpoint())));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, floor, strategies);
criterion_main!(benches);
