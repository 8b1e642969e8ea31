use std::fmt;
use std::panic::resume_unwind;
use std::time::Instant;

use crossbeam_channel::Select;
use lb_core::{Context, Endpoint, LoadBalancer};

use crate::blocking::{now, sleep};
use crate::session::{Call, Next, Session};
use crate::workers::{Ticket, Workers};
use crate::{Policy, Retry, RetryError};

/// The mode of a [`Retry`] that keeps its timeout even when an endpoint never returns.
///
/// - Attempts run on threads that are kept for the next ones, so requests, responses and endpoints are `'static`. The
///   caller stops waiting at the deadline, or at once when it cancels its context; the abandoned attempt's context is
///   cancelled, and its thread is used again once the endpoint returns.
/// - While 256 abandoned attempts have not returned, new attempts are refused
///   ([`Reason::Saturated`](crate::Reason::Saturated)). The count is that of one `Retry`; attempts that were in flight
///   already when it was reached can still come on top of it.
/// - An endpoint's panic reaches the caller.
/// - Threads start with the first call and retire after five idle seconds, or with the `Retry`.
///
/// Cost: about 2 µs when calls follow each other (a worker that had its last attempt within 100 µs looks out for the next
/// one before it parks), 6 to 40 µs when a parked thread must be woken.
pub struct Enforced {
    workers: Workers,
}

impl Enforced {
    pub(crate) fn new() -> Self {
        Self { workers: Workers::new() }
    }
}

impl fmt::Debug for Enforced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enforced").finish_non_exhaustive()
    }
}

impl<Req, L, P> Endpoint<Req> for Retry<L, P, Enforced>
where
    Req: Send + 'static,
    L: LoadBalancer,
    L::Endpoint: Endpoint<Req> + Send + Sync + 'static,
    <L::Endpoint as Endpoint<Req>>::Response: Send + 'static,
    <L::Endpoint as Endpoint<Req>>::Error: Send + 'static,
    P: Policy<Req, <L::Endpoint as Endpoint<Req>>::Response, <L::Endpoint as Endpoint<Req>>::Error>,
{
    type Response = <L::Endpoint as Endpoint<Req>>::Response;
    type Error = RetryError<<L::Endpoint as Endpoint<Req>>::Error>;

    fn call(&self, ctx: &Context, request: Req) -> Result<Self::Response, Self::Error> {
        let begun = now();
        let mut session = Session::new(self.parts(), ctx, request, begun);
        let mut next = session.begin(begun);
        loop {
            next = match next {
                Next::Finish(result) => return result,
                Next::Wait(until) if sleep(ctx, until) => session.woke(now()),
                Next::Wait(_) => session.cancelled(None, now()),
                Next::Call(Call { pick, request, running }) => {
                    let address = pick.shared_address();
                    let (attempt_ctx, canceller) = running.context(ctx).with_cancel();
                    let work = move || pick.call(&attempt_ctx, request);
                    match self.mode().workers.run(work).map(|ticket| ticket.wait(ctx, running.deadline)) {
                        Ok(Outcome::Returned(result)) => session.ended(running, || address, result, now),
                        Ok(Outcome::TimedOut) => {
                            canceller.cancel();
                            session.timed_out(running, address, now())
                        }
                        Ok(Outcome::Cancelled) => session.cancelled(Some((running, address)), now()),
                        Err(reason) => session.finish(reason),
                    }
                }
            }
        }
    }
}

/// How the caller's wait for an attempt ended.
enum Outcome<T> {
    Returned(T),
    TimedOut,
    Cancelled,
}

impl<T> Ticket<T> {
    /// Waits for the result, the deadline or the caller's cancellation; resumes the endpoint's panic.
    fn wait(self, ctx: &Context, deadline: Option<Instant>) -> Outcome<T> {
        let gave_up = match self.first_event(ctx, deadline) {
            Event::Answered => None,
            Event::Deadline => Some(Outcome::TimedOut),
            Event::Cancelled => Some(Outcome::Cancelled),
        };
        match gave_up {
            Some(outcome) if self.handover.abandon() => outcome,
            _ => self.result(),
        }
    }

    fn first_event(&self, ctx: &Context, deadline: Option<Instant>) -> Event {
        let mut select = Select::new();
        let answered = select.recv(&self.answer);
        select.recv(ctx.cancelled());
        let ready = match deadline {
            Some(deadline) => select.ready_deadline(deadline),
            None => Ok(select.ready()),
        };
        match ready {
            Err(_) => Event::Deadline,
            Ok(index) if index == answered => Event::Answered,
            Ok(_) => Event::Cancelled,
        }
    }

    /// The result, which is there or about to be.
    fn result(&self) -> Outcome<T> {
        match self.answer.recv() {
            Ok(Ok(result)) => Outcome::Returned(result),
            Ok(Err(panic)) => resume_unwind(panic),
            // Workers hand over every result that is not abandoned; were one lost, waiting would not bring it back.
            Err(_) => Outcome::TimedOut,
        }
    }
}

enum Event {
    Answered,
    Deadline,
    Cancelled,
}
