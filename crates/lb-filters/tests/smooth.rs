//! `PriorityTiers::smooth`: who gets which share of the traffic by way of the weights.

#[path = "../../lb-core/tests/support/logs.rs"]
mod logs;
#[path = "support/marked.rs"]
mod marked;

use std::sync::Arc;

use lb_core::{EndpointSet, Instance, Publisher};
use lb_filters::PriorityTiers;
use lb_test::ScriptedPublisher;
use marked::{chain, marked};

/// The share of each tier in the weights of the set, in per cent.
fn shares(set: &EndpointSet<()>) -> [f64; 2] {
    let of = |priority| -> f64 {
        let members = set.instances().filter(|instance| instance.priority() == priority);
        members.map(|instance| f64::from(instance.weight())).sum()
    };
    let weights = [of(1), of(2)];
    weights.map(|weight| 100.0 * weight / (weights[0] + weights[1]))
}

fn weights(set: &EndpointSet<()>) -> Vec<u32> {
    set.instances().map(Instance::weight).collect()
}

#[test]
fn a_better_tier_gives_up_what_its_marked_members_cannot_bear() {
    let source = marked([20, 10], None);
    let tiers = PriorityTiers::smooth(source.clone());
    let cases = [
        ([20, 10], [100.0, 0.0]),
        ([15, 10], [100.0, 0.0]),
        ([14, 10], [98.0, 2.0]),
        ([10, 10], [70.0, 30.0]),
        ([1, 10], [7.0, 93.0]),
        ([0, 10], [0.0, 100.0]),
        ([10, 2], [72.0, 28.0]), // 70 and 28 of 98, and the 1 that rounding leaves is the best tier's
    ];
    for (unmarked, expected) in cases {
        source.unmarked(unmarked);
        let set = tiers.endpoints().unwrap();
        for (share, expected) in shares(&set).into_iter().zip(expected) {
            assert!((share - expected).abs() < 0.001, "{unmarked:?}: {share} instead of {expected}");
        }
    }
}

#[test]
fn the_set_has_the_unmarked_of_all_tiers_with_a_share_and_the_others_come_next() {
    let source = marked([4, 2], None);
    let tiers = PriorityTiers::smooth(source.clone());
    assert_eq!(chain(&tiers), [vec!["1/0", "1/1", "1/2", "1/3"], vec!["2/0", "2/1"]]);
    source.unmarked([2, 2]);
    assert_eq!(chain(&tiers), [["1/0", "1/1", "2/0", "2/1"]]);
    source.unmarked([0, 2]);
    assert_eq!(chain(&tiers), [["2/0", "2/1"]]);
    source.unmarked([4, 1]);
    assert_eq!(chain(&tiers), [vec!["1/0", "1/1", "1/2", "1/3"], vec!["2/0"]]);
    source.unmarked([1, 1]);
    assert_eq!(chain(&tiers), [["1/0", "2/0"]], "35 + 70 per cent bear it: marks are honoured");
    source.unmarked([1, 0]);
    assert_eq!(chain(&tiers), [["1/0", "1/1", "1/2", "1/3", "2/0", "2/1"]], "both have too few: by size");
    assert!((shares(&tiers.endpoints().unwrap())[0] - 67.0).abs() < 0.001);
    source.empty();
    assert_eq!(chain(&tiers), [[""; 0]]);
}

/// Publishes these members of priority 1 and 2, of which those of weight 7 are marked.
fn weighted(members: [&[u32]; 2]) -> EndpointSet<()> {
    let of = |(priority, weights): (u16, &[u32])| -> Vec<_> {
        let at = |(n, weight): (usize, &u32)| {
            let address = format!("{priority}/{n}");
            (Instance::new(address).with_priority(priority).with_weight(*weight), ())
        };
        weights.iter().enumerate().map(at).collect()
    };
    let set = EndpointSet::new([(1, members[0]), (2, members[1])].into_iter().flat_map(of));
    set.with_health(|_, instance| instance.weight() != 7)
}

fn smooth(set: EndpointSet<()>) -> PriorityTiers<Arc<ScriptedPublisher<()>>> {
    let publisher = Arc::new(ScriptedPublisher::new([("", ()); 0]));
    publisher.set_endpoints(set);
    PriorityTiers::smooth(publisher)
}

#[test]
fn within_a_tier_traffic_is_in_proportion_to_the_weights() {
    // The weights of each tier → the share of each member that is left, in per cent.
    type Case<'a> = ([&'a [u32]; 2], [&'a [f64]; 2]);
    let cases: [Case<'_>; 5] = [
        ([&[1, 3, 7, 7], &[2, 2]], [&[17.5, 52.5], &[15.0, 15.0]]),
        ([&[0, 7], &[1]], [&[70.0], &[30.0]]), // all of weight 0 are equal
        ([&[0, 0, 7, 7], &[0, 9]], [&[35.0, 35.0], &[0.0, 30.0]]),
        ([&[u32::MAX, u32::MAX, 7, 7], &[u32::MAX, 1]], [&[35.0, 35.0], &[30.0, 0.0]]),
        ([&[1, 7], &[u32::MAX, u32::MAX]], [&[70.0], &[15.0, 15.0]]),
    ];
    for (members, expected) in cases {
        let tiers = smooth(weighted(members));
        let set = tiers.endpoints().unwrap();
        let total: f64 = weights(&set).into_iter().map(f64::from).sum();
        let got: Vec<_> = weights(&set).into_iter().map(|weight| 100.0 * f64::from(weight) / total).collect();
        assert_eq!(got.len(), expected.concat().len(), "{members:?}");
        for (got, expected) in got.iter().zip(expected.concat()) {
            assert!((got - expected).abs() < 0.001, "{members:?}: {got} instead of {expected}");
        }
    }
}

#[test]
fn one_of_positive_weight_keeps_at_least_1_and_one_of_weight_0_gets_nothing_beside_it() {
    let tiers = smooth(weighted([&[u32::MAX, u32::MAX, 1, 0, 7, 7, 7, 7], &[3]]));
    let set = tiers.endpoints().unwrap();
    let of_first_tier = &weights(&set)[..4];
    assert_eq!(&of_first_tier[2..], [1, 0]);
    assert!(of_first_tier[..2].iter().all(|weight| *weight > 1_000_000_000));
}

#[test]
fn while_one_tier_gets_all_the_weights_stay_as_they_are() {
    let tiers = smooth(weighted([&[5, 0, 9, 7], &[2]]));
    assert_eq!(weights(&tiers.endpoints().unwrap()), [5, 0, 9]);
    assert_eq!(weights(tiers.endpoints().unwrap().next_tier().unwrap()), [2]);
}

#[test]
fn weights_of_large_sets_add_up_to_no_more_than_the_range_and_one_each() {
    let many = vec![u32::MAX; 5_000];
    let set = smooth(weighted([&[many.as_slice(), &vec![7; 5_000]].concat(), &many]));
    let total: u64 = weights(&set.endpoints().unwrap()).into_iter().map(u64::from).sum();
    let range = u64::from(u32::MAX);
    assert!((range - 10_000..=range).contains(&total), "{total}");
}

#[test]
fn a_set_that_has_next_tiers_stays_as_it_is() {
    let chained = weighted([&[1, 7], &[3]]).or_else(weighted([&[5], &[]]));
    let tiers = smooth(chained);
    let set = tiers.endpoints().unwrap();
    assert_eq!((weights(&set), weights(set.next_tier().unwrap())), (vec![1, 7, 3], vec![5]));
}

#[test]
fn other_tiers_with_a_share_are_logged_once_other_shares_are_not() {
    let source = marked([10, 4], Some("api"));
    let tiers = std::cell::RefCell::new(None);
    let first = logs::captured(|| *tiers.borrow_mut() = Some(PriorityTiers::smooth(source.clone())));
    assert!(first.iter().all(|line| line.target != "lb-filters"), "the first is no change");
    let split = |text: &str| format!("api: the traffic is split between {text}");
    let steps = [
        ([8, 4], None),
        ([5, 4], Some((log::Level::Info, split("priority 1 (70 %), priority 2 (30 %)")))),
        ([6, 4], None),
        ([9, 4], Some((log::Level::Info, split("priority 1 (100 %)")))),
        (
            [4, 1],
            Some((
                log::Level::Warn,
                split(
                    "priority 1 (72 %, too few are healthy: marks are ignored), \
                     priority 2 (28 %, too few are healthy: marks are ignored)",
                ),
            )),
        ),
    ];
    for (unmarked, expected) in steps {
        let lines = logs::captured(|| source.unmarked(unmarked));
        let lines = lines.into_iter().filter(|line| line.target == "lb-filters");
        let lines: Vec<_> = lines.map(|line| (line.level, line.text)).collect();
        assert_eq!(lines, Vec::from_iter(expected), "{unmarked:?}");
    }
}

#[test]
fn picks_of_members_under_other_weights_are_of_the_same_endpoints() {
    let source = marked([4, 2], None);
    let tiers = PriorityTiers::smooth(source.clone());
    let before = tiers.endpoints().unwrap().id_at(0);
    source.unmarked([2, 2]);
    assert_eq!(tiers.endpoints().unwrap().id_at(0), before);
    assert_eq!(tiers.endpoints().unwrap().pick(0).unwrap().id(), before.unwrap());
}
