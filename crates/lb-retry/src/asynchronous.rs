use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context as Task, Poll};
use std::time::Instant;

use lb_core::{AsyncEndpoint, Cancelled, Context, LoadBalancer, Pick};
use tokio::time::{Sleep, sleep_until};

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
                Next::Wait(until) => match within(std::future::pending::<()>(), Some(until), ctx).await {
                    Outcome::Cancelled => session.cancelled(None, now()),
                    Outcome::TimedOut | Outcome::Returned(()) => session.woke(now()),
                },
                Next::Call(Call { pick, request, running }) => {
                    let attempt_ctx = running.context(ctx);
                    let attempt = pick.call(&attempt_ctx, request);
                    match within(attempt, running.deadline, ctx).await {
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

/// Drives `future` until it is ready, the deadline has passed, or `ctx` is cancelled, and drops it.
///
/// The timer is registered when the future is pending at first: most are ready before it would be worth it. From then on
/// it is polled first, so that a future that uses up its task's cooperative budget cannot starve it.
async fn within<F: Future>(future: F, deadline: Option<Instant>, ctx: &Context) -> Outcome<F::Output> {
    let mut future = pin!(future);
    let mut timer = pin!(None::<Sleep>);
    let mut cancelled = None::<Cancelled>;
    poll_fn(|task| {
        let mut alarm = fired(&mut timer, &mut cancelled, task);
        if let Poll::Ready(output) = future.as_mut().poll(task) {
            return Poll::Ready(Outcome::Returned(output));
        }
        if cancelled.is_none() {
            cancelled = Some(ctx.on_cancelled());
            timer.set(deadline.map(|deadline| sleep_until(deadline.into())));
            alarm = fired(&mut timer, &mut cancelled, task);
        }
        alarm
    })
    .await
}

/// What ends the wait, whether or not the future is ready.
fn fired<T>(
    timer: &mut Pin<&mut Option<Sleep>>,
    cancelled: &mut Option<Cancelled>,
    task: &mut Task<'_>,
) -> Poll<Outcome<T>> {
    if cancelled.as_mut().is_some_and(|cancelled| Pin::new(cancelled).poll(task).is_ready()) {
        return Poll::Ready(Outcome::Cancelled);
    }
    match timer.as_mut().as_pin_mut() {
        Some(timer) => timer.poll(task).map(|()| Outcome::TimedOut),
        None => Poll::Pending,
    }
}
