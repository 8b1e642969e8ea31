//! `LeastLoaded`: what is in flight decides, by weight, whoever has put it there.

mod support;

use std::sync::Arc;
use std::time::Duration;

use lb_core::{Clock, EndpointSet, Instance, LoadBalancer, Outcome, Pick, PickRequest, Publisher, StateKey};
use lb_strategies::{InFlight, LeastLoaded, PeakEwma};
use lb_test::ScriptedPublisher;

use support::simulation::World;
use support::{
    Cache, assert_shares, counts, counts_with, enough_picks, floats, instances, tried_at, weighted,
};

fn in_flight<P: Publisher>(publisher: &P) -> Vec<u32> {
    let states = publisher.endpoints().unwrap().states(&StateKey::<InFlight>::shared());
    states.iter().map(|state| state.get()).collect()
}

fn hold(lb: &LeastLoaded<Cache>, count: usize) -> Vec<Pick<usize>> {
    (0..count).map(|_| lb.endpoint().unwrap()).collect()
}

#[test]
fn one_request_at_a_time_goes_by_weight() {
    for weights in [&[3, 1][..], &[5, 0, 3, 4]] {
        let lb = LeastLoaded::with_seed(weighted(weights), 7);
        assert_shares("idle", &counts(&lb, weights.len(), enough_picks(weights)), &floats(weights));
    }
}

/// Of two the less loaded is known for sure, since the two choices are two, whatever the weights.
#[test]
fn of_two_it_is_always_the_less_loaded_by_weight() {
    let cases: [([u32; 2], [u32; 2]); 5] = [
        ([1, 1], [200, 200]),
        ([3, 1], [300, 100]),
        ([1, 3], [100, 300]),
        ([399, 1], [399, 1]),
        ([0, 0], [200, 200]),
    ];
    for (weights, expected) in cases {
        let cache = weighted(&weights);
        let lb = LeastLoaded::with_seed(cache.clone(), 7);
        let held = hold(&lb, 400);
        let counts = in_flight(&cache);
        assert!(counts.iter().zip(expected).all(|(count, wanted)| count.abs_diff(wanted) <= 1), "{counts:?}");
        drop(held);
        assert_eq!(in_flight(&cache), [0, 0]);
    }
}

#[test]
fn of_a_hundred_none_has_much_more_than_another() {
    let cache = weighted(&[1; 100]);
    let lb = LeastLoaded::with_seed(cache.clone(), 7);
    let held = hold(&lb, 2000);
    let counts = in_flight(&cache);
    // At random it would be 7 to 36 of 20; two choices leave ln ln n.
    assert!(counts.iter().all(|count| (17..=22).contains(count)), "{counts:?}");
    drop(held);
}

#[test]
fn a_newcomer_is_one_of_the_two_as_often_as_any() {
    let cache = weighted(&[1; 10]);
    let lb = LeastLoaded::with_seed(cache.clone(), 7);
    let held = hold(&lb, 100);
    cache.replace(instances(&[1; 11]));
    // It is idle, and wins whenever it is one of the two: 2 in 11. Nothing stays on it here.
    let counts = counts(&lb, 11, 100_000);
    let off = lb_test::deviations(counts[10], 100_000, 2.0 / 11.0);
    assert!(off.abs() < lb_test::DEVIATIONS, "{counts:?}");
    drop(held);
}

#[test]
fn two_balancers_on_one_publisher_share_what_is_in_flight() {
    let cache = weighted(&[1, 1]);
    let (one, other) = (LeastLoaded::with_seed(cache.clone(), 1), LeastLoaded::with_seed(cache.clone(), 2));
    let peak_ewma = PeakEwma::builder(cache.clone()).seed(3).clock(Clock::manual()).build();
    let busy = one.endpoint().unwrap();
    assert!((0..100).all(|_| other.endpoint().unwrap().id() != busy.id()));
    let also = peak_ewma.endpoint().unwrap();
    assert_ne!(also.id(), busy.id());
    assert_eq!(in_flight(&cache), [1, 1]);
    drop((busy, also));
    assert_eq!(in_flight(&cache), [0, 0]);
}

/// A filter that counts, and a strategy after it that does too.
#[test]
fn who_observes_twice_counts_once() {
    let set = EndpointSet::new([(Instance::new("a:80"), 0_usize), (Instance::new("b:80"), 1)]);
    let source = Arc::new(ScriptedPublisher::new([("unused:80", 9_usize)]));
    source.set_endpoints(set.observed(&set.states(&StateKey::<InFlight>::shared())));
    let lb = LeastLoaded::new(source.clone());
    let after = PeakEwma::new(source.clone());
    let held = [lb.endpoint().unwrap(), lb.endpoint().unwrap(), after.endpoint().unwrap()];
    assert_eq!(in_flight(&source).iter().sum::<u32>(), 3);
    drop(held);
    assert_eq!(in_flight(&source), [0, 0]);
}

#[test]
fn a_handle_is_no_request() {
    let cache = weighted(&[1]);
    let lb = LeastLoaded::new(cache.clone());
    let pick = lb.endpoint().unwrap();
    let probe = cache.endpoints().unwrap().handle(0).unwrap();
    assert_eq!(in_flight(&cache), [1]);
    drop((pick, probe));
    assert_eq!(in_flight(&cache), [0]);
}

#[test]
fn what_is_in_flight_survives_every_update_in_which_the_endpoint_does() {
    let cache = weighted(&[1, 1]);
    let lb = LeastLoaded::with_seed(cache.clone(), 7);
    let busy = lb.endpoint().unwrap();
    let other = 1 - *busy;
    for weights in [&[1, 1, 1][..], &[5, 5], &[2, 2]] {
        cache.replace(instances(weights));
        assert_eq!(in_flight(&cache)[*busy], 1);
    }
    assert!((0..100).all(|_| *lb.endpoint().unwrap() == other));
    // An endpoint that left and came back is another one.
    let left = busy.address().to_owned();
    cache.replace(instances(&[1, 1]).into_iter().filter(|instance| instance.address() != left));
    cache.replace(instances(&[1, 1]));
    assert_eq!(in_flight(&cache), [0, 0]);
    drop(busy);
    assert_eq!(in_flight(&cache), [0, 0], "the old one's pick is not the new one's");
}

#[test]
fn of_the_untried_it_is_the_less_loaded_too() {
    let cache = weighted(&[1, 1, 1]);
    let lb = LeastLoaded::with_seed(cache.clone(), 7);
    let rest = tried_at(&cache, &[0, 2]);
    let busy = lb.pick(&PickRequest::new().with_tried(&rest)).unwrap();
    assert_eq!(*busy, 1);
    let tried = tried_at(&cache, &[0]);
    let requests = (0..1000).map(|_| PickRequest::new().with_tried(&tried));
    assert_eq!(counts_with(&lb, 3, requests), [0, 0, 1000]);
}

#[test]
fn a_slow_endpoint_gets_less_whatever_makes_it_slow() {
    let clock = Clock::manual();
    let lb = LeastLoaded::with_seed(weighted(&[1; 10]), 7);
    let serves = |index| (Duration::from_millis(if index == 4 { 100 } else { 10 }), Outcome::Success);
    let counts = World::new(clock).run(&lb, 10, 20_000, Duration::from_millis(1), serves);
    assert!(counts[4] < 700, "a third of its tenth: {counts:?}");
    assert!(counts.iter().enumerate().all(|(index, count)| index == 4 || *count > 1900), "{counts:?}");
}
