//! One pick and its drop: each strategy × set size × threads that share the balancer, beside the floor.
//!
//! The floor is what no pick can do without: one arc-swap load, one `Arc` clone and drop, one add on a counter of its
//! own (`all_three`); for Random one generator step instead of the add (`with_generator`). Weighted strategies pick from
//! weights of 1 to 1,000,000, those that hash by another key each time; peak EWMA records each pick, which takes two looks
//! at the clock (`clock`); hot-cold is told of a report as well, which takes a third.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use benches::{fixed, key, on_threads, on_threads_counting, weighted};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use lb_core::{Clock, LoadBalancer, Outcome, PickRequest, Reported};
use lb_strategies::{
    ConsistentHash, HotCold, LeastLoaded, PeakEwma, Random, RoundRobin, Srv, WeightedRandom,
    WeightedRoundRobin,
};
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
    plain(c, "round_robin", |count| RoundRobin::new(fixed(count)));
    plain(c, "random", |count| Random::from_os_rng(fixed(count)));
    plain(c, "weighted_round_robin", |count| WeightedRoundRobin::new(weighted(count)));
    plain(c, "weighted_random", |count| WeightedRandom::from_os_rng(weighted(count)));
    plain(c, "srv", |count| Srv::new(weighted(count)));
    plain(c, "least_loaded", |count| LeastLoaded::new(fixed(count)));
    strategy(
        c,
        "peak_ewma",
        |count| PeakEwma::new(fixed(count)),
        |balancer, _| {
            let pick = balancer.endpoint();
            if let Ok(pick) = &pick {
                pick.record(Outcome::Success);
            }
            drop(black_box(pick));
        },
    );
    strategy(
        c,
        "hot_cold",
        |count| HotCold::new(fixed(count)),
        |balancer, _| {
            let pick = balancer.endpoint();
            if let Ok(pick) = &pick {
                pick.report(&Reported::new().with_in_flight(3).with_utilisation(0.7));
                pick.record(Outcome::Success);
            }
            drop(black_box(pick));
        },
    );
    keyed(c, "ring", |count| ConsistentHash::ring(fixed(count)));
    keyed(c, "maglev", |count| ConsistentHash::maglev(fixed(count)));
    keyed(c, "maglev_bounded", |count| ConsistentHash::maglev(fixed(count)).bounded_load(1.25));
    keyed(c, "rendezvous", |count| ConsistentHash::rendezvous(fixed(count)));
}

/// The time of a look at the clock, of which a strategy that measures latencies has two a pick.
fn clock(c: &mut Criterion) {
    let clock = Clock::system();
    c.bench_function("clock", |b| b.iter(|| clock.nanos()));
}

/// With a microsecond of work between pick and drop, on two threads.
fn with_work(c: &mut Criterion) {
    let mut group = c.benchmark_group("least_loaded_with_1us_of_work");
    let balancer = LeastLoaded::new(fixed(10));
    for threads in [1, 2] {
        group.bench_function(BenchmarkId::new(format!("{threads}_threads"), 10), |b| {
            on_threads(b, threads, || {
                let pick = balancer.endpoint();
                spin_for_a_microsecond();
                drop(black_box(pick));
            });
        });
    }
    group.finish();
}

#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
fn spin_for_a_microsecond() {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_micros(1) {
        std::hint::spin_loop();
    }
}

fn plain<L: LoadBalancer<Endpoint = u64>>(c: &mut Criterion, name: &str, balancer: impl Fn(usize) -> L) {
    strategy(c, name, balancer, |balancer, _| drop(black_box(balancer.endpoint())));
}

fn keyed<L: LoadBalancer<Endpoint = u64>>(c: &mut Criterion, name: &str, balancer: impl Fn(usize) -> L) {
    strategy(c, name, balancer, |balancer, n| {
        drop(black_box(balancer.pick(&PickRequest::new().with_key(key(n)))));
    });
}

fn strategy<L: LoadBalancer<Endpoint = u64>>(
    c: &mut Criterion,
    name: &str,
    balancer: impl Fn(usize) -> L,
    pick: impl Fn(&L, u64) + Sync,
) {
    let mut group = c.benchmark_group(name);
    for count in SIZES {
        let balancer = balancer(count);
        for threads in [1, 2] {
            group.bench_function(BenchmarkId::new(format!("{threads}_threads"), count), |b| {
                on_threads_counting(b, threads, |n| pick(&balancer, n));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, floor, clock, strategies, with_work);
criterion_main!(benches);
