//! Who is told of a replace, and what may happen while they are: changes from within, panics, picks that drain.

#[path = "support/logs.rs"]
mod logs;
#[path = "support/watch.rs"]
mod watch;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::thread;

use lb_core::{EndpointCache, Instance, Observer, Observers, Publisher};
use lb_test::{Counted, CountingFactory};
use watch::{Watch, watch};

fn cache(factory: &CountingFactory) -> Arc<EndpointCache<Counted>> {
    Arc::new(EndpointCache::new(factory.clone()))
}

fn count(counter: &Arc<AtomicUsize>) -> impl Fn() + Send + Sync + 'static {
    let counter = Arc::clone(counter);
    move || _ = counter.fetch_add(1, Ordering::Relaxed)
}

#[test]
fn observers_are_told_of_each_change_after_the_swap_on_the_writers_thread() {
    let cache = cache(&CountingFactory::new());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let _watch = watch(&cache, {
        let (cache, seen) = (Arc::downgrade(&cache), seen.clone());
        move || {
            let set = cache.upgrade().unwrap().endpoints().unwrap();
            seen.lock().unwrap().push((set.len(), thread::current().id()));
        }
    });
    cache.replace(["a:80", "b:80"]);
    let writer = thread::scope(|scope| {
        let writer = scope.spawn(|| cache.replace(["a:80"]));
        let id = writer.thread().id();
        writer.join().unwrap();
        id
    });
    assert_eq!(*seen.lock().unwrap(), [(2, thread::current().id()), (1, writer)]);
}

#[test]
fn an_observer_may_replace_the_set_again() {
    let cache = cache(&CountingFactory::new());
    let told = Arc::new(AtomicUsize::new(0));
    let _reentrant = watch(&cache, {
        let cache = Arc::downgrade(&cache);
        move || {
            let cache = cache.upgrade().unwrap();
            if cache.endpoints().unwrap().len() < 5 {
                let known = cache.endpoints().unwrap().len();
                cache.replace((0..=known).map(|n| format!("{n}:80")));
            }
        }
    });
    let _counting = watch(&cache, count(&told));
    cache.replace(["0:80"]);
    assert_eq!(cache.endpoints().unwrap().len(), 5);
    assert_eq!(told.load(Ordering::Relaxed), 5);
}

#[test]
fn an_observer_that_panics_is_logged_and_the_others_are_told() {
    let cache = cache(&CountingFactory::new());
    let told = Arc::new(AtomicUsize::new(0));
    let _panics = watch(&cache, || panic!("table full"));
    let _counting = watch(&cache, count(&told));
    for round in 1..=2 {
        let lines = logs::captured(|| cache.replace([format!("{round}:80")]));
        assert_eq!(told.load(Ordering::Relaxed), round);
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert_eq!((lines[0].level, &*lines[0].target), (log::Level::Error, "lb-core"));
        assert!(lines[0].text.contains("table full"), "{lines:?}");
    }
}

/// Lets go of itself when it is told.
struct Leaving(Mutex<Option<Arc<Leaving>>>);

impl Observer for Leaving {
    fn changed(&self) {
        drop(self.0.lock().unwrap().take());
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        panic!("left");
    }
}

#[test]
fn an_observer_whose_destructor_panics_while_it_is_told_is_logged_and_the_others_are_told() {
    let cache = cache(&CountingFactory::new());
    let told = Arc::new(AtomicUsize::new(0));
    let leaving = Arc::new(Leaving(Mutex::new(None)));
    *leaving.0.lock().unwrap() = Some(Arc::clone(&leaving));
    cache.subscribe(Arc::downgrade(&leaving) as _);
    drop(leaving);
    let _counting = watch(&cache, count(&told));
    let lines = logs::captured(|| cache.replace(["a:80"]));
    assert_eq!(told.load(Ordering::Relaxed), 1);
    assert!(lines.len() == 1 && lines[0].text.contains("left"), "{lines:?}");
}

#[test]
fn no_lock_is_held_while_observers_are_told_they_may_subscribe_others() {
    let cache = cache(&CountingFactory::new());
    let (told, late) = (Arc::new(AtomicUsize::new(0)), Arc::new(OnceLock::new()));
    let _first = watch(&cache, {
        let (cache, told, late) = (Arc::downgrade(&cache), told.clone(), late.clone());
        move || _ = late.get_or_init(|| watch(&cache.upgrade().unwrap(), count(&told)))
    });
    cache.replace(["a:80"]);
    cache.replace(["b:80"]);
    assert_eq!(told.load(Ordering::Relaxed), 1);
}

#[test]
fn a_dropped_observer_is_told_no_more() {
    let observers = Observers::new();
    let told = Arc::new(AtomicUsize::new(0));
    let (one, other) = (Arc::new(Watch(count(&told))), Arc::new(Watch(count(&told))));
    let weak: Weak<dyn Observer> = Arc::downgrade(&one) as _;
    observers.subscribe(weak.clone());
    observers.subscribe(Arc::downgrade(&other) as _);
    observers.notify();
    drop(one);
    observers.notify();
    assert_eq!(told.load(Ordering::Relaxed), 3);
    assert!(weak.upgrade().is_none());
}

/// Puts another set in its place when it is dropped.
struct Successor(Weak<EndpointCache<Successor>>, &'static str);

impl Drop for Successor {
    fn drop(&mut self) {
        if let (Some(cache), "a:80") = (self.0.upgrade(), self.1) {
            cache.replace(["c:80"]);
        }
    }
}

#[test]
fn a_destructor_may_replace_the_set_again() {
    let cache = Arc::new_cyclic(|cache: &Weak<EndpointCache<Successor>>| {
        let cache = cache.clone();
        EndpointCache::new(move |instance: &Instance| {
            let address = if instance.address() == "a:80" { "a:80" } else { "other" };
            Ok::<_, String>(Successor(cache.clone(), address))
        })
    });
    cache.replace(["a:80"]);
    cache.replace(["b:80"]);
    assert_eq!(cache.endpoints().unwrap().instance(0).map(Instance::address), Some("c:80"));
}

#[test]
fn a_factory_sees_the_old_set() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let cache = Arc::new_cyclic(|cache: &Weak<EndpointCache<usize>>| {
        let (cache, seen) = (cache.clone(), seen.clone());
        EndpointCache::new(move |_: &Instance| {
            let before = cache.upgrade().map_or(0, |cache| cache.endpoints().unwrap().len());
            seen.lock().unwrap().push(before);
            Ok::<_, String>(before)
        })
    });
    cache.replace(["a:80", "b:80"]);
    cache.replace(["c:80"]);
    assert_eq!(*seen.lock().unwrap(), [0, 0, 2]);
}

#[test]
fn a_view_that_is_kept_shows_its_own_set_and_keeps_it_alive() {
    let factory = CountingFactory::new();
    let cache = cache(&factory);
    cache.replace(["a:80", "b:80"]);
    let view = cache.endpoints().unwrap();
    cache.replace(["b:80", "c:80"]);
    assert_eq!(view.instances().map(Instance::address).collect::<Vec<_>>(), ["a:80", "b:80"]);
    assert_eq!(view.pick(0).unwrap().address(), "a:80");
    assert_eq!(factory.dropped(), 0);
    drop(view);
    assert_eq!((factory.dropped(), factory.dropped_for("a:80")), (1, 1));
}

#[test]
fn picks_go_on_draining_after_the_cache_is_gone() {
    let factory = CountingFactory::new();
    let cache = cache(&factory);
    cache.replace(["a:80", "b:80"]);
    let pick = cache.endpoints().unwrap().pick(1).unwrap();
    drop(cache);
    assert_eq!((factory.dropped(), factory.dropped_for("a:80")), (1, 1));
    assert_eq!((pick.address(), &*pick.shared_address()), ("b:80", "b:80"));
    drop(pick);
    assert_eq!(factory.alive(), 0);
}
