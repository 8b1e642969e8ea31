//! DESIGN section 5, discovery: "first lookup fails", and what a publisher does until it has an answer.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, Wake, Waker};
use std::time::Duration;

use crate::common::{LONG, echo, refreshed, script, set};
use crossbeam_channel::{Sender, unbounded};
use lb_core::{Error, Publisher};
use lb_discovery::{Answer, DiscoveryError, DiscoveryPublisher, OnEmpty, Refresh};

const SOON: Duration = Duration::from_millis(1);

#[test]
fn build_waits_for_the_first_answer() {
    let (script, source) = script();
    script.answer(["a:80", "b:80"]);
    let publisher = DiscoveryPublisher::builder("x", source).build(echo).unwrap();
    assert_eq!(set(&publisher), "a:80 b:80");
    let status = publisher.status();
    assert_eq!((status.instances(), status.refreshes(), status.failures()), (2, 1, 0));
    assert!(status.last_success().is_some() && status.last_error().is_none());
    assert!(status.next_refresh().is_some());
}

#[test]
fn first_lookup_fails_build_returns_the_error() {
    let (script, source) = script();
    script.fail("no route");
    let error = DiscoveryPublisher::builder("x", source).build(echo).unwrap_err();
    assert!(matches!(error, DiscoveryError::First { .. }), "{error:?}");
    assert_eq!(error.to_string(), "the first discovery of x failed: no route");
    script.dropped();
}

#[test]
fn first_lookup_panics_build_returns_the_error() {
    let (script, source) = script();
    script.panic();
    let error = DiscoveryPublisher::builder("x", source).build(echo).unwrap_err();
    assert_eq!(error.to_string(), "the first discovery of x failed: the source panicked: scripted");
}

#[test]
fn first_lookup_fails_allowed_it_is_not_ready_and_keeps_trying() {
    let (script, source) = script();
    script.fail("no route");
    let publisher = DiscoveryPublisher::builder("x", source)
        .allow_initial_failure()
        .backoff(SOON, SOON)
        .build(echo)
        .unwrap();
    assert!(matches!(publisher.endpoints(), Err(Error::NotReady)));
    script.fail("no route yet");
    refreshed(&publisher, 2);
    assert!(matches!(publisher.endpoints(), Err(Error::NotReady)));
    script.answer(["a:80"]);
    publisher.wait_ready(LONG).unwrap();
    assert_eq!(set(&publisher), "a:80");
}

#[test]
fn start_returns_at_once_and_is_not_ready() {
    let (script, source) = script();
    let publisher = DiscoveryPublisher::builder("x", source).backoff(SOON, SOON).start(echo).unwrap();
    script.asked();
    assert!(matches!(publisher.endpoints(), Err(Error::NotReady)));
    assert_eq!(publisher.status().next_refresh(), None, "the source is being asked");
    script.fail("no route");
    script.answer(["a:80"]);
    publisher.wait_ready(LONG).unwrap();
    assert_eq!(set(&publisher), "a:80");
}

#[test]
fn wait_ready_returns_the_last_error_when_time_runs_out() {
    let (script, source) = script();
    let publisher = DiscoveryPublisher::builder("x", source).backoff(SOON, SOON).start(echo).unwrap();
    let error = publisher.wait_ready(SOON).unwrap_err();
    assert_eq!(error.to_string(), "x was not ready within 1ms");
    script.fail("no route");
    refreshed(&publisher, 1);
    let error = publisher.wait_ready(SOON).unwrap_err();
    assert_eq!(error.to_string(), "x was not ready within 1ms: no route");
}

#[test]
fn wait_ready_returns_the_last_error_when_stopped() {
    let (script, source) = script();
    script.fail("no route");
    let publisher = DiscoveryPublisher::builder("x", source).backoff(SOON, SOON).start(echo).unwrap();
    refreshed(&publisher, 1);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| publisher.wait_ready(Duration::MAX));
        publisher.stop();
        let error = waiting.join().unwrap().unwrap_err();
        assert!(matches!(error, DiscoveryError::Stopped { .. }), "{error:?}");
        assert_eq!(error.to_string(), "the discovery of x was stopped: no route");
    });
}

#[test]
fn an_empty_first_answer_is_a_known_and_empty_set() {
    let (script, source) = script();
    script.answer([]);
    let publisher = DiscoveryPublisher::builder("x", source).on_empty(OnEmpty::Empty).build(echo).unwrap();
    assert!(publisher.endpoints().unwrap().is_empty());
    publisher.wait_ready(SOON).unwrap();
}

#[test]
fn case_23_a_first_answer_without_records_is_an_error_that_names_name_and_reason_once() {
    let (script, source) = script();
    script.reply(Answer::default().because("no such name"));
    let error = DiscoveryPublisher::builder("_http._tcp.api.test", source).build(echo).unwrap_err();
    assert!(matches!(error, DiscoveryError::NoRecords { .. }), "{error:?}");
    assert_eq!(error.to_string(), "_http._tcp.api.test: no such name");
}

#[test]
fn case_23_allowed_it_starts_as_not_ready_and_becomes_ready_with_records() {
    let (script, source) = script();
    script.reply(Answer::default().because("no such name"));
    let publisher = DiscoveryPublisher::builder("x", source)
        .allow_initial_failure()
        .backoff(SOON, SOON)
        .build(echo)
        .unwrap();
    assert!(matches!(publisher.endpoints(), Err(Error::NotReady)));
    let error = publisher.wait_ready(SOON).unwrap_err();
    assert_eq!(error.to_string(), "x was not ready within 1ms: no such name");
    script.answer(["a:80"]);
    publisher.wait_ready(LONG).unwrap();
    assert_eq!(set(&publisher), "a:80");
}

#[test]
fn case_23_with_the_other_settings_and_when_it_is_meant_it_is_an_empty_set() {
    for (on_empty, answer) in [
        (OnEmpty::Empty, Answer::default()),
        (OnEmpty::EmptyAfter(LONG), Answer::default()),
        (OnEmpty::KeepLast, Answer::no_service()),
    ] {
        let (script, source) = script();
        script.reply(answer);
        let publisher = DiscoveryPublisher::builder("x", source).on_empty(on_empty).build(echo).unwrap();
        assert!(publisher.endpoints().unwrap().is_empty(), "{on_empty:?}");
    }
}

#[test]
fn a_first_answer_that_nothing_has_changed_is_a_failure() {
    let (script, source) = script();
    script.reply(Answer::unchanged());
    let error = DiscoveryPublisher::builder("x", source).build(echo).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"the first discovery of x failed: the first answer cannot be "unchanged""#
    );
}

/// Sends a message when it is woken.
struct Woken(Sender<()>);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        let _ = self.0.send(());
    }
}

#[test]
fn ready_is_woken_by_the_answer_without_a_runtime() {
    let (script, source) = script();
    let publisher = DiscoveryPublisher::builder("x", source).start(echo).unwrap();
    let (sender, woken) = unbounded();
    let waker = Waker::from(Arc::new(Woken(sender)));
    let mut cx = std::task::Context::from_waker(&waker);
    let mut ready = pin!(publisher.ready());
    assert!(ready.as_mut().poll(&mut cx).is_pending());
    assert!(ready.as_mut().poll(&mut cx).is_pending(), "polled again, it waits once");
    script.answer(["a:80"]);
    woken.recv_timeout(LONG).unwrap();
    assert!(matches!(ready.as_mut().poll(&mut cx), Poll::Ready(Ok(()))));
    assert_eq!(set(&publisher), "a:80");
    assert!(woken.try_recv().is_err(), "woken once");
}

/// A waker that does not work.
struct Broken;

impl Wake for Broken {
    fn wake(self: Arc<Self>) {
        panic!("out of order");
    }
}

#[test]
fn a_waker_that_panics_neither_ends_discovery_nor_keeps_the_others_asleep() {
    let (script, source) = script();
    let publisher =
        DiscoveryPublisher::builder("x", source).refresh(Refresh::Every(SOON)).start(echo).unwrap();
    let (sender, woken) = unbounded();
    let wakers = [Waker::from(Arc::new(Broken)), Waker::from(Arc::new(Woken(sender)))];
    let mut ready = [publisher.ready(), publisher.ready()];
    for (ready, waker) in ready.iter_mut().zip(&wakers) {
        assert!(pin!(ready).poll(&mut std::task::Context::from_waker(waker)).is_pending());
    }
    script.answer(["a:80"]);
    woken.recv_timeout(LONG).unwrap();
    script.answer(["b:80"]);
    refreshed(&publisher, 2);
    assert_eq!(set(&publisher), "b:80");
}

#[test]
fn ready_ends_with_the_last_error_when_stopped() {
    let (script, source) = script();
    script.fail("no route");
    let (ticks, on) = unbounded();
    let publisher = DiscoveryPublisher::builder("x", source).refresh(Refresh::On(on)).start(echo).unwrap();
    refreshed(&publisher, 1);
    let (sender, woken) = unbounded();
    let waker = Waker::from(Arc::new(Woken(sender)));
    let mut cx = std::task::Context::from_waker(&waker);
    let mut ready = pin!(publisher.ready());
    assert!(ready.as_mut().poll(&mut cx).is_pending());
    publisher.stop();
    woken.recv_timeout(LONG).unwrap();
    match ready.as_mut().poll(&mut cx) {
        Poll::Ready(Err(error)) => assert_eq!(error.to_string(), "the discovery of x was stopped: no route"),
        other => panic!("{other:?}"),
    }
    drop(ticks);
}

#[test]
fn ready_dropped_half_way_forgets_its_waker() {
    let (script, source) = script();
    let publisher = DiscoveryPublisher::builder("x", source).start(echo).unwrap();
    let (sender, woken) = unbounded();
    let waker = Waker::from(Arc::new(Woken(sender)));
    let mut ready = Box::pin(publisher.ready());
    assert!(ready.as_mut().poll(&mut std::task::Context::from_waker(&waker)).is_pending());
    drop(ready);
    drop(waker);
    assert!(
        matches!(woken.try_recv(), Err(crossbeam_channel::TryRecvError::Disconnected)),
        "nobody holds it"
    );
    script.answer(["a:80"]);
    publisher.wait_ready(LONG).unwrap();
}
