//! One discovery feeds several caches.

use crossbeam_channel::{Sender, unbounded};
use lb_core::{BoxError, Error, Instance, Publisher};
use lb_discovery::{DiscoveryPublisher, Refresh};

use crate::common::{self, Script, echo, observe, refreshed, script, set};

fn ticking() -> (Script, Sender<std::time::Instant>, DiscoveryPublisher<String>) {
    let (script, source) = script();
    let (ticks, on) = unbounded();
    script.answer(["a:80"]);
    let publisher = DiscoveryPublisher::builder("x", source).refresh(Refresh::On(on)).build(echo).unwrap();
    (script, ticks, publisher)
}

/// The endpoint of an instance is the length of its address.
#[expect(clippy::unnecessary_wraps, reason = "a factory returns a result")]
fn length(instance: &Instance) -> Result<usize, BoxError> {
    Ok(instance.address().len())
}

#[test]
fn a_shared_publisher_has_endpoints_of_its_own_and_the_set_at_once() {
    let (script, ticks, first) = ticking();
    let second: DiscoveryPublisher<usize> = first.share(length);
    assert_eq!(*second.endpoints().unwrap().pick(0).unwrap(), 4);
    let (_observer, told) = observe(&second);
    script.answer(["a:80", "bcd:80"]);
    ticks.send(common::now()).unwrap();
    refreshed(&first, 2);
    assert_eq!((set(&first).as_str(), set(&second).as_str()), ("a:80 bcd:80", "a:80 bcd:80"));
    assert_eq!(told.len(), 1);
    assert_eq!(second.status().refreshes(), 2, "one source, asked once each time");
}

#[test]
fn a_shared_publisher_is_not_ready_before_the_first_answer() {
    let (script, source) = script();
    let first = DiscoveryPublisher::builder("x", source).start(echo).unwrap();
    let second = first.share(length);
    assert!(matches!(second.endpoints(), Err(Error::NotReady)));
    script.answer(["a:80"]);
    second.wait_ready(common::LONG).unwrap();
    assert_eq!(set(&second), "a:80");
}

#[test]
fn discovery_ends_when_the_last_publisher_is_dropped() {
    let (script, ticks, first) = ticking();
    let second = first.share(length);
    drop(first);
    script.answer(["b:80"]);
    ticks.send(common::now()).unwrap();
    refreshed(&second, 2);
    assert_eq!(set(&second), "b:80");
    drop(second);
    script.dropped();
}

#[test]
fn a_dropped_publisher_lets_go_of_its_endpoints_at_once() {
    let (_script, _ticks, first) = ticking();
    let (sender, dropped) = unbounded::<()>();
    let second = first.share(move |_: &Instance| Ok::<_, BoxError>(sender.clone()));
    drop(second);
    let left = dropped.try_recv();
    assert_eq!(left, Err(crossbeam_channel::TryRecvError::Disconnected), "endpoints and factory");
}

#[test]
fn stopping_one_stops_all_and_their_sets_stay() {
    let (script, _ticks, first) = ticking();
    let second = first.share(length);
    second.stop();
    script.dropped();
    assert_eq!((set(&first).as_str(), set(&second).as_str()), ("a:80", "a:80"));
    assert_eq!(set(&first.share(length)), "a:80", "shared later, with what was known");
}
