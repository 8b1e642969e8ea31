//! `RoundRobin`: the sequence, by one thread and by many.

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier};
use std::thread;

use lb_core::{EndpointCache, Instance, LoadBalancer, Publisher};
use lb_strategies::RoundRobin;

type Cache = Arc<EndpointCache<usize>>;

/// Endpoints that know their index, 0 to `count`.
fn indexed(count: usize) -> Cache {
    let cache = Arc::new(EndpointCache::new(|instance: &Instance| instance.address().parse::<usize>()));
    resize(&cache, count);
    cache
}

fn resize(cache: &Cache, count: usize) {
    cache.replace((0..count).map(|index| format!("{index:05}")));
}

fn picks<L: LoadBalancer<Endpoint = usize>>(lb: &L, count: usize) -> Vec<usize> {
    (0..count).map(|_| *lb.endpoint().unwrap()).collect()
}

/// `count` indices of `len` endpoints, one after the other.
fn in_turn(from: usize, len: usize, count: usize) -> Vec<usize> {
    (from..from + count).map(|turn| turn % len).collect()
}

fn spread(counts: &[usize]) -> usize {
    counts.iter().max().unwrap() - counts.iter().min().unwrap()
}

#[test]
fn starting_at_returns_the_endpoints_in_sequence_from_the_offset_modulo_their_number() {
    for (offset, first) in [(0, 0), (1, 1), (4, 4), (5, 0), (13, 3), (usize::MAX, usize::MAX % 5)] {
        let lb = RoundRobin::starting_at(indexed(5), offset);
        assert_eq!(picks(&lb, 12), in_turn(first, 5, 12), "offset {offset}");
    }
}

#[test]
fn starting_at_goes_on_counting_across_set_changes() {
    let cache = indexed(3);
    let lb = RoundRobin::starting_at(cache.clone(), 1);
    assert_eq!(picks(&lb, 4), [1, 2, 0, 1]);
    resize(&cache, 4);
    assert_eq!(picks(&lb, 4), [1, 2, 3, 0], "turn 5 of four");
    resize(&cache, 1);
    assert_eq!(picks(&lb, 2), [0, 0]);
    resize(&cache, 3);
    assert_eq!(picks(&lb, 3), [2, 0, 1], "turn 11 of three");
}

#[test]
fn starting_at_keeps_the_exact_sequence_whichever_threads_pick() {
    let lb = RoundRobin::starting_at(indexed(7), 2);
    let mut sequence = Vec::new();
    for _ in 0..10 {
        sequence.extend(thread::scope(|scope| scope.spawn(|| picks(&lb, 3)).join().unwrap()));
    }
    assert_eq!(sequence, in_turn(2, 7, 30));
    let mut counts = [0_usize; 7];
    thread::scope(|scope| {
        let threads = [(); 4].map(|()| scope.spawn(|| picks(&lb, 700)));
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).for_each(|index| counts[index] += 1);
    });
    assert_eq!(counts, [400; 7]);
}

#[test]
fn new_is_strictly_in_sequence_while_one_thread_picks() {
    let lb = RoundRobin::new(indexed(10));
    let first = *lb.endpoint().unwrap();
    assert_eq!(picks(&lb, 100), in_turn(first + 1, 10, 100));
}

#[test]
fn new_is_strictly_in_sequence_however_many_balancers_the_thread_uses() {
    let balancers: Vec<_> = (0..40).map(|_| RoundRobin::new(indexed(3))).collect();
    let firsts: Vec<_> = balancers.iter().map(|lb| *lb.endpoint().unwrap()).collect();
    for turn in 1..60 {
        for (lb, first) in balancers.iter().zip(&firsts) {
            assert_eq!(*lb.endpoint().unwrap(), (first + turn) % 3);
        }
    }
}

#[test]
fn new_starts_at_a_random_place() {
    let cache = indexed(100);
    let starts: BTreeSet<_> = (0..50).map(|_| *RoundRobin::new(cache.clone()).endpoint().unwrap()).collect();
    assert!(starts.len() > 10, "{starts:?}");
}

#[test]
fn with_new_the_counts_of_two_endpoints_differ_by_16_at_most_whatever_the_threads() {
    for threads in [1, 2, 3, 8, 16, 40] {
        let lb = RoundRobin::new(indexed(6));
        let mut counts = [0_usize; 6];
        for round in 0..5 {
            let count = |index: usize| 37 * index + round;
            thread::scope(|scope| {
                let lb = &lb;
                let all: Vec<_> = (0..threads).map(|n| scope.spawn(move || picks(lb, count(n)))).collect();
                all.into_iter()
                    .flat_map(|thread| thread.join().unwrap())
                    .for_each(|index| counts[index] += 1);
            });
            assert!(spread(&counts) <= 16, "{threads} threads: {counts:?}");
        }
    }
}

#[test]
fn with_new_a_thread_for_each_request_spreads_as_evenly() {
    let lb = RoundRobin::new(indexed(4));
    let mut counts = [0_usize; 4];
    for _ in 0..200 {
        counts[thread::scope(|scope| scope.spawn(|| *lb.endpoint().unwrap()).join().unwrap())] += 1;
        assert!(spread(&counts) <= 16, "{counts:?}");
    }
}

/// Four threads that pick once each from each of the balancers in turn; the indices each balancer yielded.
fn once_each(balancers: &[RoundRobin<Cache>]) -> Vec<BTreeSet<usize>> {
    let start = Barrier::new(4);
    let of_thread = || {
        start.wait();
        balancers.iter().map(|lb| *lb.endpoint().unwrap()).collect::<Vec<_>>()
    };
    let picked: Vec<_> = thread::scope(|scope| {
        let threads = [(); 4].map(|()| scope.spawn(of_thread));
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    (0..balancers.len()).map(|lb| picked.iter().map(|indices| indices[lb]).collect()).collect()
}

#[test]
fn four_threads_that_pick_once_each_from_four_endpoints_reach_all_four() {
    let cache = indexed(4);
    for _ in 0..100 {
        let reached = once_each(&[RoundRobin::new(cache.clone())]);
        assert_eq!(reached[0].len(), 4, "{reached:?}");
    }
}

#[test]
fn four_threads_reach_all_four_though_they_use_other_balancers_too() {
    let cache = indexed(4);
    for count in [2, 8, 9, 30] {
        let balancers: Vec<_> = (0..count).map(|_| RoundRobin::new(cache.clone())).collect();
        for reached in once_each(&balancers) {
            assert_eq!(reached.len(), 4, "{count} balancers: {reached:?}");
        }
    }
}

#[test]
fn weight_and_priority_are_ignored() {
    let cache = Arc::new(EndpointCache::new(|instance: &Instance| Ok::<_, String>(instance.weight())));
    cache.replace([
        Instance::new("a").with_weight(9).with_priority(2),
        Instance::new("b").with_weight(0),
        Instance::new("c").with_weight(5).with_priority(1),
    ]);
    assert_eq!(cache.endpoints().unwrap().len(), 3);
    let lb = RoundRobin::starting_at(cache, 0);
    let weights: Vec<u32> = (0..6).map(|_| *lb.endpoint().unwrap()).collect();
    assert_eq!(weights, [9, 0, 5, 9, 0, 5]);
}

/// Of any so many picks in a row: the most of one endpoint, and the fewest different ones.
fn windows(picks: &[usize], size: usize) -> (usize, usize) {
    let counts = picks.windows(size).map(|window| {
        let mut counts = std::collections::HashMap::new();
        for pick in window {
            *counts.entry(*pick).or_insert(0) += 1;
        }
        (counts.values().copied().max().unwrap(), counts.len())
    });
    counts.reduce(|(most, least), (m, l)| (most.max(m), least.min(l))).unwrap()
}

#[test]
fn case_9_any_64_picks_of_threads_that_pick_once_each_are_spread_over_100_endpoints() {
    let lb = RoundRobin::new(indexed(100));
    let pick = || thread::scope(|scope| scope.spawn(|| *lb.endpoint().unwrap()).join().unwrap());
    let picks: Vec<usize> = (0..1_600).map(|_| pick()).collect();
    let (most, distinct) = windows(&picks, 64);
    assert!(most <= 2 && distinct >= 45, "{most} on one, {distinct} distinct");
}

#[test]
fn case_9_any_64_picks_of_16_threads_at_one_rate_are_spread_over_100_endpoints() {
    let lb = RoundRobin::new(indexed(100));
    let picks = thread::scope(|scope| {
        let worker = |_| {
            let (ask, asked) = std::sync::mpsc::channel::<()>();
            let (answer, answered) = std::sync::mpsc::channel();
            let lb = &lb;
            scope.spawn(move || {
                while asked.recv().is_ok() {
                    answer.send(*lb.endpoint().unwrap()).unwrap();
                }
            });
            (ask, answered)
        };
        let workers: Vec<_> = (0..16).map(worker).collect();
        let mut picks = Vec::new();
        for _ in 0..2_500 {
            for (ask, answered) in &workers {
                ask.send(()).unwrap();
                picks.push(answered.recv().unwrap());
            }
        }
        picks
    });
    let (most, distinct) = windows(&picks, 64);
    assert!(most <= 1 && distinct >= 60, "{most} on one, {distinct} distinct");
}

/// Of two picks for each of many requests, the second goes to every endpoint alike.
#[track_caller]
fn assert_second_picks_are_even(lb: &impl LoadBalancer<Endpoint = usize>, endpoints: usize) {
    let mut second = vec![0_usize; endpoints];
    for _ in 0..8_000 {
        lb.endpoint().unwrap();
        second[*lb.endpoint().unwrap()] += 1;
    }
    let share = 8_000 / endpoints;
    assert!(second.iter().all(|count| count.abs_diff(share) <= share / 4), "{second:?}");
}

#[test]
fn case_10_the_second_of_two_picks_for_each_request_goes_to_every_endpoint_alike() {
    for endpoints in [2, 4, 6, 8] {
        let lb = RoundRobin::new(indexed(endpoints));
        assert_second_picks_are_even(&lb, endpoints);
    }
}

#[test]
fn case_10_holds_for_a_thread_that_came_after_many_others() {
    for endpoints in [2, 4, 6, 8] {
        let lb = RoundRobin::new(indexed(endpoints));
        for _ in 0..8 {
            thread::scope(|scope| scope.spawn(|| drop(lb.endpoint().unwrap())).join().unwrap());
        }
        assert_second_picks_are_even(&lb, endpoints);
    }
}

#[test]
fn case_10_the_counts_stay_even_over_many_skips_for_one_thread() {
    for endpoints in [1, 2, 3, 7, 100, 256, 257, 300] {
        let lb = RoundRobin::new(indexed(endpoints));
        let mut counts = vec![0; endpoints];
        for _ in 0..20_000 {
            counts[*lb.endpoint().unwrap()] += 1;
            assert!(spread(&counts) <= 1, "{endpoints} endpoints: {counts:?}");
        }
    }
}
