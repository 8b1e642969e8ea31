//! Calls through a pick record how they ended.

use std::future::{Future, poll_fn};
use std::pin::pin;

use crate::{Outcome, Pick};

/// Runs `call`; where it panics, that is recorded on `pick` as a failure.
#[inline]
pub fn failure_on_panic<E, T>(pick: &Pick<E>, call: impl FnOnce() -> T) -> T {
    let panicked = RecordOnDrop(pick, Outcome::Failure);
    let result = call();
    std::mem::forget(panicked);
    result
}

/// Runs `call`, and records its result on `pick`; a panic is a failure.
pub(crate) fn recorded<E, Res, Err>(
    pick: &Pick<E>,
    call: impl FnOnce() -> Result<Res, Err>,
) -> Result<Res, Err> {
    let result = failure_on_panic(pick, call);
    pick.record(outcome_of(&result));
    result
}

/// Awaits what `call` makes, and records its result on `pick`; a panic of either is a failure, and a future that is dropped
/// before its end is cancelled.
pub(crate) fn recorded_async<E: Send + Sync, Fut, Res, Err>(
    pick: &Pick<E>,
    call: impl FnOnce() -> Fut,
) -> impl Future<Output = Result<Res, Err>> + Send
where
    Fut: Future<Output = Result<Res, Err>> + Send,
{
    let panicked = RecordOnDrop(pick, Outcome::Failure);
    let call = call();
    std::mem::forget(panicked);
    // Outside, so that it is dropped with a future that was never polled.
    let cancelled = RecordOnDrop(pick, Outcome::Cancelled);
    async move {
        let mut call = pin!(call);
        let result = poll_fn(|cx| failure_on_panic(pick, || call.as_mut().poll(cx))).await;
        // The first word counts.
        pick.record(outcome_of(&result));
        drop(cancelled);
        result
    }
}

fn outcome_of<Res, Err>(result: &Result<Res, Err>) -> Outcome {
    if result.is_ok() { Outcome::Success } else { Outcome::Failure }
}

struct RecordOnDrop<'a, E>(&'a Pick<E>, Outcome);

impl<E> Drop for RecordOnDrop<'_, E> {
    fn drop(&mut self) {
        self.0.record(self.1);
    }
}
