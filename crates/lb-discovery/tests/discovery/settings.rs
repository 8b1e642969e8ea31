//! Bad input gets an error that names the value and the rule.

use std::time::Duration;

use lb_discovery::{DiscoveryBuilder, DiscoveryError, DiscoveryPublisher, OnEmpty, OnShrink, Refresh};

use crate::common::{echo, script};

const ZERO: Duration = Duration::ZERO;
const SECOND: Duration = Duration::from_secs(1);

type Set = fn(DiscoveryBuilder) -> DiscoveryBuilder;

/// The error that `build` and `start` return without asking the source.
fn refused(name: &str, set: Set) -> String {
    let [built, started] = [true, false].map(|build| {
        let (script, source) = script();
        let builder = set(DiscoveryPublisher::builder(name, source));
        let error = if build { builder.build(echo) } else { builder.start(echo) }.unwrap_err();
        assert!(!script.is_asked());
        assert!(
            matches!(
                error,
                DiscoveryError::InvalidName { .. }
                    | DiscoveryError::InvalidSetting { .. }
                    | DiscoveryError::InvalidPercent { .. }
            ),
            "{error:?}"
        );
        error.to_string()
    });
    assert_eq!(built, started);
    built
}

#[test]
fn zero_durations_are_named_errors() {
    let cases: [(Set, &str); 7] = [
        (|builder| builder.refresh(Refresh::Every(ZERO)), "Refresh::Every"),
        (|builder| builder.refresh(Refresh::Ttl { min: ZERO, max: SECOND }), "Refresh::Ttl min"),
        (|builder| builder.expire_after(ZERO), "expire_after"),
        (|builder| builder.on_empty(OnEmpty::EmptyAfter(ZERO)), "OnEmpty::EmptyAfter"),
        (|builder| builder.backoff(ZERO, SECOND), "backoff min"),
        (|builder| builder.factory_timeout(ZERO), "factory_timeout"),
        (
            |builder| builder.on_shrink(OnShrink::Hold { below_percent: 50, for_up_to: ZERO }),
            "OnShrink::Hold for_up_to",
        ),
    ];
    for (set, name) in cases {
        assert_eq!(refused("x", set), format!("invalid {name} 0ns: it must be more than zero"));
    }
}

#[test]
fn a_share_above_the_whole_is_a_named_error() {
    let jitter = |builder: DiscoveryBuilder| builder.jitter(100);
    assert_eq!(refused("x", jitter), "invalid jitter 100 %: it must be no more than 99 %");
    let hold = |builder: DiscoveryBuilder| {
        builder.on_shrink(OnShrink::Hold { below_percent: 101, for_up_to: SECOND })
    };
    let rule = "it must be no more than 100 %";
    assert_eq!(refused("x", hold), format!("invalid OnShrink::Hold below_percent 101 %: {rule}"));
}

#[test]
fn a_floor_above_its_cap_is_a_named_error() {
    let ttl = |builder: DiscoveryBuilder| builder.refresh(Refresh::Ttl { min: SECOND * 2, max: SECOND });
    assert_eq!(refused("x", ttl), "invalid Refresh::Ttl min 2s: it must be no more than max, 1s");
    let backoff = |builder: DiscoveryBuilder| builder.backoff(SECOND * 2, SECOND);
    assert_eq!(refused("x", backoff), "invalid backoff min 2s: it must be no more than max, 1s");
}

#[test]
fn a_name_that_says_nothing_or_that_no_thread_can_bear_is_a_named_error() {
    assert_eq!(refused("", |builder| builder), r#"invalid name "": it must not be empty"#);
    assert_eq!(refused(" \t", |builder| builder), r#"invalid name " \t": it must not be empty"#);
    let rule = "it must not contain control characters";
    assert_eq!(refused("a\0b", |builder| builder), format!(r#"invalid name "a\0b": {rule}"#));
}

#[test]
fn the_longest_durations_are_allowed() {
    let (script, source) = script();
    script.answer(["a:80"]);
    DiscoveryPublisher::builder("x", source)
        .refresh(Refresh::Ttl { min: Duration::MAX, max: Duration::MAX })
        .expire_after(Duration::MAX)
        .on_empty(OnEmpty::EmptyAfter(Duration::MAX))
        .backoff(Duration::MAX, Duration::MAX)
        .build(echo)
        .unwrap();
}

#[test]
fn the_thread_bears_as_much_of_the_name_as_linux_shows() {
    for (name, shown) in
        [("x", "lb-x"), ("_http._tcp.example.", "lb-_http._tcp.e"), ("ääääääää", "lb-ääääää")]
    {
        let (sender, names) = crossbeam_channel::unbounded();
        let source = move |_: &lb_core::Context| {
            sender.send(std::thread::current().name().map(str::to_owned))?;
            Ok(lb_discovery::Answer::no_service())
        };
        DiscoveryPublisher::builder(name, source).build(echo).unwrap();
        assert_eq!(names.recv().unwrap().as_deref(), Some(shown));
    }
}
