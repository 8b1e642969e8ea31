//! Calls through a pick record how they ended.

use std::future::{Future, poll_fn};
use std::pin::pin;

use crate::{Outcome, Pick};

/// Runs `call`, and records its result on `pick`; a panic is a failure.
pub(crate) fn recorded<E, Res, Err>(
    pick: &Pick<E>,
    call: impl FnOnce() -> Result<Res, Err>,
) -> Result<Res, Err> {
    let panicked = RecordOnDrop(pick, Outcome::Failure);
    let result = call();
    pick.record(outcome_of(&result));
    // The first word counts.
    drop(panicked);
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
    let dropped = RecordOnDrop(pick, Outcome::Cancelled);
    async move {
        let mut call = pin!(call);
        let result = poll_fn(|cx| {
            let panicked = RecordOnDrop(pick, Outcome::Failure);
            let polled = call.as_mut().poll(cx);
            std::mem::forget(panicked);
            polled
        })
        .await;
        pick.record(outcome_of(&result));
        drop(dropped);
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
