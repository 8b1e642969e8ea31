//! Whatever the weights, the tiers, the keys and the tried endpoints: a pick is of a member that may be picked.

use std::sync::Arc;

use lb_core::{BoxLoadBalancer, EndpointSet, Instance, LoadBalancer, PickRequest, Tried};
use lb_strategies::{
    ConsistentHash, LeastLoaded, PeakEwma, Random, RoundRobin, Srv, WeightedRandom, WeightedRoundRobin,
};
use lb_test::ScriptedPublisher;
use proptest::prelude::*;

type Source = Arc<ScriptedPublisher<usize>>;

/// What a strategy makes of weight 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Zero {
    /// As any other weight.
    Any,
    /// It is none, while others have weight.
    Nothing,
    /// It comes last.
    Last,
    /// It is drawn by running sums.
    Drawn,
}

fn strategies(source: &Source) -> Vec<(&'static str, Zero, BoxLoadBalancer<usize>)> {
    let new = || Arc::clone(source);
    vec![
        ("round robin", Zero::Any, RoundRobin::new(new()).boxed()),
        ("random", Zero::Any, Random::new(new(), 7).boxed()),
        ("weighted round robin", Zero::Nothing, WeightedRoundRobin::new(new()).boxed()),
        ("weighted round robin from 0", Zero::Nothing, WeightedRoundRobin::starting_at(new(), 0).boxed()),
        ("weighted random", Zero::Nothing, WeightedRandom::new(new(), 7).boxed()),
        ("srv", Zero::Last, Srv::with_seed(new(), 7).boxed()),
        ("srv as the RFC says", Zero::Drawn, Srv::with_seed(new(), 7).as_the_rfc_says().boxed()),
        ("least loaded", Zero::Nothing, LeastLoaded::with_seed(new(), 7).boxed()),
        ("peak ewma", Zero::Nothing, PeakEwma::builder(new()).seed(7).build().boxed()),
        ("ring", Zero::Nothing, ConsistentHash::ring(new()).boxed()),
        ("maglev", Zero::Nothing, ConsistentHash::maglev(new()).boxed()),
        ("rendezvous", Zero::Nothing, ConsistentHash::rendezvous(new()).boxed()),
        ("bounded ring", Zero::Nothing, ConsistentHash::ring(new()).bounded_load(1.25).boxed()),
        ("bounded rendezvous", Zero::Nothing, ConsistentHash::rendezvous(new()).bounded_load(1.0).boxed()),
    ]
}

fn weight() -> impl Strategy<Value = u32> {
    prop_oneof![Just(0), Just(1), Just(u32::MAX), 0..10_u32, any::<u32>()]
}

/// The weights of a tier's members. Often alike.
fn weights(members: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u32>> {
    prop_oneof![
        3 => prop::collection::vec(weight(), members.clone()),
        1 => (weight(), members).prop_map(|(weight, len)| vec![weight; len]),
    ]
}

#[derive(Clone, Debug)]
struct World {
    tiers: Vec<Vec<u32>>,
    /// Of each request: the tried, as bits by index over all tiers, and the key.
    requests: Vec<(u64, Option<u64>)>,
}

fn world() -> impl Strategy<Value = World> {
    let tried = prop_oneof![1 => Just(0), 2 => any::<u64>(), 1 => Just(u64::MAX), 1 => (0..64_u32).prop_map(|n| !(1 << n))];
    let requests = prop::collection::vec((tried, any::<Option<u64>>()), 1..12);
    (prop::collection::vec(weights(0..12), 1..4), requests)
        .prop_map(|(tiers, requests)| World { tiers, requests })
}

/// The tiers as a chain of sets; the priority tells the tier, too, which is what `Srv` would make of one set.
fn set_of(tiers: &[Vec<u32>]) -> EndpointSet<usize> {
    let mut index = 0;
    let mut member = |priority: usize, weight: u32| {
        index += 1;
        let instance = Instance::new(format!("{:05}", index - 1)).with_weight(weight);
        (instance.with_priority(u16::try_from(priority).unwrap()), index - 1)
    };
    let sets: Vec<_> = tiers
        .iter()
        .enumerate()
        .map(|(tier, weights)| {
            EndpointSet::new(weights.iter().map(|weight| member(tier, *weight)).collect::<Vec<_>>())
        })
        .collect();
    sets.into_iter().rev().reduce(|next, set| set.or_else(next)).unwrap()
}

/// Who of a tier may be picked, of those that `wanted` says yes of.
fn eligible(tier: &[(usize, u32)], zero: Zero, wanted: impl Fn(usize) -> bool + Copy) -> Vec<usize> {
    let all_zero = tier.iter().all(|(_, weight)| *weight == 0);
    let of = |some: bool| {
        let those = tier.iter().filter(move |(index, weight)| (*weight > 0) == some && wanted(*index));
        those.map(|(index, _)| *index).collect::<Vec<_>>()
    };
    // With all zero nobody has weight, and all are alike.
    match zero {
        Zero::Any | Zero::Drawn => [of(true), of(false)].concat(),
        Zero::Nothing if all_zero => of(false),
        Zero::Nothing => of(true),
        Zero::Last => Some(of(true)).filter(|some| !some.is_empty()).unwrap_or_else(|| of(false)),
    }
}

/// Who may be picked for a request: of the first tier that has anybody untried; of the first that has any once all were.
fn expected(tiers: &[Vec<u32>], zero: Zero, tried: u64) -> Vec<usize> {
    let mut next = 0..;
    let tiers: Vec<Vec<(usize, u32)>> = tiers
        .iter()
        .map(|weights| next.by_ref().zip(weights.iter().copied()).take(weights.len()).collect())
        .collect();
    let untried = tiers.iter().map(|tier| eligible(tier, zero, |index| tried >> index & 1 == 0));
    let any = tiers.iter().map(|tier| eligible(tier, zero, |_| true));
    untried.chain(any).find(|some| !some.is_empty()).unwrap_or_default()
}

fn tried_of(set: &EndpointSet<usize>, bits: u64) -> Tried {
    let mut tried = Tried::new();
    for tier in std::iter::successors(Some(set), |tier| tier.next_tier()) {
        for place in 0..tier.len() {
            let index = tier.instance(place).unwrap().address().parse::<u32>().unwrap();
            if bits >> index & 1 == 1 {
                tried.insert(tier.id_at(place).unwrap());
            }
        }
    }
    tried
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn a_pick_is_of_one_that_may_be_picked(World { tiers, requests } in world()) {
        let source: Source = Arc::new(ScriptedPublisher::new([("unused", 0_usize)]));
        let set = set_of(&tiers);
        source.set_endpoints(set.to_set());
        for (name, zero, lb) in strategies(&source) {
            let mut held = Vec::new();
            for (bits, key) in &requests {
                let (tried, expected) = (tried_of(&set, *bits), expected(&tiers, zero, *bits));
                let request = key.map_or_else(PickRequest::new, |key| PickRequest::new().with_key(key)).with_tried(&tried);
                match lb.pick(&request) {
                    Ok(pick) => {
                        prop_assert!(expected.contains(&*pick), "{}: {} is none of {:?}", name, *pick, expected);
                        held.push(pick);
                    }
                    Err(error) => prop_assert!(expected.is_empty(), "{}: {}, not {:?}", name, error, expected),
                }
            }
        }
    }

    /// The sets change, and everything is held for a while: no strategy keeps what is not there any more.
    #[test]
    fn a_pick_is_of_the_present_set(sets in prop::collection::vec(weights(0..20), 1..6)) {
        let source: Source = Arc::new(ScriptedPublisher::new([("unused", 0_usize)]));
        let all = strategies(&source);
        let mut held = Vec::new();
        for weights in sets {
            source.set_endpoints(set_of(std::slice::from_ref(&weights)));
            for (name, zero, lb) in &all {
                let expected = expected(std::slice::from_ref(&weights), *zero, 0);
                for key in 0..3 {
                    match lb.pick(&PickRequest::new().with_key(key)) {
                        Ok(pick) => {
                            prop_assert!(expected.contains(&*pick), "{}: {} is none of {:?}", name, *pick, expected);
                            held.push(pick);
                        }
                        Err(error) => prop_assert!(expected.is_empty(), "{}: {}", name, error),
                    }
                }
            }
        }
    }
}

/// Ten thousand members, of weights that are hard on a table.
#[test]
fn ten_thousand_members_are_no_trouble() {
    let mixed = |n: u32| match n % 5 {
        0 => 0,
        1 => 1,
        2 => u32::MAX,
        _ => n.wrapping_mul(2_654_435_761) % 1_000_000,
    };
    let weights: Vec<u32> = (0..10_000).map(mixed).collect();
    let source: Source = Arc::new(ScriptedPublisher::new([("unused", 0_usize)]));
    let set = set_of(std::slice::from_ref(&weights));
    source.set_endpoints(set.to_set());
    let mut tried = Tried::new();
    (0..6).for_each(|index| tried.insert(set.id_at(7 * index + 1).unwrap()));
    for (name, zero, lb) in strategies(&source) {
        for key in 0..20 {
            let pick = lb.pick(&PickRequest::new().with_key(key).with_tried(&tried)).unwrap();
            assert!(!tried.contains(pick.id()), "{name}");
            let has_weight = zero == Zero::Any || zero == Zero::Drawn || weights[*pick] > 0;
            assert!(has_weight, "{name}: {} has weight 0", *pick);
        }
    }
}
