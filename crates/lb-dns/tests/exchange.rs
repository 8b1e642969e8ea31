//! What servers do to a question, and the answer that is found all the same: cases 20 to 22, 25, 31d.

#![cfg(feature = "lookup")]

use std::time::{Duration, Instant};

use lb_core::Context;
use lb_dns::{Resolver, ResolverSettings};
use lb_test::{Behaviour, DnsServer, Query, Rcode, Record, Transport};

const NAME: &str = "_http._tcp.example.";
const AMPLE: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(600);

fn server(records: u32) -> DnsServer {
    let server = DnsServer::start().expect("a DNS server starts");
    server
        .set(NAME, (0..records).map(|index| Record::srv(0, 1, 80, &format!("instance-{index:04}.example."))));
    server
}

fn settings(server: &DnsServer, timeout: Duration) -> ResolverSettings {
    let settings = ResolverSettings::new().name_server(server.address()).timeout(timeout);
    settings.resolv_conf("/nonexistent/resolv.conf")
}

/// How many records are found.
fn found(server: &DnsServer, timeout: Duration) -> Result<usize, String> {
    let answer = Resolver::new(settings(server, timeout)).srv(&Context::background(), NAME);
    answer.map(|answer| answer.records().len()).map_err(|error| error.to_string())
}

fn over(server: &DnsServer, transport: Transport) -> Vec<Query> {
    server.queries().into_iter().filter(|query| query.transport == transport).collect()
}

#[expect(clippy::disallowed_methods, reason = "tests stand outside")]
fn now() -> Instant {
    Instant::now()
}

#[test]
fn cases_20_and_21_where_datagrams_are_lost_the_answer_comes_over_tcp_within_the_timeout() {
    let server = server(40);
    server.behave_over(Transport::Udp, Behaviour::Drop);
    let started = now();
    assert_eq!(found(&server, SHORT), Ok(40));
    assert!(started.elapsed() < SHORT, "{:?}", started.elapsed());
}

#[test]
fn case_22_a_server_that_complains_of_edns_is_asked_at_once_without() {
    for code in [Rcode::FormErr, Rcode::NotImp] {
        for records in [1, 300] {
            let server = server(records);
            server.behave(Behaviour::PlainOnly(code));
            let started = now();
            assert_eq!(found(&server, AMPLE), Ok(records as usize), "{code:?}");
            assert!(started.elapsed() < AMPLE / 4, "{:?}", started.elapsed());
        }
    }
}

#[test]
fn case_22_a_server_that_is_silent_about_edns_is_asked_without_in_the_same_timeout() {
    let server = server(2);
    server.behave(Behaviour::PlainOrSilent);
    server.refuse_tcp();
    assert_eq!(found(&server, SHORT), Ok(2));
    assert!(over(&server, Transport::Udp).iter().any(|query| query.edns_payload.is_none()));
}

#[test]
fn case_22_a_server_that_is_silent_about_edns_answers_over_tcp_what_is_too_large_for_a_datagram() {
    let server = server(300);
    server.behave(Behaviour::PlainOrSilent);
    assert_eq!(found(&server, SHORT), Ok(300));
    server.behave_over(Transport::Udp, Behaviour::Drop);
    assert_eq!(found(&server, SHORT), Ok(300));
}

#[test]
fn a_whole_datagram_counts_where_the_second_look_over_tcp_is_a_failure() {
    for code in [Rcode::Refused, Rcode::ServFail, Rcode::NotImp, Rcode::NxDomain] {
        let server = server(20);
        server.behave_over(Transport::Tcp, Behaviour::Fail(code));
        assert_eq!(found(&server, AMPLE), Ok(20), "{code:?}");
        assert_eq!(over(&server, Transport::Tcp).len(), 1, "{code:?}: it was asked");
    }
}

#[test]
fn case_25_an_answer_that_is_truncated_over_tcp_counts_as_far_as_it_came() {
    let server = server(50);
    server.behave(Behaviour::AlwaysTruncate);
    assert_eq!(found(&server, AMPLE), Ok(50));
}

#[test]
fn case_31d_answers_to_other_questions_are_none_over_udp_and_tcp_alike() {
    for behaviour in [Behaviour::WrongId, Behaviour::WrongQuestion, Behaviour::WrongOpcode] {
        let server = server(1);
        server.behave_over(Transport::Udp, Behaviour::Truncate);
        server.behave_over(Transport::Tcp, behaviour);
        let error = found(&server, SHORT).expect_err("there is no answer");
        assert!(error.contains("another question"), "{behaviour:?}: {error}");
        server.behave(behaviour);
        let error = found(&server, SHORT).expect_err("there is no answer");
        assert!(error.contains("timed out"), "{behaviour:?}: {error}");
    }
}

#[test]
fn a_lookup_ends_within_a_tenth_of_a_second_of_being_cancelled() {
    let server = server(1);
    server.pause();
    let (queries, settings) = (server.events(), settings(&server, AMPLE * 60));
    let (ctx, canceller) = Context::background().with_cancel();
    let (sender, returned) = crossbeam_channel::bounded(1);
    std::thread::spawn(move || sender.send(Resolver::new(settings).srv(&ctx, NAME).is_err()));
    queries.recv_timeout(AMPLE).expect("the lookup is under way");
    let since = now();
    canceller.cancel();
    assert_eq!(returned.recv_timeout(AMPLE), Ok(true));
    assert!(since.elapsed() < Duration::from_millis(100), "{:?}", since.elapsed());
}

/// How many descriptors this process has, where that can be seen.
fn descriptors() -> Option<usize> {
    std::fs::read_dir("/proc/self/fd").ok().map(Iterator::count)
}

#[test]
fn case_29_between_refreshes_a_resolver_holds_no_descriptor() {
    // Other tests of this process open and close descriptors: they are counted in a process of its own.
    if std::env::var_os("LB_DNS_ALONE").is_none() {
        let itself = std::env::current_exe().expect("a test program has a path");
        let mut alone = std::process::Command::new(itself);
        alone.args([
            "--exact",
            "case_29_between_refreshes_a_resolver_holds_no_descriptor",
            "--test-threads=1",
        ]);
        let status = alone.env("LB_DNS_ALONE", "1").stdout(std::process::Stdio::null()).status();
        assert!(status.expect("it runs").success());
        return;
    }
    let server = server(1);
    let before = descriptors();
    let resolvers: Vec<Resolver> = (0..50)
        .map(|_| {
            let mut resolver = Resolver::new(settings(&server, AMPLE));
            resolver.srv(&Context::background(), NAME).expect("it answers");
            resolver
        })
        .collect();
    assert_eq!(descriptors(), before, "{} resolvers are idle", resolvers.len());
}
