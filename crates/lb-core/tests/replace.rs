//! `EndpointCache::replace`: which endpoints are made, kept and dropped.

#[path = "support/logs.rs"]
mod logs;
#[path = "support/watch.rs"]
mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lb_core::{BoxError, Context, EndpointCache, Factory, Instance, Pick, Publisher};
use lb_test::{Counted, CountingFactory};

fn pick(cache: &EndpointCache<Counted>, index: usize) -> Pick<Counted> {
    cache.endpoints().expect("a set").pick(index).expect("a member")
}

fn addresses(cache: &EndpointCache<Counted>) -> Vec<String> {
    cache.endpoints().expect("a set").instances().map(|i| i.address().to_owned()).collect()
}

#[test]
fn an_instance_in_both_sets_keeps_its_endpoint_untouched() {
    let factory = CountingFactory::new();
    let cache = EndpointCache::new(factory.clone());
    cache.replace(["a:80", "b:80"]);
    let before = pick(&cache, 1).number();
    cache.replace(["b:80", "c:80"]);
    assert_eq!(pick(&cache, 0).address(), "b:80");
    assert_eq!(pick(&cache, 0).number(), before);
    assert_eq!(["a:80", "b:80", "c:80"].map(|address| factory.asked_for(address)), [1, 1, 1]);
}

#[test]
fn a_changed_weight_priority_or_metadata_takes_effect_and_keeps_the_endpoint() {
    let factory = CountingFactory::new();
    let cache = EndpointCache::new(factory.clone());
    let plain = Instance::new("a:80");
    cache.replace([plain.clone()]);
    let changes = [
        plain.clone().with_weight(7),
        plain.clone().with_priority(3),
        plain.clone().with_metadata("zone", "b"),
        plain,
    ];
    for changed in changes {
        let id = cache.endpoints().unwrap().id();
        cache.replace([changed.clone()]);
        assert_ne!(cache.endpoints().unwrap().id(), id, "{changed:?} is a change of the set");
        assert_eq!(pick(&cache, 0).instance(), &changed);
        assert_eq!(pick(&cache, 0).number(), 0);
    }
    assert_eq!(factory.made(), 1);
    assert_eq!(factory.dropped(), 0);
}

#[test]
fn a_pick_tells_the_instance_as_it_stood_in_the_set_picked_from() {
    let cache = EndpointCache::new(CountingFactory::new());
    cache.replace([Instance::new("a:80").with_weight(1)]);
    let before = pick(&cache, 0);
    cache.replace([Instance::new("a:80").with_weight(2)]);
    assert_eq!(before.instance().weight(), 1);
    assert_eq!(pick(&cache, 0).instance().weight(), 2);
    assert_eq!(before.number(), pick(&cache, 0).number());
}

/// Keeps an endpoint as long as the zone stays.
struct ByZone(CountingFactory, Arc<AtomicUsize>);

impl Factory for ByZone {
    type Endpoint = Counted;

    fn create(&self, ctx: &Context, instance: &Instance) -> Result<Counted, BoxError> {
        self.0.create(ctx, instance)
    }

    fn reusable(&self, old: &Instance, new: &Instance) -> bool {
        self.1.fetch_add(1, Ordering::Relaxed);
        old.metadata("zone") == new.metadata("zone")
    }
}

#[test]
fn an_endpoint_is_made_anew_only_where_reusable_says_no() {
    let (factory, asked) = (CountingFactory::new(), Arc::new(AtomicUsize::new(0)));
    let cache = EndpointCache::new(ByZone(factory.clone(), asked.clone()));
    let in_zone = |zone: &str| Instance::new("a:80").with_metadata("zone", zone);
    cache.replace([in_zone("x")]);
    cache.replace([in_zone("x").with_weight(9)]);
    assert_eq!(pick(&cache, 0).number(), 0, "weight is no reason");
    cache.replace([in_zone("y")]);
    assert_eq!(pick(&cache, 0).number(), 1, "the zone is");
    assert_eq!((factory.made(), factory.dropped()), (2, 1));
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    cache.replace([in_zone("y"), Instance::new("b:80")]);
    assert_eq!(asked.load(Ordering::Relaxed), 2, "an unchanged and a new instance are no question");
}

#[test]
fn a_new_instance_calls_the_factory_once() {
    let factory = CountingFactory::new();
    let cache = EndpointCache::new(factory.clone());
    for _ in 0..3 {
        cache.replace(["a:80"]);
        cache.replace(["a:80", "b:80"]);
    }
    assert_eq!((factory.asked_for("a:80"), factory.asked_for("b:80")), (1, 3));
    assert_eq!((factory.dropped_for("a:80"), factory.dropped_for("b:80")), (0, 2));
}

#[test]
fn an_instance_no_longer_given_is_dropped_exactly_once_when_its_last_pick_ends() {
    let factory = CountingFactory::new();
    let cache = EndpointCache::new(factory.clone());
    cache.replace(["a:80", "b:80"]);
    let (first, second) = (pick(&cache, 0), pick(&cache, 0));
    cache.replace(["b:80"]);
    assert_eq!(first.address(), "a:80", "no request is cut off");
    drop(first);
    assert_eq!(factory.dropped(), 0);
    drop(second);
    assert_eq!((factory.dropped_for("a:80"), factory.dropped()), (1, 1));
    drop(cache);
    assert_eq!((factory.dropped_for("b:80"), factory.dropped()), (1, 2));
}

#[test]
fn a_removed_instance_that_comes_back_is_made_anew_beside_the_draining_one() {
    let factory = CountingFactory::new();
    let cache = EndpointCache::new(factory.clone());
    cache.replace(["a:80"]);
    let draining = pick(&cache, 0);
    cache.replace([Instance::new("b:80")]);
    cache.replace(["a:80"]);
    assert_eq!((draining.number(), pick(&cache, 0).number()), (0, 2));
    assert_eq!(factory.alive(), 2);
}

#[test]
fn a_pick_keeps_its_endpoint_and_no_other_alive() {
    let factory = CountingFactory::new();
    let cache = EndpointCache::new(factory.clone());
    cache.replace(["a:80", "b:80", "c:80"]);
    let held = pick(&cache, 1);
    cache.replace(Vec::<Instance>::new());
    assert_eq!(["a:80", "b:80", "c:80"].map(|address| factory.dropped_for(address)), [1, 0, 1]);
    assert_eq!(held.address(), "b:80");
}

#[test]
fn the_same_instance_twice_in_one_call_the_first_counts_and_a_debug_line_is_logged() {
    let factory = CountingFactory::new();
    let cache = EndpointCache::new(factory.clone());
    let lines = logs::captured(|| {
        cache.replace([
            Instance::new("b:80"),
            Instance::new("a:80").with_weight(1),
            Instance::new("a:80").with_weight(2),
        ]);
    });
    assert_eq!((factory.asked_for("a:80"), factory.asked_for("b:80")), (1, 1));
    assert_eq!(pick(&cache, 0).instance().weight(), 1);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!((lines[0].level, &*lines[0].target), (log::Level::Debug, "lb-core"));
    assert!(lines[0].text.contains("a:80"), "{lines:?}");
    assert_eq!(lines[0].fields, [("instance".to_owned(), "a:80".to_owned())]);
}

#[test]
fn go_kits_fault_replace_a_a_five_times_makes_one_endpoint_and_closes_none() {
    let factory = CountingFactory::new();
    let cache = EndpointCache::new(factory.clone());
    for _ in 0..5 {
        cache.replace(["a", "a"]);
    }
    assert_eq!((factory.made(), factory.dropped(), factory.alive()), (1, 0, 1));
}

#[test]
fn the_same_address_under_different_hosts_are_different_instances() {
    let factory = CountingFactory::new();
    let cache = EndpointCache::new(factory.clone());
    let plain = Instance::new("10.0.0.1:443");
    let hosts = [None, Some("a.example"), Some("b.example")];
    let all = hosts.map(|host| host.map_or(plain.clone(), |host| plain.clone().with_host(host)));
    cache.replace(all.iter().rev().cloned());
    let set = cache.endpoints().unwrap();
    assert_eq!(set.instances().map(Instance::host).collect::<Vec<_>>(), hosts);
    drop(set);
    cache.replace([all[1].clone()]);
    assert_eq!(factory.dropped(), 2);
    assert_eq!(pick(&cache, 0).instance(), &all[1]);
    assert_eq!(factory.made(), 3);
}

#[test]
fn nothing_changed_the_id_stays_and_nobody_is_told_in_whatever_order_they_are_given() {
    let cache = EndpointCache::new(CountingFactory::new());
    cache.replace(["a:80", "b:80", "c:80"]);
    let id = cache.endpoints().unwrap().id();
    let told = Arc::new(AtomicUsize::new(0));
    let _watch = watch::watch(&cache, {
        let told = told.clone();
        move || _ = told.fetch_add(1, Ordering::Relaxed)
    });
    cache.replace(["a:80", "b:80", "c:80"]);
    cache.replace(["c:80", "b:80", "a:80", "b:80"]);
    assert_eq!(cache.endpoints().unwrap().id(), id);
    assert_eq!(told.load(Ordering::Relaxed), 0);
    cache.replace(["a:80", "b:80"]);
    assert_ne!(cache.endpoints().unwrap().id(), id);
    assert_eq!(told.load(Ordering::Relaxed), 1);
}

#[test]
fn a_set_is_ordered_by_the_bytes_of_the_addresses_however_long_and_alike() {
    let cache = EndpointCache::new(CountingFactory::new());
    let given =
        ["b", "a\0", "a", "10.0.0.10:80", "10.0.0.9:80", "a-very-long-name-1:80", "a-very-long-name-0:80"];
    cache.replace(given);
    let mut expected = given.map(str::to_owned);
    expected.sort();
    assert_eq!(addresses(&cache), expected);
}

#[test]
fn instances_are_given_as_text_or_whole() {
    let cache = EndpointCache::new(CountingFactory::new());
    cache.replace(["a:80"]);
    cache.replace(vec!["a:80".to_owned()]);
    cache.replace(Some(Instance::from("b:80")));
    assert_eq!(addresses(&cache), ["b:80"]);
}
