//! Deadlines, cancellation, waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lb_core::Context;
use lb_retry::{AttemptEnd, AttemptResult, Cause, Policy, Reason, Retry, Verdict};

use crate::driver::{Driver, Fake, Recorder, Refusal, every_driver};

const LONG: Duration = Duration::from_secs(60);

every_driver!(
    max_zero_fails_every_call_at_once,
    a_zero_timeout_fails_every_call_at_once,
    a_timeout_past_the_clock_is_no_timeout,
    an_attempt_sees_the_deadline_in_its_context,
    the_callers_deadline_wins_where_it_is_sooner,
    a_deadline_that_has_passed_fails_at_once_without_a_pick,
    a_cancelled_context_fails_at_once_without_a_pick,
    a_cancellation_ends_a_wait_and_keeps_the_causes,
    a_failing_endpoint_is_no_busy_loop,
    an_empty_set_is_no_busy_loop,
    no_sleep_goes_past_the_deadline,
    retry_after_is_respected,
);

#[expect(clippy::disallowed_methods, reason = "measures real waits")]
fn now() -> Instant {
    Instant::now()
}

fn max_zero_fails_every_call_at_once<D: Driver>() {
    let (lb, log) = Recorder::of(["a:80"], &Fake::echoing());
    let error = D::send(Retry::new(0, LONG, lb), &Context::background(), 42).unwrap_err();
    assert_eq!((error.reason(), error.total_attempts()), (Reason::AttemptsExceeded, 0));
    assert_eq!(error.to_string(), "retry attempts exceeded (no attempt was made)");
    assert!(log.lock().unwrap().is_empty());
}

fn a_zero_timeout_fails_every_call_at_once<D: Driver>() {
    let (lb, log) = Recorder::of(["a:80"], &Fake::echoing());
    let error = D::send(Retry::new(3, Duration::ZERO, lb), &Context::background(), 42).unwrap_err();
    assert_eq!((error.reason(), error.total_attempts()), (Reason::DeadlineExceeded, 0));
    assert!(log.lock().unwrap().is_empty());
}

fn a_timeout_past_the_clock_is_no_timeout<D: Driver>() {
    let fake = Fake::new(|ctx, request| {
        assert_eq!(ctx.deadline(), None);
        Ok(request)
    });
    let (lb, _) = Recorder::of(["a:80"], &fake);
    let retry = Retry::builder(lb).timeout(Duration::MAX).attempt_timeout(Duration::MAX).build().unwrap();
    assert_eq!(D::send(retry, &Context::background(), 42).unwrap(), 42);
}

fn an_attempt_sees_the_deadline_in_its_context<D: Driver>() {
    let fake = Fake::new(|ctx, request| {
        let left = ctx.remaining().ok_or("no deadline")?;
        if left <= LONG / 2 { Ok(request) } else { Err("the whole timeout") }
    });
    let (lb, _) = Recorder::of(["a:80"], &fake);
    let retry = Retry::builder(lb).timeout(LONG).attempt_timeout(LONG / 2).build().unwrap();
    assert_eq!(D::send(retry, &Context::background(), 42).unwrap(), 42);
}

fn the_callers_deadline_wins_where_it_is_sooner<D: Driver>() {
    let deadline = now() + LONG / 2;
    let fake = Fake::new(move |ctx, request| {
        assert_eq!(ctx.deadline(), Some(deadline));
        Ok(request)
    });
    let (lb, _) = Recorder::of(["a:80"], &fake);
    let ctx = Context::background().with_deadline(deadline);
    assert_eq!(D::send(Retry::new(1, LONG, lb), &ctx, 42).unwrap(), 42);
}

fn a_deadline_that_has_passed_fails_at_once_without_a_pick<D: Driver>() {
    let (lb, log) = Recorder::of(["a:80"], &Fake::echoing());
    let ctx = Context::background().with_deadline(now());
    let error = D::send(Retry::new(3, LONG, lb), &ctx, 42).unwrap_err();
    assert_eq!((error.reason(), error.total_attempts()), (Reason::DeadlineExceeded, 0));
    assert!(log.lock().unwrap().is_empty());
}

fn a_cancelled_context_fails_at_once_without_a_pick<D: Driver>() {
    let (lb, log) = Recorder::of(["a:80"], &Fake::echoing());
    let (ctx, canceller) = Context::background().with_cancel();
    canceller.cancel();
    let error = D::send(Retry::new(3, LONG, lb), &ctx, 42).unwrap_err();
    assert_eq!((error.reason(), error.total_attempts()), (Reason::Cancelled, 0));
    assert!(log.lock().unwrap().is_empty());
}

/// Waits for half a minute after every error.
struct Patient(Duration);

impl Policy<u32, u32, Refusal> for Patient {
    fn replay(&self, request: &u32) -> Option<u32> {
        Some(*request)
    }

    fn verdict(&self, end: &AttemptEnd<'_, u32, Refusal>) -> Verdict {
        match end.result() {
            AttemptResult::Response(_) => Verdict::Accept,
            _ => Verdict::RetryAfter(self.0),
        }
    }
}

fn a_cancellation_ends_a_wait_and_keeps_the_causes<D: Driver>() {
    let (ctx, canceller) = Context::background().with_cancel();
    let fake = Fake::new(move |_, _| {
        let canceller = canceller.clone();
        std::thread::spawn(move || canceller.cancel());
        Err("refused")
    });
    let (lb, _) = Recorder::of(["a:80"], &fake);
    let retry = Retry::builder(lb).timeout(LONG).policy(Patient(LONG / 2)).build().unwrap();
    let begun = now();
    let error = D::send(retry, &ctx, 42).unwrap_err();
    assert!(begun.elapsed() < LONG / 2, "waited to the end");
    assert_eq!(error.reason(), Reason::Cancelled);
    // The enforced driver may see the cancellation before it sees the answer.
    assert!(matches!(error.attempts()[0].cause(), Cause::Call("refused") | Cause::Cancelled));
}

/// The fault of Go kit's retry: 47,105 attempts in 50 ms.
fn is_no_busy_loop<D: Driver>(members: Vec<(&'static str, Fake)>) {
    let (lb, _) = Recorder::new(members);
    let retry = Retry::new(u32::MAX, Duration::from_millis(50), lb);
    let error = D::send(retry, &Context::background(), 42).unwrap_err();
    assert_eq!(error.reason(), Reason::DeadlineExceeded);
    assert!(error.total_attempts() > 0);
    assert!(error.total_attempts() < 100, "{} attempts in 50 ms", error.total_attempts());
}

fn a_failing_endpoint_is_no_busy_loop<D: Driver>() {
    is_no_busy_loop::<D>(vec![("a:80", Fake::refusing())]);
}

fn an_empty_set_is_no_busy_loop<D: Driver>() {
    is_no_busy_loop::<D>(vec![]);
}

fn no_sleep_goes_past_the_deadline<D: Driver>() {
    let (lb, _) = Recorder::of(["a:80"], &Fake::refusing());
    let retry = Retry::builder(lb).timeout(LONG).policy(Patient(2 * LONG)).build().unwrap();
    let begun = now();
    let error = D::send(retry, &Context::background(), 42).unwrap_err();
    assert!(begun.elapsed() < LONG, "slept past the deadline");
    assert_eq!((error.reason(), error.total_attempts()), (Reason::DeadlineExceeded, 1));
}

fn retry_after_is_respected<D: Driver>() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let fake = Fake::new(move |_, request| match counted.fetch_add(1, Ordering::Relaxed) {
        0 => Err("not now"),
        _ => Ok(request),
    });
    let (lb, _) = Recorder::of(["a:80"], &fake);
    let delay = Duration::from_millis(30);
    let retry = Retry::builder(lb).timeout(LONG).policy(Patient(delay)).build().unwrap();
    let begun = now();
    assert_eq!(D::send(retry, &Context::background(), 42).unwrap(), 42);
    assert!(begun.elapsed() >= delay);
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}
