use std::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::Select;
use lb_core::{Context, Endpoint, EndpointId, LoadBalancer};

use crate::blocking::{now, sleep};
use crate::error::RetryError;
use crate::held_threads::HeldThreads;
use crate::mode::{Mode, sealed};
use crate::policy::Policy;
use crate::retry::Retry;
use crate::session::{Call, Next, Session};
use crate::workers::{Ticket, Workers};

/// The mode of a [`Retry`] that keeps its timeout even when an endpoint never returns.
///
/// - Attempts run on threads that are kept for the next ones, so requests, responses and endpoints are `'static`. The
///   caller stops waiting at the deadline, or at once when it cancels its context; the abandoned attempt's context is
///   cancelled, and its thread is used again once the endpoint returns.
/// - An endpoint that holds more than 8 threads with abandoned attempts is avoided as if it had been tried, until it
///   returns. While 256 of them have not returned in all, new attempts are refused
///   ([`Reason::Saturated`](crate::Reason::Saturated), which names who holds the threads). The count is that of one `Retry`; attempts that were in flight
///   already when it was reached can still come on top of it.
/// - An endpoint's panic reaches the caller.
/// - Threads start with the first call and retire after five idle seconds, or with the `Retry`.
///
/// Cost: about 2 µs when calls follow each other (a worker that had its last attempt within 100 µs spins for the next
/// one before it parks), 6 to 40 µs when a parked thread must be woken.
pub struct Enforced {
    workers: Workers,
    held_threads: Arc<HeldThreads>,
}

impl Enforced {
    pub(crate) fn new() -> Self {
        Self { workers: Workers::new(), held_threads: Arc::default() }
    }
}

impl fmt::Debug for Enforced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enforced").finish_non_exhaustive()
    }
}

impl sealed::Sealed for Enforced {}

impl Mode for Enforced {}

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
        let Enforced { workers, held_threads } = self.mode();
        let mut session = Session::new(self.parts(), Some(held_threads), ctx, request, (begun, now));
        let mut next = session.begin(begun);
        loop {
            next = match next {
                Next::Finish(result) => return result,
                Next::Wait(until) if sleep(ctx, until, session.wakeup()) => session.woke(now()),
                Next::Wait(_) => session.cancelled(None),
                Next::Call(Call { pick, request, attempt }) => {
                    let (id, instance) = (pick.id(), pick.instance().clone());
                    let (attempt_ctx, canceller) = attempt.context(ctx).with_cancel();
                    let claim =
                        Claim { held_threads: Arc::clone(held_threads), id, address: pick.shared_address() };
                    let work = move || pick.call(&attempt_ctx, request);
                    let released = {
                        let claim = claim.clone();
                        move || claim.release()
                    };
                    let ticket = workers.run(work, released);
                    match ticket.map(|ticket| ticket.wait(ctx, attempt.deadline, &claim)) {
                        Ok(Outcome::Returned(result)) => session.ended(attempt, (id, &instance), result),
                        Ok(Outcome::TimedOut) => {
                            canceller.cancel();
                            session.timed_out(attempt, (id, &instance))
                        }
                        Ok(Outcome::Cancelled) => session.cancelled(Some((attempt, (id, &instance)))),
                        Err(reason) => session.finish(reason, now()),
                    }
                }
            }
        }
    }
}

/// The thread that an attempt holds from when it is abandoned until it returns, counted beside its endpoint.
#[derive(Clone)]
struct Claim {
    held_threads: Arc<HeldThreads>,
    id: EndpointId,
    address: Arc<str>,
}

impl Claim {
    fn hold(&self) {
        self.held_threads.hold(self.id, &self.address);
    }

    fn release(&self) {
        self.held_threads.release(self.id);
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
    fn wait(self, ctx: &Context, deadline: Option<Instant>, claim: &Claim) -> Outcome<T> {
        let gave_up = match self.first_event(ctx, deadline) {
            Event::Answered => None,
            Event::Deadline => Some(Outcome::TimedOut),
            Event::Cancelled => Some(Outcome::Cancelled),
        };
        let Some(outcome) = gave_up else { return self.result() };
        claim.hold();
        if self.handover.abandon() {
            return outcome;
        }
        claim.release();
        self.result()
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
