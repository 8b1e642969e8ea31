//! `Srv`: its distributions, unbiased and as RFC 2782 has them, the order of all, the tiers, and marks.
//!
//! First picks: so many that a bias of 1 % of a share is found in 95 of 100 samples; of the RFC's, of a share of a half. Orders of all members: so many that one
//! that comes in one of a hundred requests too many or too few is.

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use lb_core::{EndpointSet, Instance, LoadBalancer, PickRequest, Publisher};
use lb_strategies::Srv;
use lb_test::{ScriptedPublisher, picks_to_find};

use support::{assert_shares, counts, counts_with, enough_picks, floats, order, tried_at, weighted};

#[test]
fn unbiased_each_comes_by_its_share() {
    let cases: [(&[u32], u64); 3] = [(&[1, 1], 1), (&[60, 20, 20], 2), (&[0, 1, 1], 4)];
    for (weights, seed) in cases {
        let lb = Srv::with_seed(weighted(weights), seed);
        let counts = counts(&lb, weights.len(), enough_picks(weights));
        assert_shares(&format!("{weights:?}"), &counts, &floats(weights));
    }
}

#[test]
fn unbiased_a_zero_comes_after_all_that_have_weight_and_zeros_are_alike() {
    let cache = weighted(&[0, 0, 10]);
    let lb = Srv::with_seed(cache.clone(), 7);
    assert_eq!(counts(&lb, 3, 10_000), [0, 0, 10_000]);
    let tried = tried_at(&cache, &[2]);
    let requests = (0..enough_picks(&[1, 1])).map(|_| PickRequest::new().with_tried(&tried));
    assert_shares("the zeros", &counts_with(&lb, 3, requests), &[1.0, 1.0, 0.0]);
}

/// Two thirds to one third: 0 and 1 of {0, 1, 2} are not above the first running sum.
#[test]
fn as_the_rfc_says_the_bias_is_the_rfcs() {
    let cases: [(&[u32], &[f64]); 4] = [
        (&[1, 1], &[2.0, 1.0]),
        (&[0, 1, 1], &[1.0, 1.0, 1.0]),
        (&[0, 0, 10], &[1.0, 0.0, 10.0]),
        (&[60, 20, 20], &[61.0, 20.0, 20.0]),
    ];
    for (weights, shares) in cases {
        let lb = Srv::with_seed(weighted(weights), 7).as_the_rfc_says();
        let counts = counts(&lb, weights.len(), picks_to_find(0.5, 0.505));
        assert_shares(&format!("{weights:?}"), &counts, shares);
    }
}

/// How likely each order of all members is, where `first` says how likely each of those left is the next.
fn orders(weights: &[u32], left: &[usize], first: fn(&[u32]) -> Vec<f64>) -> BTreeMap<Vec<usize>, f64> {
    if left.is_empty() {
        return BTreeMap::from([(Vec::new(), 1.0)]);
    }
    let of_left: Vec<u32> = left.iter().map(|index| weights[*index]).collect();
    let mut orders_of_all = BTreeMap::new();
    for (place, likely) in first(&of_left).into_iter().enumerate().filter(|(_, likely)| *likely > 0.0) {
        let rest: Vec<usize> = left.iter().copied().filter(|index| *index != left[place]).collect();
        for (order, of_rest) in orders(weights, &rest, first) {
            let order: Vec<usize> = [left[place]].into_iter().chain(order).collect();
            *orders_of_all.entry(order).or_insert(0.0) += likely * of_rest;
        }
    }
    orders_of_all
}

/// By weight, and where none has any, alike.
fn by_weight(weights: &[u32]) -> Vec<f64> {
    let total: f64 = weights.iter().copied().map(f64::from).sum();
    let alike = 1.0 / f64::from(u32::try_from(weights.len()).unwrap());
    weights.iter().map(|weight| if total > 0.0 { f64::from(*weight) / total } else { alike }).collect()
}

/// RFC 2782: those of weight 0 first, a number from 0 to the sum, both included, the first running sum not below it.
fn by_running_sums(weights: &[u32]) -> Vec<f64> {
    let total: u32 = weights.iter().sum();
    let zeros = weights.iter().enumerate().filter(|(_, weight)| **weight == 0);
    let others = weights.iter().enumerate().filter(|(_, weight)| **weight > 0);
    let mut likely = vec![0.0; weights.len()];
    for drawn in 0..=total {
        let mut sum = 0;
        let found = zeros.clone().chain(others.clone()).find(|(_, weight)| {
            sum += **weight;
            sum >= drawn
        });
        likely[found.unwrap().0] += 1.0 / f64::from(total + 1);
    }
    likely
}

fn assert_orders(lb: &Srv<support::Cache>, weights: &[u32], first: fn(&[u32]) -> Vec<f64>) {
    let members: Vec<usize> = (0..weights.len()).collect();
    let expected = orders(weights, &members, first);
    let mut seen: BTreeMap<Vec<usize>, u64> = expected.keys().map(|order| (order.clone(), 0)).collect();
    // Of all shares one of a half needs the most.
    for _ in 0..picks_to_find(0.5, 0.51) {
        let order = order(lb, weights.len());
        *seen.get_mut(&order).unwrap_or_else(|| panic!("{weights:?}: {order:?} is impossible")) += 1;
    }
    let (seen, expected): (Vec<u64>, Vec<f64>) = seen.into_values().zip(expected.into_values()).unzip();
    assert_shares(&format!("the orders of {weights:?}"), &seen, &expected);
}

#[test]
fn unbiased_the_order_of_all_is_successive_weighted_sampling() {
    for weights in [&[3, 2, 1][..], &[2, 0, 1, 0]] {
        assert_orders(&Srv::with_seed(weighted(weights), 7), weights, by_weight);
    }
}

#[test]
fn as_the_rfc_says_the_order_of_all_is_remove_and_repeat() {
    for weights in [&[3, 2, 1][..], &[0, 0, 10]] {
        assert_orders(&Srv::with_seed(weighted(weights), 7).as_the_rfc_says(), weights, by_running_sums);
    }
}

type Tier<'a> = (u16, &'a [(&'a str, u32)]);

fn in_tiers(tiers: &[Tier<'_>]) -> ScriptedPublisher<()> {
    let member = |priority, (address, weight): &(&str, u32)| {
        (Instance::new(*address).with_weight(*weight).with_priority(priority), ())
    };
    let of_tier =
        |(priority, members): &Tier<'_>| members.iter().map(|of| member(*priority, of)).collect::<Vec<_>>();
    ScriptedPublisher::new(tiers.iter().flat_map(of_tier))
}

/// Who comes n-th in any of 200 requests that try all, by n.
fn nth<L: LoadBalancer>(lb: &L, len: usize) -> Vec<Vec<String>> {
    let mut all = vec![Vec::new(); len];
    for _ in 0..200 {
        let mut tried = lb_core::Tried::new();
        for nth in &mut all {
            let pick = lb.pick(&PickRequest::new().with_tried(&tried)).unwrap();
            assert!(!tried.contains(pick.id()), "{} was tried", pick.address());
            tried.insert(pick.id());
            nth.push(pick.address().to_owned());
        }
    }
    for nth in &mut all {
        nth.sort();
        nth.dedup();
    }
    all
}

#[test]
fn the_tiers_come_in_the_order_of_priority_and_in_each_weight_zero_last() {
    let tiers: [Tier; 3] =
        [(20, &[("a", 1)]), (10, &[("b", 0), ("c", 1), ("d", 5), ("e", 0)]), (30, &[("f", 0), ("g", 0)])];
    let expected = [&["c", "d"][..], &["c", "d"], &["b", "e"], &["b", "e"], &["a"], &["f", "g"], &["f", "g"]];
    assert_eq!(nth(&Srv::with_seed(in_tiers(&tiers), 7), 7), expected);
    // The RFC's zero may come first: drawn with 1 in 7.
    let as_the_rfc_says = nth(&Srv::with_seed(in_tiers(&tiers), 7).as_the_rfc_says(), 7);
    assert_eq!(as_the_rfc_says[0], ["b", "c", "d"]);
    // Of zeros alone its letter takes the first.
    assert_eq!(as_the_rfc_says[4..], [["a"], ["f"], ["g"]]);
}

#[test]
fn marks_are_honoured_down_to_half_of_a_tier_and_the_next_tier_is_taken_below() {
    let publisher =
        Arc::new(in_tiers(&[(1, &[("a", 1), ("b", 1), ("c", 9), ("d", 9)]), (2, &[("e", 1), ("f", 1)])]));
    let lb = Srv::with_seed(publisher.clone(), 7);
    let all: EndpointSet<()> = publisher.endpoints().unwrap().to_set();
    // The marked, and who is picked of a request that tried none.
    let cases: [(&[&str], &[&str]); 6] = [
        (&[], &["a", "b", "c", "d"]),
        (&["c"], &["a", "b", "d"]),
        (&["c", "d"], &["a", "b"]),
        (&["b", "c", "d"], &["e", "f"]),
        (&["b", "c", "d", "f"], &["e"]),
        // No tier is well enough: marks are ignored.
        (&["b", "c", "d", "e", "f"], &["a", "b", "c", "d"]),
    ];
    for (marked, expected) in cases {
        publisher.set_endpoints(all.with_health(|_, instance| !marked.contains(&instance.address())));
        assert_eq!(nth(&lb, 1), [expected], "{marked:?} are marked");
    }
}

#[test]
fn a_better_tier_is_returned_to_at_sixty_percent() {
    let publisher = Arc::new(in_tiers(&[(1, &[("a", 1), ("b", 1), ("c", 1), ("d", 1)]), (2, &[("e", 1)])]));
    let lb = Srv::with_seed(publisher.clone(), 7);
    let all: EndpointSet<()> = publisher.endpoints().unwrap().to_set();
    for (marked, expected) in
        [(2, &["c", "d"][..]), (3, &["e"]), (2, &["e"]), (1, &["b", "c", "d"]), (2, &["c", "d"])]
    {
        publisher.set_endpoints(all.with_health(|index, _| index >= marked));
        assert_eq!(nth(&lb, 1), [expected], "{marked} are marked");
    }
}
