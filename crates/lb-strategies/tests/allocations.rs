//! A pick allocates nothing: not the first of a thread, not with a tried-list, not from a large set, not with a key, and
//! neither does what follows it.

use std::sync::Arc;
use std::thread;

use allocation_counter::{AllocationInfo, measure};
use lb_core::{
    BoxLoadBalancer, EndpointCache, Instance, LoadBalancer, Outcome, PickRequest, Publisher, Tried,
};
use lb_strategies::{
    ConsistentHash, LeastLoaded, PeakEwma, Random, RoundRobin, Srv, WeightedRandom, WeightedRoundRobin,
};

type Cache = Arc<EndpointCache<()>>;

fn strategies(cache: &Cache) -> [(&'static str, BoxLoadBalancer<()>); 17] {
    let new = || Arc::clone(cache);
    [
        ("round robin", RoundRobin::new(new()).boxed()),
        ("round robin from 0", RoundRobin::starting_at(new(), 0).boxed()),
        ("random", Random::new(new(), 7).boxed()),
        ("random from the system", Random::from_os_rng(new()).boxed()),
        ("weighted round robin", WeightedRoundRobin::new(new()).boxed()),
        ("weighted round robin from 0", WeightedRoundRobin::starting_at(new(), 0).boxed()),
        ("weighted random", WeightedRandom::new(new(), 7).boxed()),
        ("weighted random from the system", WeightedRandom::from_os_rng(new()).boxed()),
        ("srv", Srv::new(new()).boxed()),
        ("srv as the RFC says", Srv::with_seed(new(), 7).as_the_rfc_says().boxed()),
        ("least loaded", LeastLoaded::new(new()).boxed()),
        ("peak ewma", PeakEwma::new(new()).boxed()),
        ("ring", ConsistentHash::ring(new()).boxed()),
        ("maglev", ConsistentHash::maglev(new()).boxed()),
        ("rendezvous", ConsistentHash::rendezvous(new()).boxed()),
        ("bounded ring", ConsistentHash::ring(new()).bounded_load(1.0).boxed()),
        ("bounded maglev", ConsistentHash::maglev(new()).bounded_load(1.25).boxed()),
    ]
}

#[test]
fn a_pick_allocates_nothing() {
    // Equal weights, few different ones, and as many as there are.
    let weights: [fn(u32) -> u32; 3] = [|_| 1, |n| n % 3, |n| 1 + 1000 * n];
    for (count, weight) in [(1, weights[0]), (3, weights[1]), (1000, weights[0]), (1000, weights[2])] {
        let cache = Arc::new(EndpointCache::new(|_: &Instance| Ok::<_, String>(())));
        cache.replace((0..count).map(|n| Instance::new(format!("{n:04}")).with_weight(weight(n))));
        let mut tried = Tried::new();
        for index in [0, count as usize / 2] {
            tried.insert(cache.endpoints().unwrap().id_at(index).unwrap());
        }
        let picks_alike = |name: &str, lb: &BoxLoadBalancer<()>| {
            // arc-swap's and the generator's parts of this thread are made at the first pick that needs them.
            drop((lb.endpoint(), lb.pick(&PickRequest::new().with_tried(&tried))));
            let picks = || {
                for key in 0..100 {
                    drop(lb.endpoint().unwrap());
                    lb.pick(&PickRequest::new().with_key(key)).unwrap().record(Outcome::Success);
                    lb.pick(&PickRequest::new().with_tried(&tried)).unwrap().record(Outcome::Failure);
                    let held = lb.pick(&PickRequest::new().with_key(3).with_tried(&tried)).unwrap();
                    // The bound has the next one go elsewhere.
                    drop((lb.pick(&PickRequest::new().with_key(3)).unwrap(), held));
                }
            };
            assert_eq!(measure(picks), AllocationInfo::default(), "{name}, {count} endpoints");
        };
        for (name, lb) in &strategies(&cache) {
            picks_alike(name, lb);
            thread::scope(|scope| scope.spawn(|| picks_alike(name, lb)).join().unwrap());
        }
    }
}
