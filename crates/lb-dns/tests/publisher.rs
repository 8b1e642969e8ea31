//! `DnsPublisher` against the in-process DNS server.

#![cfg(feature = "lookup")]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use lb_core::{BoxError, Instance, Publisher};
use lb_dns::{DnsBuilder, DnsError, DnsPublisher, Families, OnEmpty, Refresh, Status};
use lb_test::{Behaviour, DnsServer, Kind, Rcode, Record};

const NAME: &str = "web.example.";
const AMPLE: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(300);
const V6: [u16; 8] = [0xfd00, 0, 0, 0, 0, 0, 0, 1];

#[expect(clippy::unnecessary_wraps, reason = "a factory may fail")]
fn factory(instance: &Instance) -> Result<String, BoxError> {
    Ok(instance.address().to_owned())
}

#[expect(clippy::disallowed_methods, reason = "tests stand outside")]
fn now() -> Instant {
    Instant::now()
}

fn server(records: impl IntoIterator<Item = Record>) -> DnsServer {
    let server = DnsServer::start().expect("a DNS server starts");
    server.set(NAME, records);
    server
}

fn asking(server: &DnsServer) -> DnsBuilder {
    asking_for("web.example.:80", server.address())
}

fn asking_for(name: &str, server: SocketAddr) -> DnsBuilder {
    DnsPublisher::builder(name).timeout(AMPLE).resolv_conf("/nonexistent/resolv.conf").name_server(server)
}

fn addresses(publisher: &DnsPublisher<String>) -> Vec<String> {
    let endpoints = publisher.endpoints().expect("there is a set");
    endpoints.instances().map(|instance| instance.address().to_owned()).collect()
}

/// A publisher whose time passes only when a test says so.
struct Ticked {
    publisher: DnsPublisher<String>,
    ticks: Sender<Instant>,
    now: Instant,
}

impl Ticked {
    fn build(builder: DnsBuilder) -> Self {
        let (ticks, receiver) = crossbeam_channel::unbounded();
        let publisher = builder.refresh(Refresh::On(receiver)).build(factory).expect("it starts");
        Self { publisher, ticks, now: now() }
    }

    fn tick(&mut self, seconds: u64) -> Status {
        let before = self.publisher.status().refreshes();
        self.now += Duration::from_secs(seconds);
        self.ticks.send(self.now).expect("it runs");
        let started = now();
        loop {
            let status = self.publisher.status();
            if status.refreshes() > before {
                return status;
            }
            assert!(started.elapsed() < AMPLE, "the refresh never ended");
            std::thread::park_timeout(Duration::from_millis(1));
        }
    }
}

#[test]
fn each_address_is_an_instance_with_the_name_as_its_host() {
    let server = server([Record::a([10, 0, 0, 2]), Record::a([10, 0, 0, 1]), Record::aaaa(V6)]);
    let publisher = asking_for("Web.Example.:80", server.address()).build(factory).expect("it starts");
    let endpoints = publisher.endpoints().expect("there is a set");
    let all: Vec<_> = endpoints.instances().map(|i| (i.address(), i.host())).collect();
    let host = Some("web.example");
    assert_eq!(all, [("10.0.0.1:80", host), ("10.0.0.2:80", host), ("[fd00::1]:80", host)]);
}

#[test]
fn one_ip_version_may_be_chosen_or_preferred() {
    let server = server([Record::a([10, 0, 0, 1]), Record::aaaa(V6)]);
    let (v4, v6) = ("10.0.0.1:80", "[fd00::1]:80");
    let cases: [(Families, &[&str], usize); 5] = [
        (Families::Both, &[v4, v6], 2),
        (Families::V4, &[v4], 1),
        (Families::V6, &[v6], 1),
        (Families::PreferV4, &[v4], 2),
        (Families::PreferV6, &[v6], 2),
    ];
    for (families, expected, questions) in cases {
        let before = server.queries().len();
        let publisher = asking(&server).families(families).build(factory).expect("it starts");
        assert_eq!(addresses(&publisher), expected, "{families:?}");
        assert_eq!(server.queries().len() - before, questions, "{families:?}");
    }
}

#[test]
fn addresses_that_come_and_go_are_followed_and_an_unchanged_set_is_not_rebuilt() {
    let server = server([Record::a([10, 0, 0, 1]), Record::a([10, 0, 0, 2])]);
    let mut ticked = Ticked::build(asking(&server));
    let id = ticked.publisher.endpoints().expect("there is a set").id();
    server.set(NAME, [Record::a([10, 0, 0, 2]), Record::a([10, 0, 0, 1])]);
    ticked.tick(1);
    assert_eq!(ticked.publisher.endpoints().expect("there is a set").id(), id);
    server.set(NAME, [Record::a([10, 0, 0, 2]), Record::a([10, 0, 0, 3])]);
    ticked.tick(1);
    assert_eq!(addresses(&ticked.publisher), ["10.0.0.2:80", "10.0.0.3:80"]);
}

#[test]
fn a_refresh_follows_the_shortest_ttl() {
    let server = server([Record::a([10, 0, 0, 1]).with_ttl(9), Record::aaaa(V6).with_ttl(7)]);
    let refresh = Refresh::Ttl { min: Duration::from_secs(2), max: AMPLE };
    let publisher = asking(&server).refresh(refresh).build(factory).expect("it starts");
    let status = publisher.status();
    let pause = status.next_refresh().expect("planned") - status.last_success().expect("it answered");
    assert!((Duration::from_secs(2)..Duration::from_secs(8)).contains(&pause), "{pause:?}");
}

#[test]
fn failures_keep_the_last_set() {
    let server = server([Record::a([10, 0, 0, 1])]);
    let mut ticked = Ticked::build(asking(&server).timeout(SHORT));
    let failures = [Behaviour::Fail(Rcode::ServFail), Behaviour::Fail(Rcode::Refused), Behaviour::Drop];
    for (count, behaviour) in (1..).zip(failures) {
        server.behave(behaviour);
        assert_eq!(ticked.tick(1).failures(), count, "{behaviour:?}");
        assert_eq!(addresses(&ticked.publisher), ["10.0.0.1:80"], "{behaviour:?}");
    }
    server.behave(Behaviour::Answer);
    assert_eq!(ticked.tick(1).failures(), 3);
}

#[test]
fn no_such_name_does_what_on_empty_says() {
    for (on_empty, left) in [(OnEmpty::KeepLast, 1), (OnEmpty::Empty, 0)] {
        let server = server([Record::a([10, 0, 0, 1])]);
        let mut ticked = Ticked::build(asking(&server).on_empty(on_empty));
        server.remove(NAME);
        assert_eq!(ticked.tick(1).failures(), 0);
        assert_eq!(addresses(&ticked.publisher).len(), left);
    }
}

#[test]
fn case_24_a_silent_ip_version_costs_one_timeout_and_then_rests() {
    let server = DnsServer::start().expect("a DNS server starts");
    server.set(NAME, [Record::a([10, 0, 0, 1])]);
    server.behave_for_kind(Kind::Aaaa, Behaviour::Drop);
    let started = now();
    let mut ticked = Ticked::build(asking(&server).timeout(SHORT));
    assert_eq!(addresses(&ticked.publisher), ["10.0.0.1:80"]);
    let first = started.elapsed();
    assert!(first >= SHORT && first < SHORT * 3, "{first:?}");
    let started = now();
    for _ in 0..10 {
        assert_eq!(ticked.tick(1).failures(), 0);
    }
    assert!(started.elapsed() < SHORT * 2, "ten refreshes cost {:?}", started.elapsed());
}

#[test]
fn addresses_that_were_known_stay_while_their_ip_version_is_not_answered() {
    let server = server([Record::a([10, 0, 0, 1]), Record::aaaa(V6)]);
    let mut ticked = Ticked::build(asking(&server).timeout(SHORT));
    for behaviour in [Behaviour::Fail(Rcode::ServFail), Behaviour::Drop] {
        server.behave_for_kind(Kind::Aaaa, behaviour);
        assert_eq!(ticked.tick(1).failures(), 0);
        assert_eq!(addresses(&ticked.publisher), ["10.0.0.1:80", "[fd00::1]:80"], "{behaviour:?}");
    }
    assert_eq!(ticked.tick(1).failures(), 0);
    assert_eq!(addresses(&ticked.publisher), ["10.0.0.1:80", "[fd00::1]:80"], "while it rests");
}

#[test]
fn case_31e_addresses_of_nobody_are_skipped_and_counted() {
    let server = server([Record::a([0, 0, 0, 0]), Record::a([224, 0, 0, 1]), Record::a([10, 0, 0, 1])]);
    let publisher = asking(&server).build(factory).expect("it starts");
    assert_eq!(addresses(&publisher), ["10.0.0.1:80"]);
    assert_eq!(publisher.status().skipped(), 2);
}

#[test]
fn case_26_an_address_keeps_its_zone() {
    let builder = DnsPublisher::builder("[fe80::1%7]:80").resolv_conf("/nonexistent/resolv.conf");
    let publisher = builder.build(factory).expect("nobody is asked");
    assert_eq!(addresses(&publisher), ["[fe80::1%7]:80"]);
}

#[test]
fn case_31e_an_address_of_nobody_is_refused_with_its_rule() {
    for name in ["0.0.0.0:80", "[::]:80", "224.0.0.1:80", "[ff02::1]:80", "255.255.255.255:80"] {
        let error = DnsPublisher::builder(name).build(factory).expect_err(name);
        assert!(matches!(error, DnsError::InvalidName { .. }), "{name}: {error}");
    }
}

#[test]
fn case_30_an_address_needs_no_lookup() {
    for name in ["10.0.0.7:80", "[::1]:80"] {
        let publisher = DnsPublisher::new(name, AMPLE, factory).expect("it starts");
        assert_eq!(addresses(&publisher), [name]);
    }
}

#[test]
fn a_thousand_addresses_come_over_tcp() {
    let server = server((0..1000_u16).map(|index| {
        let [high, low] = index.to_be_bytes();
        Record::a([10, 0, high, low])
    }));
    let publisher = asking(&server).build(factory).expect("it starts");
    assert_eq!(publisher.status().instances(), 1000);
}

#[test]
fn an_alias_leads_to_the_addresses() {
    let server = server([Record::cname("other.example.")]);
    server.set("other.example.", [Record::a([10, 0, 0, 1])]);
    assert_eq!(addresses(&asking(&server).build(factory).expect("it starts")), ["10.0.0.1:80"]);
}

#[test]
fn what_is_no_name_and_port_is_told_the_rule() {
    for name in ["web.example", "web.example:0", "web example:80", ":80", "web:http"] {
        let error = DnsPublisher::new(name, AMPLE, factory).expect_err("it is none");
        assert!(matches!(error, DnsError::InvalidName { .. }) && error.to_string().contains(name), "{error}");
    }
}

#[test]
fn stop_returns_promptly_while_a_lookup_hangs() {
    let server = server([Record::a([10, 0, 0, 1])]);
    server.pause();
    let queries = server.events();
    let publisher = asking(&server).start(factory).expect("it starts");
    queries.recv_timeout(AMPLE).expect("the lookup is under way");
    let started = now();
    publisher.stop();
    assert!(started.elapsed() < Duration::from_millis(500), "{:?}", started.elapsed());
}
