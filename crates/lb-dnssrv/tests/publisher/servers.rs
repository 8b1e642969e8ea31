//! Several name servers, some of them out of order.

use std::net::SocketAddr;

use lb_test::{Behaviour, DnsServer, Rcode};

use crate::raw_server::{RawServer, referral};
use crate::support::{
    AMPLE, NAME, SHORT, Ticked, addresses, asking, asking_all, chain, factory, now, server,
};

fn bad(behaviour: Behaviour) -> DnsServer {
    let server = server(&["wrong.example."]);
    server.behave(behaviour);
    server
}

/// An address where nothing listens.
fn closed_port() -> SocketAddr {
    DnsServer::start().expect("a DNS server starts").address()
}

#[test]
fn a_first_server_that_fails_is_followed_by_the_second_without_waiting() {
    let second = server(&["a.example."]);
    let codes = [Rcode::ServFail, Rcode::Refused, Rcode::FormErr, Rcode::NotImp, Rcode::Other(13)];
    let failures = codes.map(Behaviour::Fail).into_iter().chain([Behaviour::Garbage]);
    for behaviour in failures {
        let first = bad(behaviour);
        let started = now();
        let publisher =
            asking_all(NAME, [first.address(), second.address()]).build(factory).expect("one answers");
        assert_eq!(addresses(&publisher), ["a.example:80"], "{behaviour:?}");
        assert!(started.elapsed() < AMPLE, "{behaviour:?}");
        assert!(first.count(NAME) > 0, "{behaviour:?}: it was asked first");
    }
}

#[test]
fn a_first_server_that_only_refers_to_others_is_followed_by_the_second() {
    let (first, second) = (RawServer::start(referral), server(&["a.example."]));
    let publisher =
        asking_all(NAME, [first.address(), second.address()]).build(factory).expect("one answers");
    assert_eq!(addresses(&publisher), ["a.example:80"]);
}

#[test]
fn a_failing_first_server_is_asked_first_again_at_the_next_refresh() {
    let (first, second) = (bad(Behaviour::Fail(Rcode::ServFail)), server(&["a.example."]));
    let mut ticked = Ticked::build(asking_all(NAME, [first.address(), second.address()]));
    first.behave(Behaviour::Answer);
    ticked.tick(1);
    assert_eq!(ticked.addresses(), ["wrong.example:80"]);
}

#[test]
fn silent_servers_cost_one_timeout_and_then_none() {
    let second = server(&["a.example."]);
    let silent = bad(Behaviour::Drop);
    let started = now();
    let servers = [silent.address(), second.address()];
    let mut ticked = Ticked::build(asking_all(NAME, servers).timeout(SHORT));
    let first = started.elapsed();
    assert_eq!(ticked.addresses(), ["a.example:80"]);
    assert!(first >= SHORT, "{first:?}");
    let started = now();
    for _ in 0..10 {
        ticked.tick(1);
    }
    assert!(started.elapsed() < SHORT * 5, "ten refreshes cost {:?}", started.elapsed());
}

#[test]
fn case_21_a_closed_port_is_told_at_once() {
    let second = server(&["a.example."]);
    let started = now();
    let publisher = asking_all(NAME, [closed_port(), second.address()]).build(factory).expect("one answers");
    assert_eq!(addresses(&publisher), ["a.example:80"]);
    let error = chain(&asking_all(NAME, [closed_port()]).build(factory).expect_err("nobody answers"));
    assert!(error.contains("refused"), "{error}");
    assert!(started.elapsed() < AMPLE / 4, "{:?}", started.elapsed());
}

#[test]
fn two_dead_servers_of_three_do_not_hide_the_third() {
    let (third, dead) = (server(&["a.example."]), closed_port());
    let servers = [dead, closed_port(), third.address()];
    let publisher = asking_all(NAME, servers).timeout(SHORT).build(factory).expect("one answers");
    assert_eq!(addresses(&publisher), ["a.example:80"]);
}

#[test]
fn no_such_name_is_an_answer_and_asks_no_further() {
    let (first, second) = (DnsServer::start().expect("a DNS server starts"), server(&["a.example."]));
    let builder = asking_all(NAME, [first.address(), second.address()]).on_empty(lb_dnssrv::OnEmpty::Empty);
    let publisher = builder.build(factory).expect("it answers");
    assert!(addresses(&publisher).is_empty());
    assert_eq!(second.queries(), []);
}

#[test]
fn when_all_fail_the_error_tells_each_servers_reason() {
    let (first, second) = (bad(Behaviour::Fail(Rcode::ServFail)), bad(Behaviour::Drop));
    let builder = asking_all(NAME, [first.address(), second.address()]).timeout(SHORT);
    let error = chain(&builder.build(factory).expect_err("none answers"));
    assert!(error.contains(&format!("{}: SERVFAIL", first.address())), "{error}");
    assert!(error.contains(&format!("{}: timed out after 500ms", second.address())), "{error}");
    assert!(error.contains(NAME), "{error}");
}

#[test]
fn a_server_that_comes_back_is_used_again() {
    let server = server(&["a.example."]);
    let mut ticked = Ticked::build(asking(&server).timeout(SHORT));
    server.behave(Behaviour::Drop);
    assert_eq!(ticked.tick(1).failures(), 1);
    server.behave(Behaviour::Answer);
    assert_eq!(ticked.tick(1).failures(), 1);
}

#[test]
fn a_lost_datagram_is_sent_again_within_the_timeout() {
    let server = server(&["a.example."]);
    server.behave(Behaviour::Drop);
    let queries = server.events();
    let publisher = asking(&server).start(factory).expect("it starts");
    queries.recv_timeout(AMPLE).expect("the first datagram, which is lost");
    server.behave(Behaviour::Answer);
    publisher.wait_ready(AMPLE).expect("the second is answered");
    assert_eq!(publisher.status().failures(), 0);
}

#[test]
fn an_ipv6_name_server_is_asked() {
    let Ok(server) = DnsServer::start_v6() else {
        assert!(std::net::UdpSocket::bind("[::1]:0").is_err(), "there is IPv6, but no server");
        return;
    };
    server.set(NAME, [lb_test::Record::srv(0, 1, 80, "a.example.")]);
    assert_eq!(addresses(&asking(&server).build(factory).expect("it starts")), ["a.example:80"]);
}

#[test]
fn the_timeout_is_per_server() {
    let (slow, quick) = (bad(Behaviour::Drop), server(&["a.example."]));
    quick.behave(Behaviour::Delay(SHORT));
    let builder = asking_all(NAME, [slow.address(), quick.address()]).timeout(SHORT * 2);
    assert_eq!(addresses(&builder.build(factory).expect("the second has its own time")), ["a.example:80"]);
}
