//! `Derived`: when it is rebuilt, on whose thread, and what it keeps alive.

#[path = "support/logs.rs"]
mod logs;
#[path = "support/watch.rs"]
mod watch;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::thread::{self, ThreadId};

use lb_core::{
    Context, Derived, EndpointCache, EndpointCell, EndpointSet, Endpoints, Error, Instance, Observer,
    Observers, Publisher,
};
use lb_test::{Counted, CountingFactory, ScriptedPublisher};
use watch::watch;

type Cache = Arc<EndpointCache<Counted>>;

fn cache(factory: &CountingFactory) -> Cache {
    Arc::new(EndpointCache::new(factory.clone()))
}

/// The number of members, and on which threads it was derived.
fn length<P: Publisher + 'static>(publisher: P) -> (Derived<P, usize>, Arc<Mutex<Vec<ThreadId>>>) {
    let threads = Arc::new(Mutex::new(Vec::new()));
    let derived = Derived::new(publisher, {
        let threads = threads.clone();
        move |set: &EndpointSet<P::Endpoint>, _: Option<&_>| {
            threads.lock().unwrap().push(thread::current().id());
            set.len()
        }
    });
    (derived, threads)
}

fn members(count: usize) -> impl Iterator<Item = (String, ())> {
    (0..count).map(|n| (format!("{n}:80"), ()))
}

#[test]
fn where_the_publisher_tells_it_is_rebuilt_on_the_writers_thread_and_on_no_readers() {
    let cache = cache(&CountingFactory::new());
    let (derived, threads) = length(cache.clone());
    assert_eq!(*derived.load().unwrap(), 0);
    let writer = thread::scope(|scope| {
        let writer = scope.spawn(|| cache.replace(["a:80", "b:80"]));
        let id = writer.thread().id();
        writer.join().unwrap();
        id
    });
    assert!((0..100).all(|_| *derived.load().unwrap() == 2));
    assert_eq!(*threads.lock().unwrap(), [thread::current().id(), writer]);
}

#[test]
fn where_the_publisher_cannot_tell_the_first_load_after_a_change_rebuilds() {
    let publisher = Arc::new(ScriptedPublisher::silent(members(1)));
    let (derived, threads) = length(publisher.clone());
    assert!((0..100).all(|_| *derived.load().unwrap() == 1));
    publisher.set(members(3));
    assert_eq!(threads.lock().unwrap().len(), 1, "nobody told");
    let reader = thread::scope(|scope| {
        let reader = scope.spawn(|| assert!((0..100).all(|_| *derived.load().unwrap() == 3)));
        let id = reader.thread().id();
        reader.join().unwrap();
        id
    });
    assert_eq!(*threads.lock().unwrap(), [thread::current().id(), reader]);
}

#[test]
fn it_is_not_rebuilt_while_the_set_stays_though_it_is_told() {
    struct Restless(EndpointCell<()>, Observers);
    impl Publisher for Restless {
        type Endpoint = ();
        fn endpoints(&self) -> Result<Endpoints<()>, Error> {
            Ok(self.0.load())
        }
        fn subscribe(&self, observer: Weak<dyn Observer>) -> bool {
            self.1.subscribe(observer);
            true
        }
    }
    let publisher = Arc::new(Restless(
        EndpointCell::new(EndpointSet::new([(Instance::new("a:80"), ())])),
        Observers::new(),
    ));
    let (derived, threads) = length(publisher.clone());
    publisher.1.notify();
    assert_eq!(*derived.load().unwrap(), 1);
    assert_eq!(threads.lock().unwrap().len(), 1);
}

#[test]
fn the_publishers_errors_pass_through_until_it_recovers() {
    for publisher in [ScriptedPublisher::new(members(1)), ScriptedPublisher::silent(members(1))] {
        let publisher = Arc::new(publisher);
        let (derived, _) = length(publisher.clone());
        assert_eq!(*derived.load().unwrap(), 1);
        publisher.fail(Error::NotReady);
        assert!(matches!(derived.load(), Err(Error::NotReady)));
        publisher.fail(Error::discovery("service", "no answer"));
        assert_eq!(derived.load().unwrap_err().to_string(), "discovery failed: service: no answer");
        publisher.set(members(2));
        assert_eq!(*derived.load().unwrap(), 2);
    }
}

#[test]
fn an_idle_balancer_keeps_no_removed_endpoint_alive() {
    let factory = CountingFactory::new();
    let cache = cache(&factory);
    cache.replace(["a:80", "b:80", "c:80"]);
    let derived = Derived::new(cache.clone(), |set: &EndpointSet<Counted>, _: Option<&_>| set.select([0, 1]));
    assert_eq!(derived.load().unwrap().len(), 2);
    cache.replace(["c:80"]);
    assert_eq!(factory.alive(), 1, "without a load in between");
}

#[test]
fn nothing_that_was_derived_outlives_a_publisher_that_fails() {
    let factory = CountingFactory::new();
    let instance = Instance::new("a:80");
    let publisher = Arc::new(ScriptedPublisher::new([(
        instance.clone(),
        lb_core::Factory::create(&factory, &Context::background(), &instance).unwrap(),
    )]));
    let derived = Derived::new(publisher.clone(), |set, _| set.to_set());
    publisher.fail(Error::NotReady);
    assert_eq!(factory.alive(), 0);
    assert!(derived.load().is_err());
}

#[test]
fn a_derivation_that_panics_fails_the_loads_until_the_next_change_and_is_logged_once() {
    for publisher in [ScriptedPublisher::new(members(1)), ScriptedPublisher::silent(members(1))] {
        let publisher = Arc::new(publisher);
        let derived = Derived::new(publisher.clone(), |set: &EndpointSet<()>, _: Option<&_>| {
            assert!(set.len() < 2, "a ring of {} points", set.len());
            set.len()
        });
        let lines = logs::captured(|| {
            publisher.set(members(2));
            for _ in 0..3 {
                let error = derived.load().unwrap_err();
                assert!(matches!(error, Error::Derive { .. }));
                assert!(error.to_string().contains("a ring of 2 points"), "{error}");
            }
        });
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert_eq!((lines[0].level, &*lines[0].target), (log::Level::Error, "lb-core"));
        publisher.set(members(1));
        assert_eq!(*derived.load().unwrap(), 1);
    }
}

#[test]
fn a_dropped_derived_is_forgotten_by_its_publisher() {
    let cache = cache(&CountingFactory::new());
    let (derived, threads) = length(cache.clone());
    let publishers = Arc::strong_count(&cache);
    drop(derived);
    assert_eq!(Arc::strong_count(&cache), publishers - 1, "the publisher does not keep it");
    assert_eq!(Arc::strong_count(&threads), 1, "nor what it derived with");
    cache.replace(["a:80"]);
    assert_eq!(threads.lock().unwrap().len(), 1);
}

#[test]
fn loads_go_on_with_the_old_value_while_the_new_one_is_derived() {
    let cache = cache(&CountingFactory::new());
    let (entered, has_entered) = crossbeam_channel::bounded(0);
    let (leave, may_leave) = crossbeam_channel::bounded::<()>(0);
    let derived = Derived::new(cache.clone(), move |set: &EndpointSet<Counted>, _: Option<&_>| {
        if !set.is_empty() {
            entered.send(()).unwrap();
            may_leave.recv().unwrap();
        }
        set.len()
    });
    thread::scope(|scope| {
        let writer = scope.spawn(|| cache.replace(["a:80"]));
        has_entered.recv().unwrap();
        assert_eq!(*derived.load().unwrap(), 0);
        leave.send(()).unwrap();
        writer.join().unwrap();
    });
    assert_eq!(*derived.load().unwrap(), 1);
}

#[test]
fn observers_that_subscribe_through_it_are_told_once_it_is_rebuilt() {
    let cache = cache(&CountingFactory::new());
    let (derived, _) = length(cache.clone());
    let derived = Arc::new(derived);
    let seen = Arc::new(AtomicUsize::new(0));
    let observer = {
        let (derived, seen) = (derived.clone(), seen.clone());
        Arc::new(watch::Watch(move || seen.store(*derived.load().unwrap(), Ordering::Relaxed)))
    };
    assert!(derived.subscribe(Arc::downgrade(&observer) as _));
    derived.publisher().replace(["a:80", "b:80"]);
    assert_eq!(seen.load(Ordering::Relaxed), 2);
    let silent = Derived::new(ScriptedPublisher::silent(members(1)), |set, _| set.len());
    assert!(!silent.subscribe(Arc::downgrade(&observer) as _), "nor can it tell");
}

/// Panics when it is dropped.
struct Explosive(usize);

impl Drop for Explosive {
    fn drop(&mut self) {
        assert!(self.0 == 2, "{} is in use", self.0);
    }
}

#[test]
fn a_value_whose_destructor_panics_is_logged_and_reaches_neither_writers_nor_readers() {
    for publisher in [ScriptedPublisher::new(members(1)), ScriptedPublisher::silent(members(1))] {
        let publisher = Arc::new(publisher);
        let derived =
            Derived::new(publisher.clone(), |set: &EndpointSet<()>, _: Option<&_>| Explosive(set.len()));
        let lines = logs::captured(|| {
            publisher.set(members(2));
            assert_eq!(derived.load().unwrap().0, 2);
        });
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].level == log::Level::Error && lines[0].text.contains("1 is in use"), "{lines:?}");
    }
}

#[test]
fn the_old_value_is_dropped_on_the_writers_thread() {
    struct Value(Arc<Mutex<Vec<ThreadId>>>);
    impl Drop for Value {
        fn drop(&mut self) {
            self.0.lock().unwrap().push(thread::current().id());
        }
    }
    let cache = cache(&CountingFactory::new());
    let dropped = Arc::new(Mutex::new(Vec::new()));
    let derived = Derived::new(cache.clone(), {
        let dropped = dropped.clone();
        move |_: &EndpointSet<Counted>, _: Option<&_>| Value(dropped.clone())
    });
    drop(derived.load().unwrap());
    let _watch = watch(&cache, || ());
    let writer = thread::scope(|scope| {
        let writer = scope.spawn(|| cache.replace(["a:80"]));
        let id = writer.thread().id();
        writer.join().unwrap();
        id
    });
    assert_eq!(*dropped.lock().unwrap(), [writer]);
}
