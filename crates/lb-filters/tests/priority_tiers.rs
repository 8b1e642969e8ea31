//! `PriorityTiers`: which members it yields, how it follows changes, and what it keeps alive.

use std::sync::Arc;

use allocation_counter::{AllocationInfo, measure};
use lb_core::{EndpointCache, Error, Factory, Instance, Publisher};
use lb_filters::PriorityTiers;
use lb_static::FixedPublisher;
use lb_test::{CountingFactory, ScriptedPublisher};

type Members<'a> = &'a [(&'a str, u16)];

fn instances(members: Members<'_>) -> Vec<Instance> {
    members.iter().map(|(address, priority)| Instance::new(*address).with_priority(*priority)).collect()
}

fn members(members: Members<'_>) -> Vec<(Instance, ())> {
    instances(members).into_iter().map(|instance| (instance, ())).collect()
}

fn addresses(publisher: &impl Publisher) -> Vec<String> {
    publisher.endpoints().unwrap().instances().map(|i| i.address().to_owned()).collect()
}

const NOBODY: [&str; 0] = [];

#[test]
fn only_the_members_of_the_lowest_priority_value_present_in_order() {
    let published: [(Members<'_>, &[&str]); 5] = [
        (&[("c", 10), ("b", 20), ("a", 10), ("d", 30)], &["a", "c"]),
        (&[("a", u16::MAX), ("b", 0)], &["b"]),
        (&[("a", 7), ("b", 7)], &["a", "b"]),
        (&[("a", u16::MAX)], &["a"]),
        (&[], &[]),
    ];
    for (given, expected) in published {
        assert_eq!(addresses(&PriorityTiers::new(FixedPublisher::new(members(given)))), expected);
    }
}

#[test]
fn case_12_the_other_tiers_follow_each_after_the_one_before() {
    let tiers =
        PriorityTiers::new(FixedPublisher::new(members(&[("c", 10), ("b", 20), ("a", 10), ("d", 30)])));
    let set = tiers.endpoints().unwrap();
    let chain: Vec<Vec<_>> = std::iter::successors(Some(&*set), |tier| tier.next_tier())
        .map(|tier| tier.instances().map(Instance::address).collect())
        .collect();
    assert_eq!(chain, [vec!["a", "c"], vec!["b"], vec!["d"]]);
}

#[test]
fn backups_get_traffic_once_no_primary_stands_and_give_it_back() {
    let cache = Arc::new(EndpointCache::new(CountingFactory::new()));
    let tiers = PriorityTiers::new(cache.clone());
    let all = [("backup", 20), ("last", 30), ("one", 10), ("two", 10)];
    assert_eq!(addresses(&tiers), NOBODY);
    cache.replace(instances(&all));
    assert_eq!(addresses(&tiers), ["one", "two"]);
    cache.replace(instances(&all[..3]));
    assert_eq!(addresses(&tiers), ["one"]);
    cache.replace(instances(&all[..2]));
    assert_eq!(addresses(&tiers), ["backup"]);
    cache.replace(instances(&all[1..2]));
    assert_eq!(addresses(&tiers), ["last"]);
    cache.replace(instances(&[]));
    assert_eq!(addresses(&tiers), NOBODY);
    cache.replace(instances(&all));
    assert_eq!(addresses(&tiers), ["one", "two"]);
}

#[test]
fn a_member_whose_priority_changes_moves_and_keeps_its_endpoint() {
    let factory = CountingFactory::new();
    let cache = Arc::new(EndpointCache::new(factory.clone()));
    let tiers = PriorityTiers::new(cache.clone());
    cache.replace(instances(&[("a", 1), ("b", 2)]));
    cache.replace(instances(&[("a", 2), ("b", 1)]));
    assert_eq!(addresses(&tiers), ["b"]);
    assert_eq!((factory.made(), factory.dropped()), (2, 0));
}

#[test]
fn a_change_among_the_backups_alone_keeps_the_primaries() {
    let factory = CountingFactory::new();
    let cache = Arc::new(EndpointCache::new(factory.clone()));
    let tiers = PriorityTiers::new(cache.clone());
    cache.replace(instances(&[("a", 1), ("b", 2)]));
    let before = tiers.endpoints().unwrap().pick(0).unwrap().number();
    cache.replace(instances(&[("a", 1), ("c", 2)]));
    assert_eq!(tiers.endpoints().unwrap().pick(0).unwrap().number(), before);
    assert_eq!(addresses(&tiers), ["a"]);
}

#[test]
fn no_removed_endpoint_is_kept_though_nobody_picks() {
    let factory = CountingFactory::new();
    let cache = Arc::new(EndpointCache::new(factory.clone()));
    let chain = PriorityTiers::new(PriorityTiers::new(cache.clone()));
    cache.replace(instances(&[("a", 1), ("b", 1), ("c", 2)]));
    assert_eq!(addresses(&chain), ["a", "b"]);
    cache.replace(instances(&[("d", 1)]));
    assert_eq!((factory.made(), factory.alive()), (4, 1));
}

#[test]
fn over_a_publisher_that_cannot_tell_a_change_is_noticed_at_the_next_look() {
    let publisher = Arc::new(ScriptedPublisher::silent(members(&[("a", 1), ("b", 2)])));
    let (tiers, chain) =
        (PriorityTiers::new(publisher.clone()), PriorityTiers::new(PriorityTiers::new(publisher.clone())));
    assert_eq!((addresses(&tiers), addresses(&chain)), (vec!["a".to_owned()], vec!["a".to_owned()]));
    publisher.set(members(&[("b", 2), ("c", 2), ("d", 3)]));
    assert_eq!(addresses(&tiers), ["b", "c"]);
    assert_eq!(addresses(&chain), ["b", "c"]);
}

#[test]
fn over_a_publisher_that_cannot_tell_removed_endpoints_go_at_the_next_look() {
    let factory = CountingFactory::new();
    let counted = |address: &str| {
        let instance = Instance::new(address);
        (instance.clone(), factory.create(&lb_core::Context::background(), &instance).unwrap())
    };
    let publisher = Arc::new(ScriptedPublisher::silent([counted("a"), counted("b")]));
    let tiers = PriorityTiers::new(publisher.clone());
    assert_eq!(addresses(&tiers), ["a", "b"]);
    publisher.set([counted("c")]);
    assert_eq!(addresses(&tiers), ["c"]);
    assert_eq!(factory.alive(), 1);
}

#[test]
fn the_publishers_errors_pass_through_until_it_recovers() {
    for publisher in [ScriptedPublisher::new, ScriptedPublisher::silent] {
        let publisher = Arc::new(publisher(members(&[("a", 1)])));
        let tiers = PriorityTiers::new(publisher.clone());
        publisher.fail(Error::NotReady);
        assert!(matches!(tiers.endpoints(), Err(Error::NotReady)));
        publisher.fail(Error::discovery("service", "no answer"));
        assert_eq!(tiers.endpoints().unwrap_err().to_string(), "discovery failed: service: no answer");
        publisher.set(members(&[("b", 1)]));
        assert_eq!(addresses(&tiers), ["b"]);
    }
}

#[test]
fn a_pick_through_it_allocates_nothing() {
    let cache = Arc::new(EndpointCache::new(|_: &Instance| Ok::<_, String>(())));
    cache.replace(instances(&[("a", 1), ("b", 1), ("c", 2)]));
    let tiers = PriorityTiers::new(PriorityTiers::new(cache));
    let pick = || drop(tiers.endpoints().unwrap().pick(1).unwrap());
    pick();
    assert_eq!(measure(pick), AllocationInfo::default());
}
