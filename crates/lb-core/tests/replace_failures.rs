//! `EndpointCache::replace` when code of the user's fails or panics: what is logged, and that the rest goes on.

#[path = "support/logs.rs"]
mod logs;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use lb_core::{BoxError, Context, EndpointCache, Factory, Instance, Publisher};
use lb_test::{Counted, CountingFactory};
use log::Level;
use logs::{Line, captured};

/// How the factory treats `bad:80`: it fails, or it panics. The others are made.
const TROUBLES: [fn(&CountingFactory, &str); 2] = [CountingFactory::fail, CountingFactory::panic];

fn cache(factory: &CountingFactory) -> EndpointCache<Counted> {
    EndpointCache::new(factory.clone())
}

fn addresses(cache: &EndpointCache<Counted>) -> Vec<String> {
    cache.endpoints().expect("a set").instances().map(|i| i.address().to_owned()).collect()
}

fn levels(lines: &[Line]) -> Vec<Level> {
    lines.iter().map(|line| line.level).collect()
}

const NOTHING: [Level; 0] = [];

#[test]
fn a_factory_that_fails_or_panics_leaves_out_that_instance_alone() {
    for trouble in TROUBLES {
        let factory = CountingFactory::new();
        trouble(&factory, "bad:80");
        let cache = cache(&factory);
        cache.replace(["a:80", "bad:80", "c:80"]);
        assert_eq!(addresses(&cache), ["a:80", "c:80"]);
    }
}

#[test]
fn an_instance_left_out_is_tried_again_at_each_replace_until_it_can_be_made() {
    for trouble in TROUBLES {
        let factory = CountingFactory::new();
        trouble(&factory, "bad:80");
        let cache = cache(&factory);
        cache.replace(["a:80", "bad:80"]);
        let id = cache.endpoints().unwrap().id();
        cache.replace(["a:80", "bad:80"]);
        assert_eq!(cache.endpoints().unwrap().id(), id, "failing again changes nothing");
        assert_eq!(factory.asked_for("bad:80"), 2);
        factory.heal("bad:80");
        cache.replace(["a:80", "bad:80"]);
        assert_eq!(addresses(&cache), ["a:80", "bad:80"]);
        assert_eq!((factory.made_for("a:80"), factory.made_for("bad:80")), (1, 1));
    }
}

#[test]
fn a_warning_names_the_address_and_the_error_once_until_it_recovers() {
    for trouble in TROUBLES {
        let factory = CountingFactory::new();
        trouble(&factory, "bad:80");
        let cache = cache(&factory);
        let logged = |instances: [&str; 2]| captured(|| cache.replace(instances));

        let first = logged(["a:80", "bad:80"]);
        assert_eq!(levels(&first), [Level::Warn], "{first:?}");
        assert_eq!(first[0].target, "lb-core");
        assert!(first[0].text.starts_with("bad:80: ") && first[0].text.contains("told to "), "{first:?}");
        assert_eq!(first[0].fields[0], ("instance".to_owned(), "bad:80".to_owned()));
        assert!(first[0].fields[1].0 == "error" && first[0].fields[1].1.contains("told to "), "{first:?}");

        assert_eq!(levels(&logged(["a:80", "bad:80"])), NOTHING);
        assert_eq!(levels(&logged(["b:80", "bad:80"])), NOTHING, "the others may change meanwhile");
        factory.heal("bad:80");
        assert_eq!(levels(&logged(["b:80", "bad:80"])), [Level::Info]);
        trouble(&factory, "bad:80");
        cache.replace(["b:80"]);
        assert_eq!(levels(&logged(["b:80", "bad:80"])), [Level::Warn], "it had recovered");
    }
}

#[test]
fn an_instance_left_out_and_no_longer_given_is_forgotten_and_warned_of_when_it_comes_back() {
    let factory = CountingFactory::new();
    factory.fail("bad:80");
    let cache = cache(&factory);
    cache.replace(["a:80", "bad:80"]);
    for meanwhile in [&["a:80"][..], &["b:80"]] {
        cache.replace(meanwhile.iter().copied());
        assert_eq!(levels(&captured(|| cache.replace(["a:80", "bad:80"]))), [Level::Warn], "{meanwhile:?}");
    }
}

#[test]
fn an_instance_without_an_address_is_left_out_with_a_warning_and_no_factory_sees_it() {
    let factory = CountingFactory::new();
    let cache = cache(&factory);
    let lines = captured(|| cache.replace(["", "a:80"]));
    assert_eq!(levels(&lines), [Level::Warn]);
    assert!(lines[0].text.contains("the address of an instance must not be empty"), "{lines:?}");
    assert_eq!(addresses(&cache), ["a:80"]);
    assert_eq!((factory.asked_for(""), factory.asked_for("a:80")), (0, 1));
    assert_eq!(levels(&captured(|| cache.replace(["", "a:80"]))), NOTHING);
}

/// An error that cannot be printed.
#[derive(Debug)]
struct Unprintable;

impl std::error::Error for Unprintable {}

impl std::fmt::Display for Unprintable {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("no words");
    }
}

#[test]
fn an_error_whose_display_panics_leaves_out_that_instance_alone() {
    let cache = EndpointCache::new(|instance: &Instance| match instance.address() {
        "bad:80" => Err(Unprintable),
        address => Ok(address.to_owned()),
    });
    let lines = captured(|| cache.replace(["a:80", "bad:80", "c:80"]));
    assert!(lines.len() == 1 && lines[0].text.contains("no words"), "{lines:?}");
    assert_eq!(cache.endpoints().unwrap().len(), 2);
}

/// Says or panics that nothing is reusable; fails for weight 13.
struct Remaking(CountingFactory, bool);

impl Factory for Remaking {
    type Endpoint = Counted;

    fn create(&self, ctx: &Context, instance: &Instance) -> Result<Counted, BoxError> {
        if instance.weight() == 13 { Err("bad luck".into()) } else { self.0.create(ctx, instance) }
    }

    fn reusable(&self, _: &Instance, _: &Instance) -> bool {
        assert!(!self.1, "undecided");
        false
    }
}

#[test]
fn a_reusable_that_panics_counts_as_no_with_a_warning() {
    let factory = CountingFactory::new();
    let cache = EndpointCache::new(Remaking(factory.clone(), true));
    cache.replace(["a:80"]);
    let lines = captured(|| cache.replace([Instance::new("a:80").with_weight(2)]));
    assert_eq!(levels(&lines), [Level::Warn]);
    assert!(lines[0].text.contains("a:80") && lines[0].text.contains("undecided"), "{lines:?}");
    assert_eq!((factory.made(), factory.dropped()), (2, 1));
}

#[test]
fn case_1_an_endpoint_that_cannot_be_made_anew_serves_on_under_its_old_attributes() {
    let factory = CountingFactory::new();
    let cache = EndpointCache::new(Remaking(factory.clone(), false));
    cache.replace(["a:80", "b:80"]);
    let first = cache.endpoints().unwrap().id_at(0);
    let weights = |cache: &EndpointCache<Counted>| -> Vec<u32> {
        cache.endpoints().unwrap().instances().map(Instance::weight).collect()
    };
    cache.replace(["a:80", "b:80"].map(|address| Instance::new(address).with_weight(13)));
    assert_eq!((addresses(&cache), weights(&cache)), (vec!["a:80".to_owned(), "b:80".into()], vec![1, 1]));
    assert_eq!((factory.made(), factory.dropped()), (2, 0));
    cache.replace(["a:80", "b:80"].map(|address| Instance::new(address).with_weight(14)));
    assert_eq!(weights(&cache), [14, 14]);
    assert_eq!((factory.made(), factory.dropped()), (4, 2), "made anew once that worked");
    assert_ne!(cache.endpoints().unwrap().id_at(0), first);
}

#[test]
fn a_renewed_endpoint_is_made_anew_by_the_next_replace_and_serves_until_that_works() {
    let factory = CountingFactory::new();
    let cache = cache(&factory);
    cache.replace(["a:80", "b:80"]);
    let set = cache.endpoints().unwrap();
    let (a, b) = (set.id_at(0).unwrap(), set.id_at(1).unwrap());
    drop(set);
    assert!(cache.renew(a) && cache.renew(a));
    assert_eq!(factory.made(), 2, "not on the caller's thread");
    factory.fail("a:80");
    cache.replace(["a:80", "b:80"]);
    assert_eq!(cache.endpoints().unwrap().id_at(0), Some(a));
    factory.heal("a:80");
    cache.replace(["a:80", "b:80"]);
    let set = cache.endpoints().unwrap();
    assert!(set.id_at(0) != Some(a) && set.id_at(1) == Some(b));
    assert_eq!((factory.made(), factory.dropped()), (3, 1));
    drop(set);
    assert!(!cache.renew(a), "it is no member any more");
    cache.replace(["a:80", "b:80"]);
    assert_eq!(factory.made(), 3, "once");
}

#[test]
fn an_endpoints_destructor_that_panics_is_caught_and_logged_and_the_others_are_still_dropped() {
    let factory = CountingFactory::new();
    factory.panic_on_drop("bad1:80");
    factory.panic_on_drop("bad2:80");
    let cache = cache(&factory);
    cache.replace(["a:80", "bad1:80", "bad2:80", "c:80"]);
    let lines = captured(|| cache.replace(["d:80"]));
    assert_eq!((factory.made(), factory.dropped()), (5, 4));
    assert_eq!(levels(&lines), [Level::Error; 2]);
    assert!(
        lines[0].text.contains("bad1:80") && lines[0].text.contains("told to panic when bad1:80 is dropped")
    );
    assert_eq!(lines[1].fields[0], ("instance".to_owned(), "bad2:80".to_owned()));
    cache.replace(["e:80"]);
    assert_eq!(cache.endpoints().unwrap().len(), 1, "the cache goes on");
}

#[test]
fn a_destructor_that_panics_does_not_reach_whoever_holds_the_last_pick_or_drops_the_cache() {
    let factory = CountingFactory::new();
    factory.panic_on_drop("bad1:80");
    factory.panic_on_drop("bad2:80");
    let cache = cache(&factory);
    cache.replace(["bad1:80", "bad2:80"]);
    let pick = cache.endpoints().unwrap().pick(0).unwrap();
    cache.replace(["bad2:80"]);
    assert_eq!(levels(&captured(|| drop(pick))), [Level::Error]);
    assert_eq!(levels(&captured(|| drop(cache))), [Level::Error]);
    assert_eq!(factory.alive(), 0);
}

#[test]
fn a_callers_iterator_that_panics_leaves_the_set_as_it_was() {
    let cache = cache(&CountingFactory::new());
    cache.replace(["a:80"]);
    let instances = (0..3).map(|n| if n < 2 { format!("n{n}:80") } else { panic!("no more") });
    assert!(catch_unwind(AssertUnwindSafe(|| cache.replace(instances))).is_err());
    assert_eq!(addresses(&cache), ["a:80"]);
    cache.replace(["b:80"]);
    assert_eq!(addresses(&cache), ["b:80"]);
}

#[test]
fn two_replaces_at_once_come_one_after_the_other_each_whole() {
    let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let cache = EndpointCache::new({
        let (inside, most) = (inside.clone(), most.clone());
        move |instance: &Instance| {
            most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::yield_now();
            inside.fetch_sub(1, Ordering::SeqCst);
            Ok::<_, String>(instance.address().to_owned())
        }
    });
    let start = Barrier::new(4);
    thread::scope(|scope| {
        for writer in 0..4 {
            let (cache, start) = (&cache, &start);
            scope.spawn(move || {
                start.wait();
                for round in 0..50 {
                    cache.replace((0..10).map(|n| format!("{writer}-{round}-{n}")));
                }
            });
        }
    });
    assert_eq!(most.load(Ordering::SeqCst), 1, "one factory call at a time");
    let set = cache.endpoints().unwrap();
    let writer = set.instance(0).unwrap().address().split_once('-').unwrap().0.to_owned();
    let expected: Vec<_> = (0..10).map(|n| format!("{writer}-49-{n}")).collect();
    assert_eq!(set.instances().map(Instance::address).collect::<Vec<_>>(), expected);
}
