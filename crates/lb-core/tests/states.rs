//! States beside endpoints: which endpoints carry them, for how long, and who shares them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use lb_core::{EndpointCache, EndpointSet, Instance, Publisher, StateKey};
use lb_test::CountingFactory;

fn set(addresses: &[&str]) -> EndpointSet<()> {
    EndpointSet::new(addresses.iter().map(|address| (Instance::new(*address), ())))
}

/// A kind whose states are numbered as they are made.
fn numbered() -> StateKey<usize> {
    let made = AtomicUsize::new(0);
    StateKey::new(move |_| made.fetch_add(1, Ordering::Relaxed))
}

fn numbers<E>(set: &EndpointSet<E>, key: &StateKey<usize>) -> Vec<usize> {
    set.states(key).iter().map(|state| **state).collect()
}

#[test]
fn states_are_made_of_their_instances_and_come_by_index() {
    let key = StateKey::new(|instance: &Instance| instance.address().to_owned());
    let states = set(&["b", "c", "a"]).states(&key);
    assert_eq!(states.iter().map(|state| state.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert!(set(&[]).states(&key).is_empty());
}

#[test]
fn a_state_is_made_once_when_it_is_first_asked_for() {
    let (set, key) = (set(&["a", "b"]), numbered());
    assert_eq!(numbers(&set, &key), [0, 1]);
    assert_eq!(numbers(&set, &key), [0, 1]);
}

#[test]
fn states_survive_the_updates_in_which_their_endpoints_survive() {
    let cache = EndpointCache::new(CountingFactory::new());
    let key = numbered();
    let now = || numbers(&cache.endpoints().unwrap(), &key);
    cache.replace(["a:80", "b:80"]);
    assert_eq!(now(), [0, 1]);
    cache.replace(["b:80", "c:80"]);
    assert_eq!(now(), [1, 2]);
    cache.replace(["b:80", "c:80"].map(|address| Instance::new(address).with_weight(7).with_priority(3)));
    assert_eq!(now(), [1, 2], "under other attributes");
    cache.replace(["a:80", "b:80", "c:80"]);
    assert_eq!(now(), [3, 1, 2], "one that was gone begins anew");
}

#[test]
fn an_endpoint_that_is_made_anew_gets_new_states() {
    let factory = CountingFactory::new();
    let cache = EndpointCache::new(factory.clone());
    let key = numbered();
    cache.replace(["a:80", "b:80"]);
    assert_eq!(numbers(&cache.endpoints().unwrap(), &key), [0, 1]);
    let renewed = cache.endpoints().unwrap().id_at(1).unwrap();
    assert!(cache.renew(renewed));
    cache.replace(["a:80", "b:80"]);
    assert_eq!(numbers(&cache.endpoints().unwrap(), &key), [0, 2]);
}

#[test]
fn states_follow_into_sets_made_of_theirs() {
    let key = numbered();
    let whole = set(&["a", "b", "c"]);
    assert_eq!(numbers(&whole, &key), [0, 1, 2]);
    let observer = Arc::new(Nothing);
    let made = [
        ("select", whole.select([2, 1]), vec![1, 2]),
        ("to_set", whole.to_set(), vec![0, 1, 2]),
        ("observed", whole.observed(&[observer]), vec![0, 1, 2]),
        ("with_weights", whole.with_weights(|_, _| 9), vec![0, 1, 2]),
        ("with_health", whole.with_health(|_, _| false), vec![0, 1, 2]),
        ("without_marks", whole.without_marks(), vec![0, 1, 2]),
        ("or_else", whole.select([0]).or_else(whole.select([1])), vec![0]),
    ];
    for (how, set, expected) in &made {
        assert_eq!(numbers(set, &key), *expected, "{how}");
    }
    let next = whole.select([0]).or_else(whole.select([1]));
    assert_eq!(numbers(next.next_tier().unwrap(), &key), [1]);
}

struct Nothing;

impl lb_core::PickObserver for Nothing {}

#[test]
fn a_state_made_in_a_filtered_set_is_that_of_the_whole() {
    let (whole, key) = (set(&["a", "b"]), numbered());
    assert_eq!(numbers(&whole.select([1]), &key), [0]);
    assert_eq!(numbers(&whole, &key), [1, 0]);
}

#[test]
fn two_keys_name_two_kinds_and_clones_of_a_key_one() {
    let set = set(&["a"]);
    let key = StateKey::new(|_| AtomicUsize::new(0));
    let same = [set.states(&key), set.states(&key.clone())];
    assert!(Arc::ptr_eq(&same[0][0], &same[1][0]));
    let other = set.states(&StateKey::new(|_| AtomicUsize::new(0)));
    assert!(!Arc::ptr_eq(&same[0][0], &other[0]));
}

#[test]
fn shared_names_one_kind_for_each_type_in_the_process() {
    let set = set(&["a", "b"]);
    let states = |set: &EndpointSet<()>| set.states(&StateKey::<AtomicUsize>::shared());
    assert!(Arc::ptr_eq(&states(&set)[0], &states(&set)[0]), "though no key is alive between the two");
    assert!(!Arc::ptr_eq(&states(&set)[0], &states(&set)[1]));
    let own = set.states(&StateKey::new(|_| AtomicUsize::new(0)));
    assert!(!Arc::ptr_eq(&states(&set)[0], &own[0]));
    let flags = set.states(&StateKey::<AtomicBool>::shared());
    assert!(!flags[0].load(Ordering::Relaxed));
}

/// Says when it is dropped.
struct Says(Arc<AtomicUsize>);

impl Drop for Says {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn states_of_a_dropped_key_are_forgotten_when_the_endpoint_gets_another() {
    let (set, dropped) = (set(&["a"]), Arc::new(AtomicUsize::new(0)));
    for round in 0..3 {
        let of_key = dropped.clone();
        let key = StateKey::new(move |_| Says(of_key.clone()));
        drop(set.states(&key));
        drop(set.states(&key.clone()));
        assert_eq!(dropped.load(Ordering::Relaxed), round, "those of the rounds before, and none of this");
    }
}

#[test]
fn a_state_that_somebody_holds_outlives_its_key_and_its_endpoint() {
    let set = set(&["a"]);
    let held = set.states(&StateKey::new(|_| 7_u8));
    set.states(&numbered());
    drop(set);
    assert_eq!(*held[0], 7);
}

#[test]
fn states_are_dropped_with_their_endpoint_whether_or_not_their_key_lives() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let of_key = dropped.clone();
    let key = StateKey::new(move |_| Says(of_key.clone()));
    let whole = set(&["a", "b"]);
    drop(whole.states(&key));
    let kept = whole.select([0]);
    drop(whole);
    assert_eq!(dropped.load(Ordering::Relaxed), 1);
    drop(kept);
    assert_eq!(dropped.load(Ordering::Relaxed), 2);
}

#[test]
fn a_make_that_panics_reaches_its_caller_and_leaves_no_state_behind() {
    let (set, fails) = (set(&["a", "b"]), Arc::new(AtomicBool::new(true)));
    let broken = fails.clone();
    let key = StateKey::new(move |instance: &Instance| {
        assert!(!(instance.address() == "b" && broken.load(Ordering::Relaxed)), "cannot");
        instance.address().to_owned()
    });
    assert!(catch_unwind(AssertUnwindSafe(|| set.states(&key))).is_err());
    fails.store(false, Ordering::Relaxed);
    assert_eq!(set.states(&key).iter().map(|state| state.as_str()).collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn a_make_may_ask_for_another_state_of_the_same_endpoint() {
    let set = Arc::new(set(&["a"]));
    let (of, inner) = (set.clone(), numbered());
    let asked = inner.clone();
    let key = StateKey::new(move |_| *of.states(&asked)[0] + 100);
    assert_eq!(*set.states(&key)[0], 100);
    assert_eq!(numbers(&set, &inner), [0]);
}

#[test]
fn threads_that_ask_at_once_get_one_state() {
    let (set, barrier) = (set(&["a"]), Barrier::new(4));
    for _ in 0..50 {
        let key = StateKey::new(|_| AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    barrier.wait();
                    set.states(&key)[0].fetch_add(1, Ordering::Relaxed);
                });
            }
        });
        assert_eq!(set.states(&key)[0].load(Ordering::Relaxed), 4);
    }
}

#[test]
fn the_destructor_of_a_state_may_panic_when_the_last_pick_ends() {
    struct Fragile;
    impl Drop for Fragile {
        fn drop(&mut self) {
            panic!("broken");
        }
    }
    let set = EndpointSet::new([(Instance::new("a"), "a")]);
    drop(set.states(&StateKey::new(|_| Fragile)));
    let pick = set.pick(0).unwrap();
    drop(set);
    assert_eq!(*pick, "a");
    assert!(catch_unwind(AssertUnwindSafe(|| drop(pick))).is_ok());
}
