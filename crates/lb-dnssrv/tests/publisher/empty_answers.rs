//! Authoritative answers without records, in scripted time.

use std::time::Duration;

use lb_core::Publisher;
use lb_dnssrv::OnEmpty;
use lb_test::{DnsServer, Record};

use crate::support::{NAME, Ticked, addresses, asking, factory, server};

/// The two ways to have no records: NXDOMAIN and NODATA.
fn nothings() -> [fn(&DnsServer); 2] {
    [|server| server.remove(NAME), |server| server.set(NAME, [])]
}

fn no_service(server: &DnsServer) {
    server.set(NAME, [Record::srv(0, 0, 1, ".")]);
}

fn filled(on_empty: OnEmpty) -> (DnsServer, Ticked) {
    let server = server(&["a.example."]);
    let ticked = Ticked::build(asking(&server).on_empty(on_empty));
    assert_eq!(ticked.addresses(), ["a.example:80"]);
    (server, ticked)
}

#[test]
fn case_23_a_first_answer_without_records_is_an_error_that_names_the_name_and_the_answer_once() {
    for (nothing, reason) in nothings().into_iter().zip(["no such", "no such"]) {
        let server = server(&[]);
        nothing(&server);
        let error = asking(&server).build(factory).expect_err("a mistyped name").to_string();
        assert!(error.contains(reason), "{error}");
        assert_eq!(error.matches(NAME).count(), 1, "{error}");

        let publisher = asking(&server).allow_initial_failure().build(factory).expect("it starts");
        assert!(matches!(publisher.endpoints(), Err(lb_core::Error::NotReady)));
    }
}

#[test]
fn a_first_answer_without_records_is_an_empty_set_where_on_empty_says_so() {
    for nothing in nothings().into_iter().chain([no_service as fn(&DnsServer)]) {
        let server = server(&[]);
        nothing(&server);
        let publisher = asking(&server).on_empty(OnEmpty::Empty).build(factory).expect("it is an answer");
        assert!(publisher.endpoints().expect("the set is known").is_empty());
        assert_eq!(publisher.status().failures(), 0);
    }
}

#[test]
fn keep_last_keeps_the_set() {
    for nothing in nothings() {
        let (server, mut ticked) = filled(OnEmpty::KeepLast);
        nothing(&server);
        assert_eq!(ticked.tick(1_000_000).failures(), 0);
        assert_eq!(ticked.addresses(), ["a.example:80"]);
    }
}

#[test]
fn empty_empties_the_set_at_once() {
    for nothing in nothings() {
        let (server, mut ticked) = filled(OnEmpty::Empty);
        nothing(&server);
        ticked.tick(1);
        assert!(ticked.addresses().is_empty());
    }
}

#[test]
fn empty_after_empties_the_set_when_the_time_has_passed() {
    for nothing in nothings() {
        let (server, mut ticked) = filled(OnEmpty::EmptyAfter(Duration::from_secs(60)));
        nothing(&server);
        for seconds in [1, 30, 29] {
            ticked.tick(seconds);
            assert_eq!(ticked.addresses(), ["a.example:80"]);
        }
        ticked.tick(2);
        assert!(addresses(&ticked.publisher).is_empty());
    }
}

#[test]
fn the_root_as_the_only_target_is_an_empty_set_whatever_on_empty_says() {
    for on_empty in [OnEmpty::KeepLast, OnEmpty::Empty, OnEmpty::EmptyAfter(Duration::from_secs(60))] {
        let (server, mut ticked) = filled(on_empty);
        no_service(&server);
        assert_eq!(ticked.tick(1).failures(), 0);
        assert!(ticked.addresses().is_empty());
        server.set(NAME, [Record::srv(0, 0, 80, "b.example.")]);
        ticked.tick(1);
        assert_eq!(ticked.addresses(), ["b.example:80"]);
    }
}
