//! What the two blocking modes share: the loop, the clock, and how they wait.

use std::ops::ControlFlow;
use std::time::Instant;

use crossbeam_channel::{at, never, select};
use lb_core::{Context, LoadBalancer, Pick};

use crate::engine::{LiveAttempt, Step};
use crate::error::{Reason, RetryError};
use crate::policy::Policy;
use crate::session::Session;

#[expect(clippy::disallowed_methods, reason = "this is the driver: the engine takes `now` from here")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Does what the engine says. `attempt` sends a request through a pick, and tells [`Session::ended`]: there the modes differ.
#[inline]
pub(crate) fn drive<'a, L, P, Req, Res, Err>(
    mut session: Session<'a, L, P, Req, Res, Err>,
    ctx: &Context,
    mut attempt: impl FnMut(
        &mut Session<'a, L, P, Req, Res, Err>,
        LiveAttempt,
        Pick<L::Endpoint>,
        Req,
    ) -> ControlFlow<Res, Step>,
) -> Result<Res, RetryError<Err>>
where
    L: LoadBalancer,
    P: Policy<Req, Res, Err>,
{
    let mut step = session.begin();
    loop {
        step = match step {
            Step::Pick => session.pick(),
            Step::Call(live) => match session.call() {
                Some((pick, request)) => match attempt(&mut session, live, pick, request) {
                    ControlFlow::Break(response) => return Ok(response),
                    ControlFlow::Continue(step) => step,
                },
                None => Step::Finish(Reason::NotReplayable),
            },
            Step::Wait(until) if sleep(ctx, until, &session.change()) => session.woke(),
            Step::Wait(_) => Step::Finish(Reason::Cancelled),
            Step::Finish(reason) => return session.finish(reason),
        }
    }
}

/// Waits until then, or for `change` to be cancelled. False: the caller cancelled its context meanwhile.
fn sleep(ctx: &Context, until: Option<Instant>, change: &Context) -> bool {
    select! {
        recv(ctx.cancelled()) -> _ => false,
        recv(change.cancelled()) -> _ => true,
        recv(until.map_or_else(never, at)) -> _ => true,
    }
}
