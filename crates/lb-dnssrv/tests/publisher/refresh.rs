//! When DNS is asked.

use std::time::Duration;

use lb_dnssrv::{DnsSrvBuilder, Refresh, Status};
use lb_test::{DnsServer, Record};

use crate::raw_server::{ALIAS_TTL, RawServer, cname_only};
use crate::support::{AMPLE, NAME, SHORT, Ticked, asking, asking_all, factory, server};

const MIN: Duration = Duration::from_secs(2);
const MAX: Duration = Duration::from_secs(50);

/// For how long a publisher that follows the TTL takes the answer to be good.
fn pause_after(builder: DnsSrvBuilder) -> Duration {
    let publisher =
        builder.refresh(Refresh::Ttl { min: MIN, max: MAX }).jitter(0).build(factory).expect("it starts");
    let status: Status = publisher.status();
    let next = status.next_refresh().expect("a next refresh is planned");
    let pause = next - status.last_success().expect("there was an answer");
    // Planned a little after the answer's own moment.
    Duration::from_secs((pause + Duration::from_millis(1) / 2).as_secs())
}

fn with_ttl(seconds: u32) -> DnsServer {
    let server = server(&[]);
    server.set(NAME, [Record::srv(0, 1, 80, "a.example.").with_ttl(seconds)]);
    server
}

#[test]
fn every_asks_again_after_each_period() {
    let server = server(&["a.example."]);
    let queries = server.events();
    let every = Refresh::Every(Duration::from_millis(20));
    let _publisher = asking(&server).refresh(every).build(factory).expect("it starts");
    for _ in 0..4 {
        queries.recv_timeout(AMPLE).expect("it is asked again");
    }
}

#[test]
fn ttl_follows_the_answer() {
    assert_eq!(pause_after(asking(&with_ttl(7))), Duration::from_secs(7));
}

#[test]
fn a_ttl_of_zero_cannot_spin() {
    assert_eq!(pause_after(asking(&with_ttl(0))), MIN);
}

#[test]
fn a_long_ttl_is_capped() {
    assert_eq!(pause_after(asking(&with_ttl(86_400))), MAX);
    assert_eq!(pause_after(asking(&with_ttl(u32::MAX / 2))), MAX);
}

#[test]
fn a_ttl_with_its_highest_bit_set_is_none() {
    assert_eq!(pause_after(asking(&with_ttl(u32::MAX))), MIN);
}

#[test]
fn the_ttl_of_an_alias_counts() {
    let server = with_ttl(30);
    server.set("alias.example.", [Record::cname(NAME).with_ttl(9)]);
    assert_eq!(pause_after(asking_all("alias.example.", [server.address()])), Duration::from_secs(9));
}

#[test]
fn the_ttl_of_an_alias_counts_where_its_target_is_asked_for_separately() {
    let (first, second) =
        (RawServer::start(|query| cname_only(query, &[("alias.example.", NAME)])), with_ttl(30));
    let builder = asking_all("alias.example.", [first.address(), second.address()]).timeout(SHORT);
    assert_eq!(pause_after(builder), Duration::from_secs(ALIAS_TTL.into()));
}

#[test]
fn the_ttl_of_addresses_counts_where_they_are_used() {
    let server = with_ttl(30);
    server.set("a.example.", [Record::a([10, 0, 0, 1]).with_ttl(4)]);
    assert_eq!(pause_after(asking(&server).resolve_targets(true)), Duration::from_secs(4));
    assert_eq!(pause_after(asking(&server)), Duration::from_secs(30));
}

#[test]
fn the_negative_ttl_tells_how_long_nothing_is_good() {
    let server = server(&[]);
    server.negative_ttl(Some(11));
    assert_eq!(pause_after(asking(&server).on_empty(lb_dnssrv::OnEmpty::Empty)), Duration::from_secs(11));
    server.set("alias.example.", [Record::cname("nowhere.example.").with_ttl(40)]);
    assert_eq!(
        pause_after(asking_all("alias.example.", [server.address()]).on_empty(lb_dnssrv::OnEmpty::Empty)),
        Duration::from_secs(11)
    );
}

#[test]
fn a_scripted_tick_is_a_refresh() {
    let server = server(&["a.example."]);
    let mut ticked = Ticked::build(asking(&server));
    server.set(NAME, [Record::srv(0, 1, 81, "b.example.")]);
    assert_eq!(ticked.addresses(), ["a.example:80"]);
    ticked.tick(1);
    assert_eq!(ticked.addresses(), ["b.example:81"]);
}

#[test]
fn a_refresh_asks_the_server_and_not_a_cache() {
    let server = with_ttl(86_400);
    let mut ticked = Ticked::build(asking(&server));
    for refreshes in 2..6 {
        ticked.tick(0);
        assert_eq!(server.count(NAME), refreshes);
    }
}

#[test]
fn refresh_now_asks_at_once() {
    let server = server(&["a.example."]);
    let queries = server.events();
    let publisher = asking(&server).refresh(Refresh::Every(AMPLE)).build(factory).expect("it starts");
    queries.recv_timeout(AMPLE).expect("the first lookup");
    publisher.refresh_now();
    queries.recv_timeout(AMPLE).expect("the second lookup");
}
