//! poise-core's policies at 512 endpoints, beside ours in the same run:
//! `cargo bench -p benches --features peers --bench peers_poise`.
//!
//! Theirs pick from a slice through `&mut self`; ours from a set that may change meanwhile, through `&self`, and hand out
//! an endpoint that is kept alive. Ours are measured with that, from the pick to its drop.

use std::hint::black_box;
use std::num::NonZeroU32;

use benches::{fixed, key, weighted};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use lb_core::{LoadBalancer, PickRequest, Publisher};
use lb_strategies::{ConsistentHash, LeastLoaded, WeightedRandom, WeightedRoundRobin};
use poise_core::policy::{
    BoundedLoadConfig, BoundedLoadRendezvous, Maglev, MaglevConfig, PowerOfTwoChoices,
    SmoothWeightedRoundRobin, WeightedRandom as PoiseWeightedRandom,
};
use poise_core::{Backend, Policy, Status, Weight};

const COUNT: usize = 512;

type Candidate = Backend<u64, (), u64>;

/// As ours of [`weighted`], with the same weights.
fn candidates(is_weighted: bool) -> Vec<Candidate> {
    let set = weighted(COUNT).endpoints().expect("a fixed set");
    let weights: Vec<u32> = set.instances().map(lb_core::Instance::weight).collect();
    let of = |(id, weight): (u64, u32)| {
        let weight = NonZeroU32::new(if is_weighted { weight } else { 1 }).map(Weight::from);
        Backend::from_parts(id, (), 0, weight.unwrap_or_default(), Status::Ready)
    };
    (0..).zip(weights).map(of).collect()
}

fn theirs<P, K>(c: &mut Criterion, name: &str, is_weighted: bool, mut policy: P, context: impl Fn(u64) -> K)
where
    P: Policy<Candidate, K>,
{
    let (candidates, mut round) = (candidates(is_weighted), 0);
    let mut group = c.benchmark_group(name);
    group.bench_function(BenchmarkId::new("poise", COUNT), |b| {
        b.iter(|| {
            round += 1;
            black_box(policy.pick(&candidates, &context(round))).is_ok()
        });
    });
}

fn ours<L: LoadBalancer<Endpoint = u64>>(c: &mut Criterion, name: &str, balancer: &L, is_keyed: bool) {
    let mut round = 0;
    let mut group = c.benchmark_group(name);
    group.bench_function(BenchmarkId::new("ours", COUNT), |b| {
        b.iter(|| {
            round += 1;
            let request = PickRequest::new();
            let request = if is_keyed { request.with_key(key(round)) } else { request };
            drop(black_box(balancer.pick(&request)));
        });
    });
}

fn policies(c: &mut Criterion) {
    theirs(c, "two_choices", false, PowerOfTwoChoices::seeded(7), |_| ());
    ours(c, "two_choices", &LeastLoaded::new(fixed(COUNT)), false);
    theirs(c, "weighted_random", true, PoiseWeightedRandom::seeded(7), |_| ());
    ours(c, "weighted_random", &WeightedRandom::from_os_rng(weighted(COUNT)), false);
    theirs(c, "weighted_round_robin", true, SmoothWeightedRoundRobin::new(), |_| ());
    ours(c, "weighted_round_robin", &WeightedRoundRobin::new(weighted(COUNT)), false);
    theirs(c, "maglev", false, Maglev::<u64>::new(MaglevConfig::default()), key);
    ours(c, "maglev", &ConsistentHash::maglev(fixed(COUNT)), true);
    theirs(c, "bounded_load", false, BoundedLoadRendezvous::new(BoundedLoadConfig::default()), key);
    ours(c, "bounded_load", &ConsistentHash::maglev(fixed(COUNT)).bounded_load(1.25), true);
}

criterion_group!(benches, policies);
criterion_main!(benches);
