//! What bad input gets: an error that names the value and the rule.

use std::time::Duration;

use lb_dnssrv::{DnsSrvBuilder, DnsSrvError, DnsSrvPublisher, OnEmpty, Refresh};

use crate::support::{NAME, asking, factory, server};

/// The message, which `build` and `start` agree on.
fn refused(builder: impl Fn() -> DnsSrvBuilder) -> String {
    let error = builder().build(factory).expect_err("it is refused");
    assert_eq!(builder().start(factory).expect_err("it is refused").to_string(), error.to_string());
    error.to_string()
}

#[test]
fn impossible_names_are_refused_with_their_rule() {
    let long = "a.".repeat(130);
    for (name, rule) in [
        ("", "must not be empty"),
        (".", "must not be empty"),
        ("_http..example.", "empty label"),
        (".example.", "empty label"),
        ("_http._tcp.exa mple.", "letters"),
        ("_http._tcp.bücher.example.", "letters"),
        ("a\0b", "letters"),
        (&format!("{}.example.", "a".repeat(64)), "63"),
        (&long, "253"),
    ] {
        let error = refused(|| DnsSrvPublisher::builder(name));
        assert!(error.contains(rule) && error.contains(&format!("{name:?}")), "{error}");
        let error = DnsSrvPublisher::new(name, Duration::from_secs(1), factory).expect_err("it is refused");
        assert!(matches!(error, DnsSrvError::InvalidName { .. }), "{error}");
    }
}

#[test]
fn impossible_timeouts_are_refused() {
    let server = server(&[]);
    assert!(
        refused(|| asking(&server).timeout(Duration::ZERO))
            .contains("invalid timeout 0ns: it must be more than zero")
    );
    let error = refused(|| asking(&server).timeout(Duration::MAX));
    assert!(error.contains("no longer than an hour"), "{error}");
    let longest = asking(&server).timeout(Duration::from_secs(3600)).on_empty(lb_dnssrv::OnEmpty::Empty);
    longest.build(factory).expect("an hour is the limit");
}

#[test]
fn a_name_server_without_a_port_is_refused() {
    let error = refused(|| DnsSrvPublisher::builder(NAME).name_server(([127, 0, 0, 1], 0).into()));
    assert_eq!(error, "invalid name server 127.0.0.1:0: its port must not be 0");
}

#[test]
fn impossible_periods_are_refused() {
    let server = server(&[]);
    let ttl = |min, max| Refresh::Ttl { min: Duration::from_secs(min), max: Duration::from_secs(max) };
    for refresh in [Refresh::Every(Duration::ZERO), ttl(0, 5), ttl(5, 4)] {
        let error = refused(|| asking(&server).refresh(refresh.clone()));
        assert!(error.contains("must be"), "{error}");
    }
    assert!(
        refused(|| asking(&server).on_empty(OnEmpty::EmptyAfter(Duration::ZERO))).contains("more than zero")
    );
    assert!(refused(|| asking(&server).expire_after(Duration::ZERO)).contains("more than zero"));
    let error = DnsSrvPublisher::new(NAME, Duration::ZERO, factory).expect_err("it is refused");
    assert!(error.to_string().contains("more than zero"), "{error}");
}

#[test]
fn overlong_periods_mean_never() {
    let server = server(&["a.example."]);
    let forever = Duration::MAX;
    for refresh in [Refresh::Every(forever), Refresh::Ttl { min: forever, max: forever }] {
        asking(&server).refresh(refresh).expire_after(forever).build(factory).expect("it starts");
    }
}
