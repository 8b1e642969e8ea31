//! A publisher as the stream that `tower::balance` takes.

mod support;

use std::pin::pin;
use std::sync::{Arc, Mutex, Weak};
use std::task::Poll;

use futures_core::Stream;
use lb_core::{
    EndpointCache, EndpointCell, Endpoints, Error, Factory, Instance, Observer, Observers, Publisher,
};
use lb_tower::DiscoverStream;
use support::{Cache, balance, poll_once, soon};
use tower::discover::Change;
use tower::load::{CompleteOnResponse, PendingRequestsDiscover};
use tower::{Service, ServiceExt};

/// What the stream yields until it has nothing more: `+address` and `-address`, with the host where there is one.
async fn drain<P>(stream: &mut DiscoverStream<P>) -> Vec<String>
where
    P: Publisher<Endpoint: Clone>,
{
    let mut changes = Vec::new();
    loop {
        let next = std::future::poll_fn(|cx| Poll::Ready(pin!(&mut *stream).poll_next(cx))).await;
        let Poll::Ready(change) = next else { return changes };
        let (sign, key) = match change.expect("the stream does not end").unwrap() {
            Change::Insert(key, _) => ('+', key),
            Change::Remove(key) => ('-', key),
        };
        let host = key.instance().host().map(|host| format!(" {host}")).unwrap_or_default();
        changes.push(format!("{sign}{}{host}", key.instance().address()));
    }
}

fn stream<const N: usize>(addresses: [&'static str; N]) -> (DiscoverStream<Cache>, Cache) {
    let (_, cache, _) = balance(addresses);
    (DiscoverStream::new(Arc::clone(&cache)).unwrap(), cache)
}

#[tokio::test(start_paused = true)]
async fn it_begins_with_the_members_of_the_current_set() {
    let (mut stream, _) = stream(["b:80", "a:80"]);
    assert_eq!(drain(&mut stream).await, ["+a:80", "+b:80"]);
    assert!(drain(&mut stream).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn it_tells_the_difference_to_what_it_told_before() {
    let (mut stream, cache) = stream(["a:80", "b:80", "c:80", "d:80"]);
    cache.replace(["b:80", "c:80"]);
    assert_eq!(drain(&mut stream).await, ["+b:80", "+c:80"]);
    cache.replace(["a:80", "c:80", "d:80"]);
    assert_eq!(drain(&mut stream).await, ["+a:80", "-b:80", "+d:80"]);
    cache.replace(Vec::<Instance>::new());
    assert_eq!(drain(&mut stream).await, ["-a:80", "-c:80", "-d:80"]);
}

#[tokio::test(start_paused = true)]
async fn a_change_wakes_its_task() {
    let (mut stream, cache) = stream(["a:80", "b:80"]);
    cache.replace(["a:80"]);
    drain(&mut stream).await;
    let task = tokio::spawn(async move {
        let change = std::future::poll_fn(|cx| pin!(&mut stream).poll_next(cx)).await;
        matches!(change, Some(Ok(Change::Insert(key, _))) if key.instance().address() == "b:80")
    });
    tokio::task::yield_now().await;
    assert!(!task.is_finished());
    std::thread::spawn(move || cache.replace(["a:80", "b:80"])).join().unwrap();
    assert!(soon(task).await.unwrap());
}

/// Makes an endpoint anew when its weight changes.
struct PerWeight;

impl Factory for PerWeight {
    type Endpoint = u32;

    fn create(&self, _: &lb_core::Context, instance: &Instance) -> Result<u32, lb_core::BoxError> {
        Ok(instance.weight())
    }

    fn reusable(&self, old: &Instance, new: &Instance) -> bool {
        old.weight() == new.weight()
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_made_anew_is_removed_and_inserted() {
    let cache = Arc::new(EndpointCache::new(PerWeight));
    let mut stream = DiscoverStream::new(Arc::clone(&cache)).unwrap();
    cache.replace([Instance::new("a:80")]);
    assert_eq!(drain(&mut stream).await, ["+a:80"]);
    cache.replace([Instance::new("a:80").with_priority(1)]);
    assert!(drain(&mut stream).await.is_empty(), "the endpoint is the same");
    cache.replace([Instance::new("a:80").with_weight(2)]);
    cache.replace([Instance::new("a:80").with_weight(1)]);
    assert_eq!(drain(&mut stream).await, ["-a:80", "+a:80"]);
}

#[tokio::test(start_paused = true)]
async fn members_are_keyed_by_address_and_host() {
    let cache = Arc::new(EndpointCache::new(PerWeight));
    let mut stream = DiscoverStream::new(Arc::clone(&cache)).unwrap();
    let at = |host: &str| Instance::new("1.2.3.4:80").with_host(host);
    cache.replace([at("b.example"), at("a.example"), Instance::new("1.2.3.4:80")]);
    assert_eq!(drain(&mut stream).await, ["+1.2.3.4:80", "+1.2.3.4:80 a.example", "+1.2.3.4:80 b.example"]);
    cache.replace([at("a.example")]);
    assert_eq!(drain(&mut stream).await, ["-1.2.3.4:80", "-1.2.3.4:80 b.example"]);
}

/// Fails when told to.
struct Failing {
    cell: EndpointCell<u32>,
    failure: Mutex<Option<Error>>,
    observers: Observers,
}

impl Failing {
    fn set_failure(&self, failure: Option<Error>) {
        *self.failure.lock().unwrap() = failure;
        self.observers.notify();
    }
}

impl Publisher for Failing {
    type Endpoint = u32;

    fn endpoints(&self) -> Result<Endpoints<u32>, Error> {
        self.failure.lock().unwrap().clone().map_or_else(|| Ok(self.cell.load()), Err)
    }

    fn subscribe(&self, observer: Weak<dyn Observer>) -> bool {
        self.observers.subscribe(observer);
        true
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_publisher_counts_as_an_empty_set_and_ends_nothing() {
    let publisher = Arc::new(Failing {
        cell: EndpointCell::new(lb_core::EndpointSet::new([(Instance::new("a:80"), 1)])),
        failure: Mutex::new(Some(Error::NotReady)),
        observers: Observers::new(),
    });
    let mut stream = DiscoverStream::new(Arc::clone(&publisher)).unwrap();
    assert!(drain(&mut stream).await.is_empty());
    publisher.set_failure(None);
    assert_eq!(drain(&mut stream).await, ["+a:80"]);
    publisher.set_failure(Some(Error::discovery("service", std::fmt::Error)));
    assert_eq!(drain(&mut stream).await, ["-a:80"]);
    publisher.set_failure(None);
    assert_eq!(drain(&mut stream).await, ["+a:80"]);
}

/// Has the trait's own `subscribe`.
struct Mute;

impl Publisher for Mute {
    type Endpoint = u32;

    fn endpoints(&self) -> Result<Endpoints<u32>, Error> {
        Err(Error::NotReady)
    }
}

#[test]
fn a_publisher_that_cannot_notify_is_refused() {
    let error = DiscoverStream::new(Mute).err().unwrap();
    assert_eq!(error.to_string(), "the publisher does not notify: its subscribe() returned false");
}

#[tokio::test(start_paused = true)]
async fn tower_balance_is_fed_by_it() {
    let (stream, cache) = stream(["a:80", "b:80"]);
    cache.replace(["a:80"]);
    let discover = PendingRequestsDiscover::new::<()>(stream, CompleteOnResponse::default());
    let mut balance = tower::balance::p2c::Balance::<_, ()>::new(discover);
    assert_eq!(soon(balance.ready()).await.unwrap().call(()).await.unwrap(), "a:80");
    cache.replace(["b:80"]);
    assert_eq!(soon(balance.ready()).await.unwrap().call(()).await.unwrap(), "b:80");
    cache.replace(Vec::<Instance>::new());
    let mut nobody = Box::pin(balance.ready());
    assert!(poll_once(nobody.as_mut()).await.is_pending(), "tower's own answer to an empty set");
}
