//! dnsmasq and knot, the real programs. `cargo test -p lb-dns --test real_servers -- --include-ignored`

#![cfg(feature = "lookup")]

#[path = "support/real_server.rs"]
mod real_server;

use std::fmt::Write as _;
use std::time::Duration;

use lb_core::{BoxError, Instance, Publisher};
use lb_dns::{DnsBuilder, DnsPublisher, OnEmpty, Refresh};
use real_server::{AMPLE, RealServer, wait_until};

/// The name of most tests, and its address in either server's words.
const NAME: &str = "web.test.:80";
const DNSMASQ: &str = "local=/test/\nhost-record=web.test,10.0.0.1\n";
const KNOT: &str = "web A 10.0.0.1\n";
const ADDRESS: &str = "10.0.0.1:80";

fn builder(server: &RealServer, name: &str) -> DnsBuilder {
    DnsPublisher::builder(name).name_server(server.address()).timeout(Duration::from_secs(2))
}

/// Of the name that all servers serve, asked for often.
fn often(server: &RealServer) -> DnsBuilder {
    let builder = builder(server, NAME).timeout(Duration::from_millis(300));
    builder.refresh(Refresh::Every(Duration::from_millis(50)))
}

/// The publisher with all of its first set: where the machine is busy, a part of it is ready sooner.
fn start(builder: DnsBuilder) -> DnsPublisher<Instance> {
    let publisher = builder.start(|instance: &Instance| Ok::<_, BoxError>(instance.clone()));
    let publisher = publisher.expect("the settings are right");
    if let Err(error) = publisher.wait_ready(AMPLE) {
        panic!("no answer: {error}");
    }
    let all = || publisher.status().endpoints() == publisher.status().instances();
    wait_until("every endpoint is made", all);
    publisher
}

fn addresses(publisher: &DnsPublisher<Instance>) -> Vec<String> {
    let endpoints = publisher.endpoints().expect("it is ready");
    endpoints.instances().map(|instance| instance.address().to_owned()).collect()
}

fn wait_for_a_failure(publisher: &DnsPublisher<Instance>) {
    let before = publisher.status().failures();
    wait_until("a failure", || publisher.status().failures() > before);
}

fn wait_for_an_answer(publisher: &DnsPublisher<Instance>) {
    let before = publisher.status().last_success();
    wait_until("an answer", || publisher.status().last_success() > before);
}

#[test]
#[ignore = "needs dnsmasq and knot: .ci/run installs them"]
fn dnsmasq_addresses_of_both_ip_versions_and_no_such_name() {
    let records = "local=/test/\nhost-record=web.test,10.0.0.1,fd00::1\nhost-record=only4.test,10.0.0.2\n";
    let server = RealServer::dnsmasq(records);
    assert_eq!(addresses(&start(builder(&server, NAME))), ["10.0.0.1:80", "[fd00::1]:80"]);
    assert_eq!(addresses(&start(builder(&server, "only4.test.:80"))), ["10.0.0.2:80"]);
    let none = builder(&server, "missing.test.:80").on_empty(OnEmpty::Empty);
    assert!(addresses(&start(none)).is_empty());
}

#[test]
#[ignore = "needs dnsmasq and knot: .ci/run installs them"]
fn a_killed_server_costs_nothing_and_is_followed_when_it_is_back() {
    let servers = [
        (RealServer::dnsmasq(DNSMASQ), "host-record=web.test,10.0.0.9\n"),
        (RealServer::knot(KNOT), "web A 10.0.0.9\n"),
    ];
    for (mut server, other_address) in servers {
        let publisher = start(often(&server));
        server.kill();
        wait_for_a_failure(&publisher);
        assert_eq!(addresses(&publisher), [ADDRESS]);
        server.start_again(other_address);
        wait_until("the new address", || addresses(&publisher) == ["10.0.0.9:80"]);
    }
}

#[test]
#[ignore = "needs dnsmasq and knot: .ci/run installs them"]
fn a_server_that_hangs_costs_nothing_and_is_heard_when_it_goes_on() {
    for server in [RealServer::dnsmasq(DNSMASQ), RealServer::knot(KNOT)] {
        let publisher = start(often(&server));
        server.signal("STOP");
        wait_for_a_failure(&publisher);
        assert_eq!(addresses(&publisher), [ADDRESS]);
        server.signal("CONT");
        wait_for_an_answer(&publisher);
    }
}

#[test]
#[ignore = "needs dnsmasq and knot: .ci/run installs them"]
fn refused_and_servfail_are_failures_that_are_told_by_name_and_keep_the_set() {
    let servers = [
        ("REFUSED", RealServer::dnsmasq(DNSMASQ), "", DNSMASQ),
        ("SERVFAIL", RealServer::knot(KNOT), "web A nonsense\n", KNOT),
    ];
    for (code, mut server, failing, well) in servers {
        let publisher = start(often(&server).on_empty(OnEmpty::Empty));
        server.kill();
        server.start_again(failing);
        let told = || publisher.status().last_error().is_some_and(|error| error.to_string().contains(code));
        wait_until(code, told);
        assert_eq!(addresses(&publisher), [ADDRESS]);
        server.kill();
        server.start_again(well);
        wait_for_an_answer(&publisher);
        let first = builder(&server, "web.broken.:80").build(|_: &Instance| Ok::<_, BoxError>(()));
        let first = first.expect_err("it is not served").to_string();
        assert!(first.contains(code), "{first}");
    }
}

#[test]
#[ignore = "needs dnsmasq and knot: .ci/run installs them"]
fn no_such_name_does_what_on_empty_says() {
    let servers = [(RealServer::dnsmasq(DNSMASQ), "local=/test/\n"), (RealServer::knot(KNOT), "")];
    for (mut server, nothing) in servers {
        let [keeping, patient, emptying, waiting] = [
            OnEmpty::KeepLast,
            OnEmpty::EmptyAfter(Duration::from_secs(3600)),
            OnEmpty::Empty,
            OnEmpty::EmptyAfter(Duration::from_millis(100)),
        ]
        .map(|on_empty| start(often(&server).on_empty(on_empty)));
        server.kill();
        server.start_again(nothing);
        for publisher in [emptying, waiting] {
            wait_until("it is empty", || addresses(&publisher).is_empty());
        }
        for publisher in [keeping, patient] {
            wait_for_an_answer(&publisher);
            assert_eq!(addresses(&publisher), [ADDRESS]);
        }
    }
}

#[test]
#[ignore = "needs dnsmasq and knot: .ci/run installs them"]
fn knot_a_thousand_addresses_over_tcp() {
    let mut zone = String::new();
    for index in 0..1000 {
        writeln!(zone, "web A 10.1.{}.{}", index / 250, index % 250 + 1).expect("a string takes it");
    }
    let server = RealServer::knot(&zone);
    assert_eq!(addresses(&start(builder(&server, NAME))).len(), 1000);
}
