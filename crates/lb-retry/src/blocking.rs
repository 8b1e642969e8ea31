//! What the two blocking drivers share: the clock, and how they wait.

use std::time::Instant;

use crossbeam_channel::RecvTimeoutError;
use lb_core::Context;

#[expect(clippy::disallowed_methods, reason = "this is the driver: the engine takes `now` from here")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Waits. False: the context was cancelled meanwhile.
pub(crate) fn sleep(ctx: &Context, until: Instant) -> bool {
    match ctx.cancelled().recv_deadline(until) {
        Ok(never) => match never {},
        Err(RecvTimeoutError::Timeout) => true,
        Err(RecvTimeoutError::Disconnected) => false,
    }
}
