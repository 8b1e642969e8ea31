//! What strategies build from a set of 10,000 endpoints, which happens on the writer's thread at each change.

use std::sync::Arc;

use benches::{fixed, on_fresh, weighted};
use criterion::{Criterion, criterion_group, criterion_main};
use lb_static::FixedPublisher;
use lb_strategies::{ConsistentHash, LeastLoaded, PeakEwma, Srv, WeightedRandom, WeightedRoundRobin};

const COUNT: usize = 10_000;

fn tables(c: &mut Criterion) {
    table(c, "weighted_random", weighted(COUNT), WeightedRandom::from_os_rng);
    table(c, "weighted_round_robin", weighted(COUNT), WeightedRoundRobin::new);
    table(c, "srv", weighted(COUNT), Srv::new);
    table(c, "least_loaded", fixed(COUNT), LeastLoaded::new);
    table(c, "peak_ewma", fixed(COUNT), PeakEwma::new);
    table(c, "ring", fixed(COUNT), ConsistentHash::ring);
    table(c, "maglev", fixed(COUNT), ConsistentHash::maglev);
    table(c, "rendezvous", fixed(COUNT), ConsistentHash::rendezvous);
}

fn table<L>(
    c: &mut Criterion,
    name: &str,
    publisher: FixedPublisher<u64>,
    new: impl Fn(Arc<FixedPublisher<u64>>) -> L,
) {
    let publisher = Arc::new(publisher);
    c.bench_function(&format!("table_of_10000/{name}"), |b| on_fresh(b, || Arc::clone(&publisher), &new));
}

criterion_group!(benches, tables);
criterion_main!(benches);
