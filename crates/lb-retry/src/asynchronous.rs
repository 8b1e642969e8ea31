use std::future::{Future, poll_fn};
use std::mem::take;
use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};

use lb_core::support::failure_on_panic;
use lb_core::{AsyncEndpoint, Context, LoadBalancer};
use tokio::time::sleep_until;

use crate::engine::Step;
use crate::error::{Reason, RetryError};
use crate::mode::Mode;
use crate::policy::Policy;
use crate::retry::Retry;
use crate::session::{End, Session};

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
        let mut session = Session::new(self, None, ctx, request, now);
        let mut step = session.begin();
        loop {
            step = match step {
                Step::Pick => session.pick(),
                Step::Call(attempt) => {
                    let Some((pick, request)) = session.call() else {
                        return session.finish(Reason::NotReplayable);
                    };
                    let attempt_ctx = attempt.context(ctx);
                    // Not through the pick, which would record an outcome before the policy has its word. Dropped after
                    // the end is judged, and before the next pick.
                    let call = failure_on_panic(&pick, || L::Endpoint::call(&pick, &attempt_ctx, request));
                    let mut call = pin!(call);
                    let mut future =
                        pin!(poll_fn(|task| failure_on_panic(&pick, || call.as_mut().poll(task))));
                    let end = match first_poll(future.as_mut()).await {
                        Poll::Ready(result) => End::Returned(result),
                        Poll::Pending => rest_of(future, attempt.deadline, ctx, true).await,
                    };
                    match session.ended(attempt, &pick, end) {
                        ControlFlow::Break(response) => return Ok(response),
                        ControlFlow::Continue(step) => step,
                    }
                }
                Step::Wait(until) => {
                    let change = pin!(session.change().on_cancelled());
                    match rest_of(change, until, ctx, false).await {
                        End::Cancelled => Step::Finish(Reason::Cancelled),
                        End::TimedOut | End::Returned(()) => session.woke(),
                    }
                }
                Step::Finish(reason) => return session.finish(reason),
            }
        }
    }
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Polls `future` once: most that need no network are ready before a timer would be worth it.
async fn first_poll<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|task| Poll::Ready(future.as_mut().poll(task))).await
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
) -> End<F::Output> {
    // Tokio rounds a deadline up to a millisecond, which the very end of the clock's range does not bear.
    let deadline = deadline.filter(|deadline| deadline.checked_add(Duration::from_millis(1)).is_some());
    let mut timer = pin!(deadline.map(|deadline| sleep_until(deadline.into())));
    let mut cancelled = ctx.on_cancelled();
    poll_fn(|task| {
        if Pin::new(&mut cancelled).poll(task).is_ready() {
            return Poll::Ready(End::Cancelled);
        }
        if let Some(timer) = timer.as_mut().as_pin_mut()
            && timer.poll(task).is_ready()
        {
            return Poll::Ready(End::TimedOut);
        }
        if take(&mut polled) { Poll::Pending } else { future.as_mut().poll(task).map(End::Returned) }
    })
    .await
}
