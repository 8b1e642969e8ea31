//! `resolve_targets`.

use lb_core::Publisher;
use lb_dnssrv::DnsSrvPublisher;
use lb_test::{Behaviour, DnsServer, Glue, Kind, Rcode, Record};

use crate::support::{NAME, Ticked, addresses, asking, factory, server};

fn resolved(server: &DnsServer) -> DnsSrvPublisher<String> {
    asking(server).resolve_targets(true).build(factory).expect("it starts")
}

#[test]
fn a_target_with_three_addresses_is_three_instances_with_its_name_as_host() {
    let server = server(&[]);
    server.set(NAME, [Record::srv(2, 7, 80, "A.example.")]);
    server.set("a.example.", [1, 2, 3].map(|last| Record::a([10, 0, 0, last])));
    let endpoints = resolved(&server).endpoints().expect("there is a set");
    let all: Vec<_> =
        endpoints.instances().map(|i| (i.address(), i.host(), i.weight(), i.priority())).collect();
    let expected =
        ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"].map(|address| (address, Some("a.example"), 7, 2));
    assert_eq!(all, expected);
}

#[test]
fn both_ip_versions_count() {
    let server = server(&["a.example.", "b.example."]);
    server.set("a.example.", [Record::a([10, 0, 0, 1]), Record::aaaa([0, 0, 0, 0, 0, 0, 0, 1])]);
    server.set("b.example.", [Record::aaaa([0xfd00, 0, 0, 0, 0, 0, 0, 2])]);
    assert_eq!(addresses(&resolved(&server)), ["10.0.0.1:80", "[::1]:80", "[fd00::2]:80"]);
}

#[test]
fn addresses_that_came_along_are_not_asked_for() {
    let server = server(&["a.example.", "b.example."]);
    server.set("a.example.", [Record::a([10, 0, 0, 1])]);
    server.set("b.example.", [Record::a([10, 0, 0, 2])]);
    for glue in [Glue::Attach, Glue::Repeat] {
        server.glue(glue);
        assert_eq!(addresses(&resolved(&server)), ["10.0.0.1:80", "10.0.0.2:80"]);
    }
    assert!(server.queries().iter().all(|query| query.kind == Kind::Srv), "{:?}", server.queries());
}

#[test]
fn a_target_may_be_an_alias() {
    let server = server(&["a.example."]);
    server.set("a.example.", [Record::cname("b.example.")]);
    server.set("b.example.", [Record::a([10, 0, 0, 1])]);
    let publisher = resolved(&server);
    let endpoints = publisher.endpoints().expect("there is a set");
    assert_eq!(endpoints.instance(0).and_then(|instance| instance.host()), Some("a.example"));
}

#[test]
fn a_target_that_does_not_resolve_is_a_bad_record() {
    let server = server(&["a.example.", "b.example.", "c.example."]);
    server.set("b.example.", [Record::a([10, 0, 0, 2])]);
    server.behave_for("c.example.", Behaviour::Fail(Rcode::ServFail));
    let publisher = resolved(&server);
    assert_eq!(addresses(&publisher), ["10.0.0.2:80"]);
    assert_eq!(publisher.status().skipped(), 2);
}

#[test]
fn when_no_target_resolves_the_refresh_fails_and_the_last_set_stays() {
    let server = server(&["a.example."]);
    server.set("a.example.", [Record::a([10, 0, 0, 1])]);
    let mut ticked = Ticked::build(asking(&server).resolve_targets(true));
    server.remove("a.example.");
    assert_eq!(ticked.tick(1).failures(), 1);
    assert_eq!(ticked.addresses(), ["10.0.0.1:80"]);
}

#[test]
fn hundreds_of_targets_are_resolved() {
    let server = server(&[]);
    let target = |index: u8| format!("t{index:03}.example.");
    server.set(NAME, (0..200).map(|index| Record::srv(0, 1, 80, &target(index))));
    for index in 0..200 {
        server.set(&target(index), [Record::a([10, 0, 0, index])]);
    }
    assert_eq!(addresses(&resolved(&server)).len(), 200);
}
