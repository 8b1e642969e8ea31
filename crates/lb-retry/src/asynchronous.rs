use std::future::{Future, pending, poll_fn};
use std::mem::take;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};

use lb_core::{AsyncEndpoint, Context, LoadBalancer, Pick};
use tokio::time::sleep_until;

use crate::error::RetryError;
use crate::mode::Mode;
use crate::policy::Policy;
use crate::retry::Retry;
use crate::session::{Call, Next, Session};
use crate::wakeup::Wakeup;

/// Everything happens inside the caller's future: no task is spawned, and dropping it drops the attempt in flight and
/// its pick. Cost when the first attempt succeeds at once: one reading of the clock, no timer, and no allocation.
///
/// # Panics
///
/// Time is tokio's: a call that is not ready at once needs a tokio runtime whose timer is enabled, as
/// [`tokio::time::sleep`] does.
impl<Req, L, P, M> AsyncEndpoint<Req> for Retry<L, P, M>
where
    M: Mode,
    Req: Send,
    L: LoadBalancer,
    L::Endpoint: AsyncEndpoint<Req> + Send + Sync,
    <L::Endpoint as AsyncEndpoint<Req>>::Response: Send,
    <L::Endpoint as AsyncEndpoint<Req>>::Error: Send,
    P: Policy<Req, <L::Endpoint as AsyncEndpoint<Req>>::Response, <L::Endpoint as AsyncEndpoint<Req>>::Error>,
{
    type Response = <L::Endpoint as AsyncEndpoint<Req>>::Response;
    type Error = RetryError<<L::Endpoint as AsyncEndpoint<Req>>::Error>;

    async fn call(&self, ctx: &Context, request: Req) -> Result<Self::Response, Self::Error> {
        let begun = now();
        let mut session = Session::new(self.parts(), None, ctx, request, (begun, now));
        let mut next = session.begin(begun);
        loop {
            next = match next {
                Next::Finish(result) => return result,
                Next::Wait(until) => {
                    let outcome = {
                        let wakeup = pin!(changed(session.wakeup()));
                        rest_of(wakeup, Some(until), ctx, false).await
                    };
                    match outcome {
                        Outcome::Cancelled => session.cancelled(None),
                        Outcome::TimedOut | Outcome::Returned(()) => session.woke(now()),
                    }
                }
                Next::Call(Call { pick, request, attempt }) => {
                    let attempt_ctx = attempt.context(ctx);
                    let mut future = pin!(pick.call(&attempt_ctx, request));
                    let outcome = match first_poll(future.as_mut()).await {
                        Poll::Ready(result) => Outcome::Returned(result),
                        Poll::Pending => rest_of(future, attempt.deadline, ctx, true).await,
                    };
                    let target = (pick.id(), Pick::instance(&pick));
                    match outcome {
                        Outcome::Returned(result) => session.ended(attempt, target, result),
                        Outcome::TimedOut => session.timed_out(attempt, target),
                        Outcome::Cancelled => session.cancelled(Some((attempt, target))),
                    }
                }
            }
        }
    }
}

/// Ready when what `wakeup` waits for has changed.
async fn changed(wakeup: Option<&Wakeup>) {
    match wakeup {
        Some(wakeup) => poll_fn(|task| wakeup.poll_changed(task)).await,
        None => pending().await,
    }
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// How the wait for an attempt ended.
enum Outcome<T> {
    Returned(T),
    TimedOut,
    Cancelled,
}

/// Polls `future` once: most that need no network are ready before a timer would be worth it.
async fn first_poll<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|task| Poll::Ready(future.as_mut().poll(task))).await
}

/// Whether tokio's timer can count to `deadline`, which it rounds up to a millisecond: not at the very end of the
/// clock's range.
fn is_measurable(deadline: &Instant) -> bool {
    deadline.checked_add(Duration::from_millis(1)).is_some()
}

/// Waits for `future` until the deadline has passed or `ctx` is cancelled. `polled`: this task has just polled it.
///
/// Timer and cancellation are polled first, so that a future that uses up its task's cooperative budget cannot starve
/// them.
async fn rest_of<F: Future>(
    mut future: Pin<&mut F>,
    deadline: Option<Instant>,
    ctx: &Context,
    mut polled: bool,
) -> Outcome<F::Output> {
    let mut timer = pin!(deadline.filter(is_measurable).map(|deadline| sleep_until(deadline.into())));
    let mut cancelled = ctx.on_cancelled();
    poll_fn(|task| {
        if Pin::new(&mut cancelled).poll(task).is_ready() {
            return Poll::Ready(Outcome::Cancelled);
        }
        if let Some(timer) = timer.as_mut().as_pin_mut()
            && timer.poll(task).is_ready()
        {
            return Poll::Ready(Outcome::TimedOut);
        }
        if take(&mut polled) { Poll::Pending } else { future.as_mut().poll(task).map(Outcome::Returned) }
    })
    .await
}
