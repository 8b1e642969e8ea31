//! What servers answer.

use std::time::Duration;

use lb_core::Publisher;
use lb_test::{Behaviour, DnsServer, Glue, Rcode, Record, Transport};

use crate::raw_server::{RawServer, cname_only};
use crate::support::{NAME, SHORT, Ticked, addresses, asking, asking_all, chain, factory, server};

fn records(count: u32) -> Vec<Record> {
    (0..count).map(|index| Record::srv(1, 1, 80, &format!("instance-{index:04}.service.example."))).collect()
}

#[test]
fn weights_and_priorities_reach_the_instances() {
    let server = server(&[]);
    server.set(NAME, [Record::srv(3, 70, 80, "a.example."), Record::srv(4, 0, 80, "b.example.")]);
    let publisher = asking(&server).build(factory).expect("it starts");
    let endpoints = publisher.endpoints().expect("there is a set");
    let rated: Vec<_> = endpoints.instances().map(|i| (i.address(), i.priority(), i.weight())).collect();
    assert_eq!(rated, [("a.example:80", 3, 70), ("b.example:80", 4, 0)]);
}

#[test]
fn targets_are_lower_case_without_the_final_dot() {
    let publisher = asking(&server(&["Web-1.Example."])).build(factory).expect("it starts");
    assert_eq!(addresses(&publisher), ["web-1.example:80"]);
}

#[test]
fn a_thousand_records_come_over_tcp() {
    let server = server(&[]);
    server.set(NAME, records(1000));
    let publisher = asking(&server).build(factory).expect("it starts");
    assert_eq!(publisher.status().instances(), 1000);
    assert!(server.queries().iter().any(|query| query.transport == Transport::Tcp));
}

#[test]
fn case_20_queries_offer_a_payload_that_passes_unfragmented() {
    let server = server(&["a.example."]);
    let _publisher = asking(&server).build(factory).expect("it starts");
    assert_eq!(server.queries()[0].edns_payload, Some(1232));
}

#[test]
fn answers_that_were_cut_without_saying_so_are_whole() {
    let server = server(&[]);
    server.behave(Behaviour::Cut);
    for count in [10, 60, 100, 150, 400] {
        server.set(NAME, records(count));
        let publisher = asking(&server).build(factory).expect("it starts");
        assert_eq!(addresses(&publisher).len(), usize::try_from(count).expect("it is small"));
    }
}

#[test]
fn an_answer_that_may_have_been_cut_counts_where_tcp_is_refused_or_silent() {
    let server = server(&[]);
    server.behave(Behaviour::Cut);
    server.set(NAME, records(400));
    let count = || addresses(&asking(&server).timeout(SHORT * 2).build(factory).expect("it starts")).len();
    server.behave_over(Transport::Tcp, Behaviour::Drop);
    assert!((5..400).contains(&count()), "{}", count());
    server.refuse_tcp();
    assert!((5..400).contains(&count()), "{}", count());
}

#[test]
fn a_truncated_answer_with_tcp_refused_is_a_failure_that_says_so() {
    let server = server(&["a.example."]);
    server.behave(Behaviour::Truncate);
    server.refuse_tcp();
    let error = chain(&asking(&server).build(factory).expect_err("there is no whole answer"));
    assert!(error.contains("truncated") && error.contains(&server.address().to_string()), "{error}");
}

#[test]
fn a_truncated_answer_with_tcp_silent_costs_one_timeout() {
    let server = server(&["a.example."]);
    server.behave(Behaviour::Truncate);
    server.behave_over(Transport::Tcp, Behaviour::Drop);
    let error = asking(&server).timeout(SHORT).build(factory).expect_err("there is no whole answer");
    assert!(chain(&error).contains("timed out after 500ms"), "{error}");
}

#[test]
fn an_alias_leads_to_the_records() {
    let server = server(&["a.example."]);
    server.set("alias.example.", [Record::cname("other.example.")]);
    server.set("other.example.", [Record::cname(NAME)]);
    let publisher = asking_all("alias.example.", [server.address()]).build(factory).expect("it starts");
    assert_eq!(addresses(&publisher), ["a.example:80"]);
    assert_eq!(server.queries().len(), 1, "all was in the first answer");
}

#[test]
fn an_alias_whose_target_must_be_asked_for_separately_leads_to_the_records() {
    let server = server(&["a.example."]);
    let first = RawServer::start(|query| cname_only(query, &[("alias.example.", NAME)]));
    let servers = [first.address(), server.address()];
    let publisher = asking_all("alias.example.", servers).timeout(SHORT).build(factory).expect("it starts");
    assert_eq!(addresses(&publisher), ["a.example:80"]);
    assert_eq!((server.count("alias.example."), server.count(NAME)), (0, 1));
}

#[test]
fn aliases_in_a_ring_are_a_failure_that_says_so() {
    let ring = [("a.example.", "b.example."), ("b.example.", "a.example.")];
    for size in [1, 2] {
        let server = RawServer::start(move |query| cname_only(query, &ring[..size]));
        let publisher = asking_all("a.example.", [server.address()]);
        let error = chain(&publisher.timeout(SHORT).build(factory).expect_err("it has no end"));
        // Of the ring of one known step, the second name gets no answer at all.
        assert!(error.contains(if size == 2 { "ring" } else { "timed out" }), "{error}");
    }
    let server = server(&[]);
    server.set("a.example.", [Record::cname("b.example.")]);
    server.set("b.example.", [Record::cname("a.example.")]);
    let error =
        chain(&asking_all("a.example.", [server.address()]).build(factory).expect_err("it has no end"));
    assert!(error.contains("ring"), "{error}");
}

#[test]
fn port_zero_the_root_and_duplicates_are_skipped_and_counted_among_good_records() {
    let server = server(&[]);
    let good = Record::srv(0, 1, 80, "good.example.");
    let bad = [
        Record::srv(0, 1, 0, "a.example."),
        Record::srv(0, 0, 1, "."),
        Record::srv(9, 1, 80, "GOOD.example."),
    ];
    server.set(NAME, bad.into_iter().chain([good]));
    let publisher = asking(&server).build(factory).expect("it starts");
    assert_eq!(addresses(&publisher), ["good.example:80"]);
    assert_eq!(publisher.endpoints().expect("there is a set").instance(0).expect("one").priority(), 0);
    assert_eq!(publisher.status().skipped(), 3);
}

#[test]
fn all_bad_is_a_failure_and_the_last_set_stays() {
    let server = server(&["a.example."]);
    let mut ticked = Ticked::build(asking(&server));
    server.set(NAME, [Record::srv(0, 1, 0, "a.example."), Record::srv(0, 1, 0, "b.example.")]);
    let status = ticked.tick(1);
    assert_eq!((status.failures(), status.skipped()), (1, 2));
    assert_eq!(ticked.addresses(), ["a.example:80"]);
}

#[test]
fn garbage_is_a_failure_that_names_the_server() {
    for behaviour in
        [Behaviour::Garbage, Behaviour::WrongId, Behaviour::Drop, Behaviour::Fail(Rcode::Other(11))]
    {
        let server = server(&["a.example."]);
        server.behave(behaviour);
        let error = asking(&server).timeout(SHORT).build(factory).expect_err("there is no answer");
        assert!(chain(&error).contains(&server.address().to_string()), "{behaviour:?}: {error}");
    }
}

#[test]
fn a_slow_answer_within_the_timeout_counts() {
    let server = server(&["a.example."]);
    server.behave(Behaviour::Delay(Duration::from_millis(100)));
    assert_eq!(addresses(&asking(&server).build(factory).expect("it starts")), ["a.example:80"]);
}

#[test]
fn glue_is_no_part_of_the_set_unless_asked_for() {
    let server: DnsServer = server(&["a.example."]);
    server.set("a.example.", [Record::a([10, 0, 0, 1])]);
    server.glue(Glue::Repeat);
    assert_eq!(addresses(&asking(&server).build(factory).expect("it starts")), ["a.example:80"]);
}
