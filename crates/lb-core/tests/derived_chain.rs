//! `Derived` upon `Derived`: a filter over a filter, as users write them.

#[path = "support/watch.rs"]
mod watch;

use std::sync::{Arc, Barrier, Mutex, Weak};
use std::thread;

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
        Self(Derived::new(publisher, |set| EndpointCell::new(set.select(1..set.len()))))
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
