//! The bound on the load: no endpoint gets more than ⌈c · average⌉, and what is too much for one spreads.

use std::sync::Barrier;
use std::thread;

use lb_core::{LoadBalancer, Pick, PickRequest};

use crate::support::{instances, numbers, tried_at, weighted};
use crate::{Balancer, RULES};

/// ⌈c · all · weight / total⌉ for c = `hundredths` / 100, in whole numbers.
fn cap(hundredths: u64, all: u64, weight: u32, weights: &[u32]) -> u64 {
    let total: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
    let most = u128::from(hundredths) * u128::from(all) * u128::from(weight);
    u64::try_from(most.div_ceil(100 * u128::from(total))).unwrap()
}

fn held_by(held: &[Pick<usize>], index: usize) -> u64 {
    held.iter().filter(|pick| ***pick == index).count() as u64
}

/// Picks and drops at random, ever more in flight, then fewer, with keys of which half are one of five.
fn random_walk(name: &str, lb: &Balancer, weights: &[u32], hundredths: u64, seed: u64) {
    let mut held: Vec<Pick<usize>> = Vec::new();
    let mut numbers = numbers(seed);
    for step in 0..3000_u64 {
        let number = numbers.next().unwrap();
        // Ever more, then ever fewer.
        let drops = if step / 500 % 2 == 0 { 40 } else { 60 };
        if number % 100 < drops {
            if !held.is_empty() {
                held.swap_remove(usize::try_from(number >> 32).unwrap() % held.len());
            }
            continue;
        }
        let key = if number.is_multiple_of(2) { number % 5 } else { number };
        let request =
            if number.is_multiple_of(11) { PickRequest::new() } else { PickRequest::new().with_key(key) };
        let pick = lb.pick(&request).unwrap();
        let index = *pick;
        held.push(pick);
        let (own, all) = (held_by(&held, index), held.len() as u64);
        let cap = cap(hundredths, all, weights[index], weights);
        assert!(
            own <= cap,
            "{name}, step {step}: {own} of {all} on {index}, weights {weights:?}, at most {cap}"
        );
    }
}

#[test]
fn no_pick_brings_an_endpoint_above_its_bound() {
    let sets: [&[u32]; 6] = [&[1; 7], &[1], &[3, 2, 1, 0], &[5, 10, 15, 19], &[1, 1_000_000], &[0, 0, 0]];
    for (name, rule) in RULES {
        for weights in sets {
            let alike: Vec<u32> = weights.iter().map(|_| 1).collect();
            let counted = if weights.iter().all(|weight| *weight == 0) { &alike } else { weights };
            for (hundredths, c) in [(100, 1.0), (125, 1.25), (150, 1.5), (300, 3.0)] {
                let lb = rule(weighted(weights)).bounded_load(c);
                random_walk(name, &lb, counted, hundredths, hundredths);
            }
        }
    }
}

/// What cannot hold all requests counts as 1.
#[test]
fn a_factor_below_one_is_one() {
    for c in [0.5, 0.0, -1.0, f64::NAN] {
        let lb = RULES[1].1(weighted(&[1, 1, 1])).bounded_load(c);
        random_walk(RULES[1].0, &lb, &[1, 1, 1], 100, 3);
    }
    let unbounded = RULES[1].1(weighted(&[1, 1, 1])).bounded_load(f64::INFINITY);
    let request = PickRequest::new().with_key(1);
    let held: Vec<_> = (0..100).map(|_| unbounded.pick(&request).unwrap()).collect();
    assert!(held.iter().all(|pick| **pick == *held[0]), "no bound, no overflow");
}

/// While threads pick at once each may find the same place free. Nothing is dropped: what is in flight at the end is the most
/// that any pick can have seen.
#[test]
fn threads_overshoot_by_no_more_than_their_number_less_one() {
    const THREADS: usize = 4;
    for (name, rule) in RULES {
        for _ in 0..25 {
            let (lb, start) = (rule(weighted(&[1; 5])).bounded_load(1.0), Barrier::new(THREADS));
            // All of them want the same endpoint.
            let request = PickRequest::new().with_key(3);
            let work = || {
                start.wait();
                (0..25).map(|_| lb.pick(&request).unwrap()).collect::<Vec<_>>()
            };
            let held: Vec<Pick<usize>> = thread::scope(|scope| {
                let threads = [(); THREADS].map(|()| scope.spawn(work));
                threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
            });
            let most = cap(100, held.len() as u64, 1, &[1; 5]) + THREADS as u64 - 1;
            for index in 0..5 {
                let own = held_by(&held, index);
                assert!(own <= most, "{name}: {own} on {index}, at most {most}");
            }
        }
    }
}

#[test]
fn what_is_too_much_for_one_goes_to_many_and_not_to_its_neighbour() {
    for (name, rule) in RULES {
        let (plain, lb) = (rule(weighted(&[1; 50])), rule(weighted(&[1; 50])).bounded_load(1.25));
        let owner = |key| *plain.pick(&PickRequest::new().with_key(key)).unwrap();
        let held: Vec<_> = numbers(3)
            .filter(|key| owner(*key) == 17)
            .take(1000)
            .map(|key| lb.pick(&PickRequest::new().with_key(key)).unwrap())
            .collect();
        // The one that is full has 1.25 times the average of 20, and all others share the rest.
        assert_eq!(held_by(&held, 17), 25, "{name}");
        let others: Vec<_> =
            (0..50).filter(|index| *index != 17).map(|index| held_by(&held, index)).collect();
        assert!(others.iter().all(|count| (8..=25).contains(count)), "{name}: {others:?}");
        // A cascade would have filled half of them, one after the other.
        let full = others.iter().filter(|count| **count == 25).count();
        assert!(full <= 10, "{name}: {full} more are full");
    }
}

/// A key that is back where it belongs once there is room.
#[test]
fn a_key_returns_once_its_endpoint_has_room() {
    for (name, rule) in RULES {
        let lb = rule(weighted(&[1; 10])).bounded_load(1.25);
        let (request, home) = (PickRequest::new().with_key(42), lb.explain(42).unwrap().id);
        let first = lb.pick(&request).unwrap();
        assert_eq!(first.id(), home, "{name}");
        let second = lb.pick(&request).unwrap();
        assert_ne!(second.id(), home, "{name}: one of two in flight is its bound");
        assert_eq!(lb.explain(42).unwrap().id, home, "{name}: load aside, it belongs there");
        drop(first);
        assert_eq!(lb.pick(&request).unwrap().id(), home, "{name}");
    }
}

#[test]
fn counts_survive_a_change_of_the_set_and_are_the_balancers_own() {
    for (name, rule) in RULES {
        let cache = weighted(&[1; 4]);
        let (lb, other) = (rule(cache.clone()).bounded_load(1.0), rule(cache.clone()).bounded_load(1.0));
        let request = PickRequest::new().with_key(7);
        let held = [lb.pick(&request).unwrap(), lb.pick(&request).unwrap()];
        assert_ne!(held[0].id(), held[1].id());
        assert_eq!(other.pick(&request).unwrap().id(), held[0].id(), "{name}: it has nothing in flight");
        cache.replace(instances(&[2, 2, 2, 2]));
        // Two of four have one each, which is all that c = 1 allows while four at most are in flight.
        let third = lb.pick(&request).unwrap();
        assert!(held.iter().all(|pick| pick.id() != third.id()), "{name}");
    }
}

#[test]
fn tried_endpoints_are_avoided_though_all_others_are_full() {
    for (name, rule) in RULES {
        let cache = weighted(&[1, 1, 0]);
        let lb = rule(cache.clone()).bounded_load(1.0);
        let busy = tried_at(&cache, &[0]);
        let held: Vec<_> =
            (0..5).map(|key| lb.pick(&PickRequest::new().with_key(key).with_tried(&busy)).unwrap()).collect();
        assert!(held.iter().all(|pick| **pick == 1), "{name}: weight 0 is none, and the other was tried");
    }
}

#[test]
fn after_all_picks_have_ended_nothing_is_left_in_flight() {
    for (name, rule) in RULES {
        let lb = rule(weighted(&[1; 3])).bounded_load(1.0);
        for round in 0..3 {
            let held: Vec<_> =
                (0..30).map(|key| lb.pick(&PickRequest::new().with_key(key)).unwrap()).collect();
            assert_eq!([0, 1, 2].map(|index| held_by(&held, index)), [10; 3], "{name}, round {round}");
        }
    }
}
