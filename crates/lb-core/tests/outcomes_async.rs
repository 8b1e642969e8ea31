//! Asynchronous calls through a pick: how each end of a future is recorded.

#[path = "support/book.rs"]
mod book;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context as TaskContext, Poll, Waker};

use book::{Told, observed, recorded, whole};
use lb_core::{AsyncEndpoint, Context, Outcome};

/// How the future of an endpoint behaves.
#[derive(Clone, Copy)]
enum Behaves {
    Answers(Result<u32, &'static str>),
    AnswersLater(Result<u32, &'static str>),
    Hangs,
    Panics,
    PanicsLater,
    /// Before there is a future.
    PanicsAtOnce,
}

struct Scripted;

impl AsyncEndpoint<Behaves> for Scripted {
    type Response = u32;
    type Error = &'static str;

    fn call(&self, _: &Context, behaves: Behaves) -> impl Future<Output = Result<u32, &'static str>> + Send {
        assert!(!matches!(behaves, Behaves::PanicsAtOnce), "no future");
        async move {
            if matches!(behaves, Behaves::AnswersLater(_) | Behaves::PanicsLater) {
                yield_once().await;
            }
            match behaves {
                Behaves::Answers(answer) | Behaves::AnswersLater(answer) => answer,
                Behaves::Hangs => std::future::pending().await,
                _ => panic!("broken"),
            }
        }
    }
}

async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(
        |_| if std::mem::replace(&mut yielded, true) { Poll::Ready(()) } else { Poll::Pending },
    )
    .await;
}

/// What one call tells that is polled so often at most, and dropped. The pick ends after it.
fn told(behaves: Behaves, polls: usize) -> Vec<Told> {
    let (set, book) = observed(Scripted);
    let pick = set.pick(0).unwrap();
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let ctx = Context::background();
        let mut call = pin!(pick.call(&ctx, behaves));
        (0..polls).any(|_| call.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_ready())
    }));
    let told = book.take();
    drop(pick);
    assert_eq!(book.take(), [Told::Dropped]);
    told
}

#[test]
fn a_future_is_recorded_once_at_its_end() {
    use Behaves::{Answers, AnswersLater, Hangs, Panics, PanicsAtOnce, PanicsLater};
    use Outcome::{Cancelled, Failure, Success};
    let (good, bad) = (Ok(1), Err("refused"));
    let ends = [
        ("ready", Answers(good), 1, Success),
        ("ready with an error", Answers(bad), 1, Failure),
        ("ready after it was pending", AnswersLater(good), 2, Success),
        ("an error after it was pending", AnswersLater(bad), 2, Failure),
        ("a panic in the first poll", Panics, 1, Failure),
        ("a panic in a later poll", PanicsLater, 2, Failure),
        ("a panic before there is a future", PanicsAtOnce, 1, Failure),
        ("dropped after a poll", AnswersLater(good), 1, Cancelled),
        ("dropped after many polls", Hangs, 10, Cancelled),
        ("never polled", Answers(bad), 0, Cancelled),
    ];
    for (end, behaves, polls, outcome) in ends {
        assert_eq!(told(behaves, polls), [Told::Picked, recorded(outcome)], "{end}");
    }
}

#[test]
fn a_future_that_is_dropped_while_the_thread_unwinds_from_another_panic_was_cancelled() {
    for polls in [0, 1] {
        let (set, book) = observed(Scripted);
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let (pick, ctx) = (set.pick(0).unwrap(), Context::background());
            let mut call = pin!(pick.call(&ctx, Behaves::Hangs));
            for _ in 0..polls {
                assert!(call.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_pending());
            }
            panic!("another panic");
        }));
        assert!(unwound.is_err());
        assert_eq!(book.take(), whole(Outcome::Cancelled), "{polls} polls");
    }
}

#[test]
fn what_the_caller_records_before_the_future_ends_counts() {
    let (set, book) = observed(Scripted);
    let (pick, ctx) = (set.pick(0).unwrap(), Context::background());
    let mut call = pin!(pick.call(&ctx, Behaves::AnswersLater(Ok(1))));
    let cx = &mut TaskContext::from_waker(Waker::noop());
    assert!(call.as_mut().poll(cx).is_pending());
    pick.record(Outcome::Failure); // it took too long
    assert_eq!(call.as_mut().poll(cx), Poll::Ready(Ok(1)));
    assert_eq!(book.take(), [Told::Picked, recorded(Outcome::Failure)]);
}

#[test]
fn the_answer_of_a_call_is_the_endpoints() {
    let (set, _book) = observed(Scripted);
    let (pick, ctx) = (set.pick(0).unwrap(), Context::background());
    for answer in [Ok(7), Err("refused")] {
        let polled =
            pin!(pick.call(&ctx, Behaves::Answers(answer))).poll(&mut TaskContext::from_waker(Waker::noop()));
        assert_eq!(polled, Poll::Ready(answer));
    }
}
