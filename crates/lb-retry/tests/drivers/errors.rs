//! What the error carries, and how it prints.

use std::time::Duration;

use lb_core::Context;
use lb_retry::{Backoff, Cause, Reason, Retry};

use crate::driver::{Driver, Fake, Recorder, every_driver};

const LONG: Duration = Duration::from_secs(60);

every_driver!(
    the_error_carries_every_attempts_address_and_cause_and_prints_them,
    a_failed_pick_prints_without_an_address,
    the_attempts_are_bounded_to_the_first_and_the_last_16,
);

fn the_error_carries_every_attempts_address_and_cause_and_prints_them<D: Driver>() {
    let (lb, _) = Recorder::of(["10.0.0.1:80", "10.0.0.2:80"], &Fake::refusing());
    let error = D::send(Retry::new(2, LONG, lb), &Context::background(), 42).unwrap_err();
    assert_eq!((error.reason(), error.total_attempts()), (Reason::AttemptsExceeded, 2));
    let [first, second] = error.attempts() else { panic!("{error}") };
    assert_eq!([first.address(), second.address()], [Some("10.0.0.1:80"), Some("10.0.0.2:80")]);
    assert!(matches!(second.cause(), Cause::Call("refused")));
    assert_eq!(error.to_string(), "retry attempts exceeded (10.0.0.1:80: refused; 10.0.0.2:80: refused)");
}

fn a_failed_pick_prints_without_an_address<D: Driver>() {
    let (lb, _) = Recorder::new([]);
    let error = D::send(Retry::new(1, LONG, lb), &Context::background(), 42).unwrap_err();
    assert_eq!(error.to_string(), "retry attempts exceeded (no endpoints available)");
}

fn the_attempts_are_bounded_to_the_first_and_the_last_16<D: Driver>() {
    let numbered = |from: usize| -> Vec<String> { (from..from + 16).map(|n| format!("{n}:80")).collect() };
    let names: Vec<&'static str> = (100..200).map(|n| &*format!("{n}:80").leak()).collect();
    let (lb, _) = Recorder::new(names.into_iter().map(|name| (name, Fake::refusing())));
    let backoff = Backoff::new(Duration::from_nanos(1), Duration::from_nanos(1)).unwrap();
    let retry = Retry::builder(lb).max_attempts(100).timeout(LONG).backoff(backoff).build().unwrap();
    let error = D::send(retry, &Context::background(), 42).unwrap_err();
    assert_eq!(error.total_attempts(), 100);
    let kept: Vec<_> = error.attempts().iter().filter_map(|attempt| attempt.address()).collect();
    assert_eq!(kept, [numbered(100), numbered(184)].concat());
    let message = error.to_string();
    assert!(message.contains("115:80: refused; … 68 more …; 184:80: refused"), "{message}");
}
