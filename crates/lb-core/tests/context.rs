//! `Context`: deadlines and how they derive.

use std::time::{Duration, Instant};

use lb_core::Context;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

#[expect(clippy::disallowed_methods, reason = "a deadline is a moment of the clock")]
fn now() -> Instant {
    Instant::now()
}

#[test]
fn the_background_has_no_deadline_and_is_never_done() {
    for ctx in [Context::background(), Context::default()] {
        assert_eq!((ctx.deadline(), ctx.remaining()), (None, None));
        assert!(!ctx.is_done() && !ctx.is_cancelled());
        assert!(ctx.cancelled().try_recv().unwrap_err().is_empty(), "it never disconnects");
    }
}

#[test]
fn the_sooner_deadline_wins_whichever_comes_first() {
    let (soon, late) = (now() + SECOND, now() + HOUR);
    let background = Context::background();
    assert_eq!(background.with_deadline(soon).with_deadline(late).deadline(), Some(soon));
    assert_eq!(background.with_deadline(late).with_deadline(soon).deadline(), Some(soon));
    assert_eq!(background.with_deadline(soon).with_timeout(HOUR).deadline(), Some(soon));
    assert!(background.with_deadline(late).with_timeout(SECOND).deadline() < Some(late));
}

#[test]
fn a_timeout_is_a_deadline_that_far_from_now() {
    let before = now();
    let ctx = Context::background().with_timeout(HOUR);
    let deadline = ctx.deadline().unwrap();
    assert!(before + HOUR <= deadline && deadline <= now() + HOUR);
    assert!(ctx.remaining().unwrap() <= HOUR);
    assert!(!ctx.is_done());
}

#[test]
fn an_overlong_timeout_does_not_overflow_it_is_none() {
    let background = Context::background();
    assert_eq!(background.with_timeout(Duration::MAX).deadline(), None);
    let soon = background.with_timeout(HOUR);
    assert_eq!(soon.with_timeout(Duration::MAX).deadline(), soon.deadline());
}

#[test]
fn remaining_is_zero_and_the_context_done_once_the_deadline_has_passed() {
    let background = Context::background();
    for ctx in [background.with_deadline(now()), background.with_timeout(Duration::ZERO)] {
        assert_eq!(ctx.remaining(), Some(Duration::ZERO));
        assert!(ctx.is_done());
        assert!(!ctx.is_cancelled(), "past its deadline, not cancelled");
        assert!(ctx.cancelled().try_recv().unwrap_err().is_empty(), "the deadline disconnects nothing");
    }
}

#[test]
fn deriving_leaves_the_parent_as_it_was() {
    let parent = Context::background().with_timeout(HOUR);
    let deadline = parent.deadline();
    let _ = (parent.with_timeout(Duration::ZERO), parent.with_deadline(now()), parent.with_cancel());
    assert_eq!(parent.deadline(), deadline);
    assert!(!parent.is_done());
}

#[test]
fn deadlines_pass_through_with_cancel_and_cancellation_through_deadlines() {
    let (ctx, canceller) = Context::background().with_timeout(HOUR).with_cancel();
    assert!(ctx.deadline().is_some());
    let derived =
        [ctx.clone(), ctx.with_timeout(SECOND), ctx.with_deadline(now() + SECOND), ctx.with_cancel().0];
    canceller.cancel();
    assert!(derived.iter().all(Context::is_cancelled));
}
