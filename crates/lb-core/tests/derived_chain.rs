//! `Derived` upon `Derived`: a filter over a filter, as users write them.

#[path = "support/watch.rs"]
mod watch;

use std::cell::Cell;
use std::sync::{Arc, Barrier, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::unbounded;
use lb_core::{Derived, EndpointCache, EndpointCell, Endpoints, Error, Instance, Observer, Publisher};
use lb_test::{CountingFactory, ScriptedPublisher};
use watch::watch;

/// All but the first member.
struct Rest<P: Publisher>(Derived<P, EndpointCell<P::Endpoint>>);

impl<P> Rest<P>
where
    P: Publisher<Endpoint: Send + Sync> + 'static,
{
    fn of(publisher: P) -> Self {
        Self(Derived::new(publisher, |set, _| EndpointCell::new(set.select(1..set.len()))))
    }
}

impl<P: Publisher<Endpoint: Send + Sync>> Publisher for Rest<P> {
    type Endpoint = P::Endpoint;

    fn endpoints(&self) -> Result<Endpoints<P::Endpoint>, Error> {
        Ok(self.0.load()?.load())
    }

    fn subscribe(&self, observer: Weak<dyn Observer>) -> bool {
        self.0.subscribe(observer)
    }
}

fn addresses(publisher: &impl Publisher) -> Vec<String> {
    publisher.endpoints().unwrap().instances().map(|i| i.address().to_owned()).collect()
}

#[test]
fn filters_over_filters_are_rebuilt_in_order_before_those_who_watch_them_are_told() {
    let factory = CountingFactory::new();
    let cache = Arc::new(EndpointCache::new(factory.clone()));
    let chain = Arc::new(Rest::of(Rest::of(cache.clone())));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let _watch = watch(&chain, {
        let (chain, seen) = (chain.clone(), seen.clone());
        move || seen.lock().unwrap().push(addresses(&chain))
    });
    cache.replace(["a", "b", "c", "d"]);
    cache.replace(["d", "e", "f"]);
    assert_eq!(*seen.lock().unwrap(), [vec!["c", "d"], vec!["f"]]);
    assert_eq!(factory.alive(), 3);
}

#[test]
fn filters_over_a_publisher_that_cannot_tell_follow_at_the_next_look() {
    let publisher = Arc::new(ScriptedPublisher::silent([("a", ()), ("b", ()), ("c", ())]));
    let chain = Rest::of(Rest::of(publisher.clone()));
    assert_eq!(addresses(&chain), ["c"]);
    publisher.set([("x", ()), ("y", ()), ("z", ())]);
    assert_eq!(addresses(&chain), ["z"]);
    publisher.fail(Error::NotReady);
    assert!(matches!(chain.endpoints(), Err(Error::NotReady)));
    publisher.set([("1", ()), ("2", ()), ("3", ())]);
    assert_eq!(addresses(&chain), ["3"]);
}

#[test]
fn two_filters_share_a_publisher() {
    let cache = Arc::new(EndpointCache::new(CountingFactory::new()));
    let (one, other) = (Rest::of(cache.clone()), Rest::of(cache.clone()));
    cache.replace(["a", "b"]);
    assert_eq!((addresses(&one), addresses(&other)), (vec!["b".to_owned()], vec!["b".to_owned()]));
    drop(one);
    cache.replace(["c", "d"]);
    assert_eq!(addresses(&other), ["d"]);
}

#[test]
fn after_concurrent_replaces_a_chain_stands_on_the_last_set() {
    for _ in 0..50 {
        let cache = Arc::new(EndpointCache::new(|_: &Instance| Ok::<_, String>(())));
        let chain = Rest::of(Rest::of(cache.clone()));
        let start = Barrier::new(3);
        thread::scope(|scope| {
            for writer in 0..3 {
                let (cache, start) = (&cache, &start);
                scope.spawn(move || {
                    start.wait();
                    (0..10).for_each(|round| cache.replace((0..3).map(|n| format!("{n}-{writer}-{round}"))));
                });
            }
        });
        assert_eq!(addresses(&chain), addresses(&cache)[2..]);
    }
}

#[test]
fn a_filter_made_while_another_thread_replaces_misses_no_change() {
    for _ in 0..100 {
        let cache = Arc::new(EndpointCache::new(|_: &Instance| Ok::<_, String>(())));
        let start = Barrier::new(2);
        let filter = thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                cache.replace(["a", "b"]);
            });
            start.wait();
            Rest::of(cache.clone())
        });
        assert_eq!(addresses(&filter), ["b"]);
    }
}

thread_local! {
    static DESTRUCTORS: Cell<usize> = const { Cell::new(0) };
}

/// A writer waits 5 ms for a reader in the middle of a look. One that lost its core for longer may find itself the last.
const LOST_ITS_CORE: Duration = Duration::from_millis(4);

/// Counts its destructor on the thread that runs it.
struct Counting;

impl Drop for Counting {
    fn drop(&mut self) {
        DESTRUCTORS.set(DESTRUCTORS.get() + 1);
    }
}

#[expect(clippy::disallowed_methods, reason = "tells a reader that lost its core from one that did not")]
fn now() -> Instant {
    Instant::now()
}

#[test]
fn no_destructor_runs_on_a_reader_in_the_middle_of_a_look_through_a_filter() {
    const ROUNDS: usize = 300;
    let cache = Arc::new(EndpointCache::new(|_: &Instance| Ok::<_, String>(Counting)));
    // Told before the filter is: the reader leaves while the writer frees what the filter had.
    let (swapped, has_swapped) = unbounded();
    let _watch = watch(&cache, move || swapped.send(now()).unwrap());
    let filter = Rest::of(cache.clone());
    let ((begin, has_begun), (looks, is_looking)) = (unbounded(), unbounded());
    thread::scope(|scope| {
        scope.spawn(move || {
            for () in has_begun {
                let view = filter.endpoints().unwrap();
                looks.send(()).unwrap();
                let since: Instant = has_swapped.recv().unwrap();
                drop(view);
                let ran = DESTRUCTORS.take();
                assert!(ran == 0 || since.elapsed() > LOST_ITS_CORE, "{ran} destructors ran on the reader");
            }
        });
        for round in 0..ROUNDS {
            begin.send(()).unwrap();
            is_looking.recv().unwrap();
            cache.replace((0..4).map(|n| format!("{n}-{round}")));
        }
        drop(begin);
    });
}
