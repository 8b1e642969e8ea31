//! `HotCold`: what it makes of what servers report.

mod support;

use std::time::Duration;

use lb_core::{Clock, LoadBalancer, Outcome, Pick, Reported};
use lb_strategies::HotCold;

use crate::support::{Cache, weighted};

const MS: Duration = Duration::from_millis(1);

/// A balancer over so many endpoints, which know their index, by a clock that the test moves.
fn balancer(count: usize) -> (HotCold<Cache>, Clock) {
    let clock = Clock::manual();
    let lb = HotCold::builder(weighted(&vec![1; count])).clock(clock.clone()).seed(7).build();
    (lb, clock)
}

fn load(in_flight: u32) -> Reported {
    Reported::new().with_in_flight(in_flight)
}

/// Sends requests, one after the other, each of 1 ms, until every endpoint has reported what `of` says of it.
fn hear_all(lb: &HotCold<Cache>, clock: &Clock, count: usize, of: impl Fn(usize) -> Reported) {
    let mut heard = vec![false; count];
    while heard.contains(&false) {
        let held: Vec<Pick<usize>> = (0..2 * count).map(|_| lb.endpoint().unwrap()).collect();
        clock.advance(MS);
        for pick in held {
            pick.record(Outcome::Success);
            pick.report(&of(*pick));
            heard[*pick] = true;
        }
    }
}

/// How many of 1,000 requests, each over at once, each endpoint gets.
fn counts(lb: &HotCold<Cache>, count: usize) -> Vec<usize> {
    let mut counts = vec![0; count];
    (0..1000).for_each(|_| counts[*lb.endpoint().unwrap()] += 1);
    counts
}

#[test]
fn of_those_that_are_not_hot_the_fastest_is_picked_whatever_its_load() {
    let (lb, clock) = balancer(4);
    let report = |index: usize| match index {
        0 => load(5).with_latency(10 * MS),
        1 => load(3).with_latency(30 * MS),
        2 => load(4).with_latency(20 * MS),
        _ => load(500).with_latency(MS),
    };
    for _ in 0..100 {
        hear_all(&lb, &clock, 4, report);
    }
    let counts = counts(&lb, 4);
    assert!(counts[0] > 800, "the fastest that is not hot: {counts:?}");
    assert_eq!(counts[3], 0, "one that is hot: {counts:?}");
}

#[test]
fn of_those_that_are_all_hot_the_least_loaded_is_picked() {
    let clock = Clock::manual();
    let lb = HotCold::builder(weighted(&[1, 1, 1])).quantile(0.0).clock(clock.clone()).seed(7).build();
    for _ in 0..100 {
        hear_all(&lb, &clock, 3, |index| [load(10), load(11), load(12)][index].with_latency(MS));
    }
    // The threshold has come down to the least that was heard, so that no other is below it.
    assert!(counts(&lb, 3)[0] > 990);
}

#[test]
fn own_requests_since_the_report_are_counted_at_once() {
    let (lb, clock) = balancer(2);
    for _ in 0..100 {
        hear_all(&lb, &clock, 2, |index| load(if index == 0 { 10 } else { 20 }).with_latency(MS));
    }
    let held: Vec<_> = (0..100).map(|_| lb.endpoint().unwrap()).collect();
    let of_first = held.iter().filter(|pick| ***pick == 0).count();
    // Ten more than the other, and then both alike: 55 to 45.
    assert!((45..=65).contains(&of_first), "{of_first} of 100");
}

#[test]
fn a_report_counts_for_a_second_and_then_requests_in_flight_do() {
    let (lb, clock) = balancer(2);
    hear_all(&lb, &clock, 2, |index| load(if index == 0 { 100 } else { 1 }));
    assert_eq!(counts(&lb, 2)[0], 0, "the report says that it is busy");
    clock.advance(Duration::from_secs(2));
    let counts = counts(&lb, 2);
    assert!((400..600).contains(&counts[0]), "the report is old: {counts:?}");
}

#[test]
fn a_server_that_reports_nothing_gets_no_more_than_its_share() {
    let (lb, clock) = balancer(10);
    let mut silent = 0;
    for _ in 0..200 {
        let held: Vec<Pick<usize>> = (0..20).map(|_| lb.endpoint().unwrap()).collect();
        clock.advance(MS);
        for pick in held {
            pick.record(Outcome::Success);
            if *pick == 0 { silent += 1 } else { pick.report(&load(2)) }
        }
    }
    assert!(silent > 0 && silent <= 440, "{silent} of 4,000 among ten");
}

#[test]
fn one_that_reports_no_load_and_fails_at_once_gets_less_than_its_share() {
    let (lb, clock) = balancer(10);
    let mut of_sinkhole = 0;
    for _ in 0..500 {
        let held: Vec<Pick<usize>> = (0..20).map(|_| lb.endpoint().unwrap()).collect();
        for pick in held.iter().filter(|pick| ***pick == 0) {
            pick.record(Outcome::Failure);
            pick.report(&load(0));
            of_sinkhole += 1;
        }
        clock.advance(10 * MS);
        for pick in held.iter().filter(|pick| ***pick > 0) {
            pick.record(Outcome::Success);
            pick.report(&load(2));
        }
    }
    assert!(of_sinkhole < 1000, "{of_sinkhole} of 10,000 among ten");
}

#[test]
fn any_quantile_is_one() {
    for quantile in [f64::NAN, f64::INFINITY, -1.0, 2.0, 0.0, 1.0] {
        let lb = HotCold::builder(weighted(&[1, 1])).quantile(quantile).seed(7).build();
        for n in 0..100 {
            lb.endpoint().unwrap().report(&load(n));
        }
        assert!(lb.endpoint().is_ok(), "{quantile}");
    }
}
