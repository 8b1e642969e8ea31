use std::future::{Future, pending, poll_fn};
use std::mem::take;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};

use lb_core::{AsyncEndpoint, Context, LoadBalancer, Pick};
use tokio::time::sleep_until;

use crate::session::{Call, Next, Session};
use crate::{Policy, Retry, RetryError};

/// Everything happens inside the caller's future: no task is spawned, and dropping it drops the attempt in flight and
/// its pick. Cost when the first attempt succeeds at once: one reading of the clock, no timer, and no allocation.
///
/// # Panics
///
/// Time is tokio's: a call that is not ready at once needs a tokio runtime whose timer is enabled, as
/// [`tokio::time::sleep`] does.
impl<Req, L, P> AsyncEndpoint<Req> for Retry<L, P>
where
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
        let mut session = Session::new(self.parts(), ctx, request, begun);
        let mut next = session.begin(begun);
        loop {
            next = match next {
                Next::Finish(result) => return result,
                Next::Wait(until) => match rest_of(pin!(pending::<()>()), Some(until), ctx).await {
                    Outcome::Cancelled => session.cancelled(None, now()),
                    Outcome::TimedOut | Outcome::Returned(()) => session.woke(now()),
                },
                Next::Call(Call { pick, request, running }) => {
                    let attempt_ctx = running.context(ctx);
                    let mut attempt = pin!(pick.call(&attempt_ctx, request));
                    let outcome = match first_poll(attempt.as_mut()).await {
                        Poll::Ready(result) => Outcome::Returned(result),
                        Poll::Pending => rest_of(attempt, running.deadline, ctx).await,
                    };
                    match outcome {
                        Outcome::Returned(result) => {
                            session.ended(running, || Pick::shared_address(&pick), result, now)
                        }
                        Outcome::TimedOut => session.timed_out(running, pick.shared_address(), now()),
                        Outcome::Cancelled => {
                            session.cancelled(Some((running, pick.shared_address())), now())
                        }
                    }
                }
            }
        }
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

/// Waits for `future`, which this task has just polled, until the deadline has passed or `ctx` is cancelled.
///
/// Timer and cancellation are polled first, so that a future that uses up its task's cooperative budget cannot starve
/// them.
async fn rest_of<F: Future>(
    mut future: Pin<&mut F>,
    deadline: Option<Instant>,
    ctx: &Context,
) -> Outcome<F::Output> {
    let mut timer = pin!(deadline.filter(is_measurable).map(|deadline| sleep_until(deadline.into())));
    let mut cancelled = ctx.on_cancelled();
    let mut just_polled = true;
    poll_fn(|task| {
        if Pin::new(&mut cancelled).poll(task).is_ready() {
            return Poll::Ready(Outcome::Cancelled);
        }
        if let Some(timer) = timer.as_mut().as_pin_mut()
            && timer.poll(task).is_ready()
        {
            return Poll::Ready(Outcome::TimedOut);
        }
        if take(&mut just_polled) { Poll::Pending } else { future.as_mut().poll(task).map(Outcome::Returned) }
    })
    .await
}
