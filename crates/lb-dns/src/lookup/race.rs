//! Two attempts at one thing.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// The first success of two attempts that run side by side; where both fail, the failure of the first.
pub(super) async fn first_success<T, E>(
    one: impl Future<Output = Result<T, E>>,
    other: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let (mut one_failed, mut other_failed) = (None, false);
    poll_fn(move |cx| {
        if one_failed.is_none()
            && let Poll::Ready(result) = one.as_mut().poll(cx)
        {
            match result {
                Ok(success) => return Poll::Ready(Ok(success)),
                Err(failure) => one_failed = Some(failure),
            }
        }
        if !other_failed && let Poll::Ready(result) = other.as_mut().poll(cx) {
            match result {
                Ok(success) => return Poll::Ready(Ok(success)),
                Err(_) => other_failed = true,
            }
        }
        match one_failed.take_if(|_| other_failed) {
            Some(failure) => Poll::Ready(Err(failure)),
            None => Poll::Pending,
        }
    })
    .await
}
