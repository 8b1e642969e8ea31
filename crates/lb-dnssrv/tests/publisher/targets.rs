//! `resolve_targets`.

use lb_core::Publisher;
use lb_dnssrv::{DnsSrvPublisher, Families};
use lb_test::{Behaviour, DnsServer, Glue, Kind, Rcode, Record};

use crate::raw_server::{RawServer, half_unreadable};
use crate::support::{NAME, Ticked, addresses, asking, asking_all, factory, server};

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
fn cases_18_and_19_addresses_that_came_along_are_asked_for_all_the_same() {
    let server = server(&["a.example.", "b.example."]);
    server.set("a.example.", [Record::a([10, 0, 0, 1])]);
    server.set("b.example.", [Record::a([10, 0, 0, 2])]);
    for glue in [Glue::Attach, Glue::Repeat, Glue::Omit] {
        server.glue(glue);
        assert_eq!(addresses(&resolved(&server)), ["10.0.0.1:80", "10.0.0.2:80"]);
    }
    for (name, kind) in [("a.example.", Kind::A), ("b.example.", Kind::Aaaa)] {
        let asked = server.queries().iter().filter(|query| query.name == name && query.kind == kind).count();
        assert_eq!(asked, 3, "{name} {kind:?}: once for each publisher");
    }
}

#[test]
fn case_18_fifteen_targets_of_three_addresses_are_one_stable_set() {
    let server = server(&[]);
    let target = |index: u8| format!("target-{index:02}.example.");
    server.set(NAME, (0..15).map(|index| Record::srv(0, 1, 80, &target(index))));
    for index in 0..15 {
        server.set(&target(index), (0..3).map(|last| Record::a([10, 0, index, last])));
    }
    server.glue(Glue::Attach);
    let mut ticked = Ticked::build(asking(&server).resolve_targets(true));
    let id = ticked.publisher.endpoints().expect("there is a set").id();
    for _ in 0..3 {
        ticked.tick(1);
        let endpoints = ticked.publisher.endpoints().expect("there is a set");
        assert_eq!((endpoints.len(), endpoints.id()), (45, id));
    }
}

fn a_dual_stack_and_a_single_stack_target() -> DnsServer {
    let server = server(&["a.example.", "b.example."]);
    server.set("a.example.", [Record::a([10, 0, 0, 1]), Record::aaaa([0xfd00, 0, 0, 0, 0, 0, 0, 1])]);
    server.set("b.example.", [Record::a([10, 0, 0, 2])]);
    server
}

#[test]
fn case_31_a_target_has_one_share_whatever_its_addresses() {
    let publisher = resolved(&a_dual_stack_and_a_single_stack_target());
    let endpoints = publisher.endpoints().expect("there is a set");
    let share = |host| -> u32 {
        endpoints.instances().filter(|i| i.host() == Some(host)).map(lb_core::Instance::weight).sum()
    };
    assert_eq!((endpoints.len(), share("a.example"), share("b.example")), (3, 2, 2));
}

#[test]
fn case_31_one_ip_version_may_be_chosen_or_preferred() {
    let server = a_dual_stack_and_a_single_stack_target();
    let with = |families| {
        let builder = asking(&server).resolve_targets(true).families(families);
        addresses(&builder.build(factory).expect("it starts"))
    };
    assert_eq!(with(Families::PreferV4), ["10.0.0.1:80", "10.0.0.2:80"]);
    assert_eq!(with(Families::PreferV6), ["10.0.0.2:80", "[fd00::1]:80"]);
    assert_eq!(with(Families::V6), ["[fd00::1]:80"]);
}

#[test]
fn case_24_a_family_that_is_switched_off_is_not_asked_for() {
    let server = a_dual_stack_and_a_single_stack_target();
    let builder = asking(&server).resolve_targets(true).families(Families::V4);
    assert_eq!(addresses(&builder.build(factory).expect("it starts")), ["10.0.0.1:80", "10.0.0.2:80"]);
    assert!(server.queries().iter().all(|query| query.kind != Kind::Aaaa));
}

#[test]
fn case_30_targets_that_are_addresses_need_no_lookup() {
    for resolve in [true, false] {
        let server = server(&["10.0.0.7."]);
        let publisher = asking(&server).resolve_targets(resolve).build(factory).expect("it starts");
        assert_eq!(addresses(&publisher), ["10.0.0.7:80"], "resolve_targets({resolve})");
        assert!(server.queries().iter().all(|query| query.kind == Kind::Srv), "{:?}", server.queries());
    }
}

#[test]
fn case_31e_addresses_of_nobody_are_skipped_and_counted() {
    let server = server(&["a.example.", "b.example."]);
    let bad = [Record::a([0, 0, 0, 0]), Record::a([224, 0, 0, 1]), Record::a([255, 255, 255, 255])];
    let bad6 = [Record::aaaa([0; 8]), Record::aaaa([0xff02, 0, 0, 0, 0, 0, 0, 1])];
    server.set("a.example.", bad.into_iter().chain(bad6).chain([Record::a([10, 0, 0, 1])]));
    server.set("b.example.", [Record::a([0, 0, 0, 0])]);
    let publisher = resolved(&server);
    assert_eq!(addresses(&publisher), ["10.0.0.1:80"]);
    assert_eq!(publisher.status().skipped(), 6);
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
    assert_eq!(resolved(&server).status().instances(), 200);
}

#[test]
fn records_that_cannot_be_read_are_counted_those_of_addresses_too() {
    let server = RawServer::start(half_unreadable);
    let builder = asking_all(NAME, [server.address()]).resolve_targets(true).families(Families::V4);
    let publisher = builder.build(factory).expect("it starts");
    assert_eq!(addresses(&publisher), ["10.0.0.1:80"]);
    assert_eq!(publisher.status().skipped(), 2);
}
