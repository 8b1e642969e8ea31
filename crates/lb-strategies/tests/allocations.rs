//! A pick allocates nothing: not the first of a thread, not with a tried-list, not from a large set.

use std::thread;

use allocation_counter::{AllocationInfo, measure};
use lb_core::{EndpointCache, Instance, LoadBalancer, PickRequest, Publisher, Tried};
use lb_strategies::{Random, RoundRobin};

#[test]
fn a_pick_allocates_nothing() {
    for count in [1, 3, 1_000] {
        let cache = EndpointCache::new(|_: &Instance| Ok::<_, String>(()));
        cache.replace((0..count).map(|n| format!("{n:04}")));
        let mut tried = Tried::new();
        for index in [0, count / 2] {
            tried.insert(cache.endpoints().unwrap().id_at(index).unwrap());
        }
        let strategies: [Box<dyn LoadBalancer<Endpoint = ()>>; 4] = [
            Box::new(RoundRobin::new(&cache)),
            Box::new(RoundRobin::starting_at(&cache, 0)),
            Box::new(Random::new(&cache, 7)),
            Box::new(Random::from_os_rng(&cache)),
        ];
        let picks_alike = |lb: &dyn LoadBalancer<Endpoint = ()>| {
            // arc-swap's and the generator's parts of this thread are made at the first pick.
            drop(lb.endpoint());
            let picks = || {
                for _ in 0..100 {
                    drop(lb.endpoint().unwrap());
                    drop(lb.pick(&PickRequest::new().with_key(3).with_tried(&tried)).unwrap());
                }
            };
            assert_eq!(measure(picks), AllocationInfo::default());
        };
        for lb in &strategies {
            picks_alike(&**lb);
            thread::scope(|scope| scope.spawn(|| picks_alike(&**lb)).join().unwrap());
        }
    }
}
