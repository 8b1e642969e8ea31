//! The rows of "Discovery" with DNS behind them.

use std::time::Duration;

use lb_core::{Error, Publisher};
use lb_dnssrv::{DnsSrvPublisher, Refresh};
use lb_test::{Behaviour, DnsServer, Rcode, Record};

use crate::support::{
    AMPLE, NAME, Ticked, addresses, asking, chain, factory, last_error, now, server, wait_until,
};

const FAILING: Behaviour = Behaviour::Fail(Rcode::ServFail);

fn failing() -> DnsServer {
    let server = server(&["a.example."]);
    server.behave(FAILING);
    server
}

#[test]
fn first_lookup_fails_and_the_constructor_returns_the_error() {
    let error = chain(&asking(&failing()).build(factory).expect_err("the lookup fails"));
    assert!(error.contains(NAME) && error.contains("SERVFAIL"), "{error}");
}

#[test]
fn allow_initial_failure_starts_not_ready_and_keeps_trying() {
    let server = failing();
    let every = Refresh::Every(Duration::from_millis(10));
    let publisher =
        asking(&server).refresh(every).allow_initial_failure().build(factory).expect("failure is allowed");
    assert!(matches!(publisher.endpoints(), Err(Error::NotReady)));
    assert!(last_error(&publisher.status()).contains("SERVFAIL"));
    server.behave(Behaviour::Answer);
    publisher.wait_ready(AMPLE).expect("it keeps trying");
    assert_eq!(addresses(&publisher), ["a.example:80"]);
}

#[test]
fn start_returns_at_once_while_the_server_hangs() {
    let server = server(&["a.example."]);
    server.pause();
    let publisher = asking(&server).start(factory).expect("it starts");
    assert!(matches!(publisher.endpoints(), Err(Error::NotReady)));
    assert!(publisher.wait_ready(Duration::from_millis(1)).is_err());
    server.resume();
    publisher.wait_ready(AMPLE).expect("the server answers now");
}

#[test]
fn a_later_lookup_fails_and_the_last_good_set_stays() {
    let server = server(&["a.example."]);
    let mut ticked = Ticked::build(asking(&server));
    for behaviour in [FAILING, Behaviour::Fail(Rcode::Refused), Behaviour::Garbage] {
        server.behave(behaviour);
        ticked.tick(1);
        assert_eq!(ticked.addresses(), ["a.example:80"]);
    }
    assert_eq!(ticked.publisher.status().failures(), 3);
}

#[test]
fn failing_for_longer_than_expire_after_is_an_error_until_it_recovers() {
    let server = server(&["a.example."]);
    let mut ticked = Ticked::build(asking(&server).expire_after(Duration::from_secs(60)));
    server.behave(FAILING);
    ticked.tick(1);
    ticked.tick(30);
    assert_eq!(ticked.addresses(), ["a.example:80"]);
    ticked.tick(31);
    let Err(Error::Discovery { source, .. }) = ticked.publisher.endpoints() else { panic!("it has expired") };
    assert!(chain(source.as_ref()).contains("SERVFAIL"), "{source}");
    server.behave(Behaviour::Answer);
    ticked.tick(1);
    assert_eq!(ticked.addresses(), ["a.example:80"]);
}

#[test]
fn an_unchanged_set_is_not_rebuilt_even_when_the_answer_is_rotated() {
    let server = server(&["a.example.", "b.example.", "c.example."]);
    let mut ticked = Ticked::build(asking(&server));
    let id = ticked.publisher.endpoints().expect("there is a set").id();
    server.set(NAME, ["C", "a", "b"].map(|target| Record::srv(0, 1, 80, &format!("{target}.example."))));
    ticked.tick(1);
    assert_eq!(ticked.publisher.endpoints().expect("there is a set").id(), id);
}

#[test]
fn stop_and_drop_return_promptly_while_a_lookup_hangs() {
    type End = fn(DnsSrvPublisher<String>);
    let ends: [End; 2] = [drop, |publisher| {
        publisher.stop();
        publisher.stop();
    }];
    for end in ends {
        let server = server(&["a.example."]);
        server.pause();
        let queries = server.events();
        let publisher = asking(&server).start(factory).expect("it starts");
        queries.recv_timeout(AMPLE).expect("the lookup is under way");
        let started = now();
        end(publisher);
        // The contract says 100 ms; a loaded machine may take a little longer to run a thread.
        assert!(started.elapsed() < Duration::from_millis(500), "{:?}", started.elapsed());
    }
}

#[test]
fn one_discovery_feeds_several_caches() {
    let server = server(&["a.example."]);
    let mut ticked = Ticked::build(asking(&server));
    let lengths = ticked.publisher.share(|instance: &lb_core::Instance| factory(instance).map(|a| a.len()));
    server.set(NAME, [Record::srv(0, 1, 8080, "b.example.")]);
    ticked.tick(1);
    assert_eq!(addresses(&lengths), ["b.example:8080"]);
    assert_eq!(*lengths.endpoints().expect("there is a set").pick(0).expect("one"), 14);
    assert_eq!(server.count(NAME), 2, "one question for both");
}

#[test]
fn discovery_goes_on_without_traffic_and_status_tells() {
    let server = server(&["a.example."]);
    let every = Refresh::Every(Duration::from_millis(10));
    let publisher = asking(&server).refresh(every).build(factory).expect("it starts");
    let status = wait_until(&publisher, |status| status.refreshes() >= 3);
    assert_eq!((status.instances(), status.failures(), status.skipped()), (1, 0, 0));
    assert!(status.last_success().is_some() && status.last_error().is_none());
}
