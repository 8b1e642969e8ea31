//! dnsmasq and knot, the real programs. `cargo test -p lb-dnssrv --test real_servers -- --include-ignored`

#[path = "../../lb-dns/tests/support/real_server.rs"]
mod real_server;

use std::fmt::Write as _;
use std::time::Duration;

use lb_core::{BoxError, Instance, Publisher};
use lb_dnssrv::{DnsSrvBuilder, DnsSrvPublisher, OnEmpty, Refresh};
use real_server::{AMPLE, RealServer, wait_until};

/// The name of most tests, and its record in either server's words.
const NAME: &str = "_http._tcp.test.";
const DNSMASQ: &str = "srv-host=_http._tcp.test,a.test,80\n";
const KNOT: &str = "_http._tcp SRV 0 1 80 a\n";
const ADDRESS: &str = "a.test:80";

fn builder(server: &RealServer, name: &str) -> DnsSrvBuilder {
    DnsSrvPublisher::builder(name).name_server(server.address()).timeout(Duration::from_secs(2))
}

/// Of the name that most servers serve, asked for often.
fn often(server: &RealServer) -> DnsSrvBuilder {
    let builder = builder(server, NAME).timeout(Duration::from_millis(300));
    builder.refresh(Refresh::Every(Duration::from_millis(50)))
}

/// The publisher with all of its first set: where the machine is busy, a part of it is ready sooner.
fn start(builder: DnsSrvBuilder) -> DnsSrvPublisher<Instance> {
    let publisher = builder.start(|instance: &Instance| Ok::<_, BoxError>(instance.clone()));
    let publisher = publisher.expect("the settings are right");
    if let Err(error) = publisher.wait_ready(AMPLE) {
        panic!("no answer: {error}");
    }
    let all = || publisher.status().endpoints() == publisher.status().instances();
    wait_until("every endpoint is made", all);
    publisher
}

fn instances(publisher: &DnsSrvPublisher<Instance>) -> Vec<Instance> {
    publisher.endpoints().expect("it is ready").instances().cloned().collect()
}

fn addresses(publisher: &DnsSrvPublisher<Instance>) -> Vec<String> {
    instances(publisher).iter().map(|instance| instance.address().to_owned()).collect()
}

fn wait_for_a_failure(publisher: &DnsSrvPublisher<Instance>) {
    let before = publisher.status().failures();
    wait_until("a failure", || publisher.status().failures() > before);
}

fn wait_for_an_answer(publisher: &DnsSrvPublisher<Instance>) {
    let before = publisher.status().last_success();
    wait_until("an answer", || publisher.status().last_success() > before);
}

#[test]
#[ignore = "needs dnsmasq and knot: .ci/run installs them"]
fn dnsmasq_srv_hosts_with_a_ttl_of_zero() {
    let server = RealServer::dnsmasq(
        "local=/test/\nsrv-host=_http._tcp.test,a.test,8080,1,5\nsrv-host=_http._tcp.test,b.test,8081,2,7\n\
         host-record=a.test,10.0.0.1,fd00::1\nhost-record=b.test,10.0.0.2\n",
    );
    let min = Duration::from_secs(3);
    let publisher = start(builder(&server, NAME).refresh(Refresh::Ttl { min, max: AMPLE }));
    let instances = instances(&publisher);
    let rated: Vec<_> = instances.iter().map(|i| (i.address(), i.priority(), i.weight())).collect();
    assert_eq!(rated, [("a.test:8080", 1, 5), ("b.test:8081", 2, 7)]);
    let status = publisher.status();
    let pause = status.next_refresh().expect("planned") - status.last_success().expect("it answered");
    assert!((min..min + Duration::from_secs(1)).contains(&pause), "{pause:?}");
    let resolved = addresses(&start(builder(&server, NAME).resolve_targets(true)));
    assert_eq!(resolved, ["10.0.0.1:8080", "10.0.0.2:8081", "[fd00::1]:8080"]);
}

#[test]
#[ignore = "needs dnsmasq and knot: .ci/run installs them"]
fn dnsmasq_says_no_service_with_the_root_and_no_such_name_with_nxdomain() {
    let server = RealServer::dnsmasq("local=/test/\nsrv-host=_none._tcp.test\n");
    for name in ["_none._tcp.test.", "_missing._tcp.test."] {
        assert!(addresses(&start(builder(&server, name).on_empty(OnEmpty::Empty))).is_empty(), "{name}");
    }
}

#[test]
#[ignore = "needs dnsmasq and knot: .ci/run installs them"]
fn knot_aliases_within_a_zone_and_out_of_it() {
    let server = RealServer::knot(
        "_http._tcp SRV 0 1 80 A.test.\nalias CNAME _http._tcp.test.\nabroad CNAME _http._tcp.other.\n",
    );
    assert_eq!(addresses(&start(builder(&server, "Alias.Test."))), ["a.test:80"]);
    assert_eq!(addresses(&start(builder(&server, "abroad.test."))), ["elsewhere.other:80"]);
}

#[test]
#[ignore = "needs dnsmasq and knot: .ci/run installs them"]
fn knot_addresses_that_come_along_and_those_that_do_not() {
    let server = RealServer::knot(
        "_http._tcp SRV 0 1 80 a\n_http._tcp SRV 0 1 81 a\n_http._tcp SRV 0 1 80 alias\n\
         a A 10.0.0.1\na AAAA fd00::1\nb A 10.0.0.2\nalias CNAME b\n",
    );
    let instances = instances(&start(builder(&server, NAME).resolve_targets(true)));
    let all: Vec<_> = instances.iter().map(|i| (i.address(), i.host())).collect();
    let (a, alias) = (Some("a.test"), Some("alias.test"));
    let expected = [
        ("10.0.0.1:80", a),
        ("10.0.0.1:81", a),
        ("10.0.0.2:80", alias),
        ("[fd00::1]:80", a),
        ("[fd00::1]:81", a),
    ];
    assert_eq!(all, expected);
}

#[test]
#[ignore = "needs dnsmasq and knot: .ci/run installs them"]
fn a_killed_server_costs_nothing_and_is_followed_when_it_is_back() {
    let servers = [
        (RealServer::dnsmasq(DNSMASQ), "srv-host=_http._tcp.test,b.test,80\n"),
        (RealServer::knot(KNOT), "_http._tcp SRV 0 1 80 b\n"),
    ];
    for (mut server, other_target) in servers {
        let publisher = start(often(&server));
        server.kill();
        wait_for_a_failure(&publisher);
        assert_eq!(addresses(&publisher), [ADDRESS]);
        server.start_again(other_target);
        wait_until("the new target", || addresses(&publisher) == ["b.test:80"]);
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
fn servfail_keeps_the_set_and_no_such_name_does_what_on_empty_says() {
    let (forever, a_while) = (Duration::from_secs(3600), Duration::from_millis(100));
    let mut server = RealServer::knot(KNOT);
    let [keeping, patient, emptying, waiting] =
        [OnEmpty::KeepLast, OnEmpty::EmptyAfter(forever), OnEmpty::Empty, OnEmpty::EmptyAfter(a_while)]
            .map(|on_empty| start(often(&server).on_empty(on_empty)));
    server.kill();
    server.start_again("_http._tcp SRV nonsense\n");
    for publisher in [&keeping, &patient, &emptying, &waiting] {
        let told =
            || publisher.status().last_error().is_some_and(|error| error.to_string().contains("SERVFAIL"));
        wait_until("SERVFAIL", told);
        assert_eq!(addresses(publisher), [ADDRESS]);
    }
    server.reload("");
    for publisher in [emptying, waiting] {
        wait_until("it is empty", || addresses(&publisher).is_empty());
    }
    for publisher in [keeping, patient] {
        wait_for_an_answer(&publisher);
        assert_eq!(addresses(&publisher), [ADDRESS]);
    }
}

#[test]
#[ignore = "needs dnsmasq and knot: .ci/run installs them"]
fn knot_a_thousand_records_over_tcp() {
    let mut zone = String::new();
    for index in 0..1000 {
        writeln!(zone, "_http._tcp SRV 0 1 {} instance-{index}", 1000 + index).expect("a string takes it");
    }
    let server = RealServer::knot(&zone);
    assert_eq!(addresses(&start(builder(&server, NAME))).len(), 1000);
}

#[test]
#[ignore = "needs dnsmasq and knot: .ci/run installs them"]
fn case_25_dnsmasq_with_more_records_than_a_message_can_carry() {
    let mut lines = String::new();
    for index in 0..2300 {
        writeln!(lines, "srv-host=_http._tcp.test,instance-{index:04}.test,80").expect("a string takes it");
    }
    let server = RealServer::dnsmasq(&lines);
    let found = addresses(&start(builder(&server, NAME))).len();
    assert!((1000..=2300).contains(&found), "{found}");
}

#[test]
#[ignore = "needs dnsmasq and knot: .ci/run installs them"]
fn case_18_dnsmasq_with_more_addresses_than_come_along_is_one_stable_set() {
    let mut lines = "local=/test/\n".to_owned();
    for index in 0..15 {
        writeln!(lines, "srv-host=_http._tcp.test,target-{index}.test,80").expect("a string takes it");
        for last in 1..=3 {
            writeln!(lines, "host-record=target-{index}.test,10.0.{index}.{last}")
                .expect("a string takes it");
        }
    }
    let server = RealServer::dnsmasq(&lines);
    let builder = builder(&server, NAME).resolve_targets(true);
    let publisher = start(builder.refresh(Refresh::Every(Duration::from_millis(10))));
    let id = publisher.endpoints().expect("it is ready").id();
    wait_until("fifty refreshes", || publisher.status().refreshes() >= 50);
    let endpoints = publisher.endpoints().expect("it is ready");
    assert_eq!((endpoints.len(), endpoints.id()), (45, id));
}
