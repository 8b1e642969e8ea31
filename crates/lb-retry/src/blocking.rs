//! What the two blocking drivers share: the clock, and how they wait.

use std::time::Instant;

use crossbeam_channel::{at, never, select};
use lb_core::Context;

use crate::wakeup::Wakeup;

#[expect(clippy::disallowed_methods, reason = "this is the driver: the engine takes `now` from here")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Waits until then, or for `wakeup`. False: the context was cancelled meanwhile.
pub(crate) fn sleep(ctx: &Context, until: Instant, wakeup: Option<&Wakeup>) -> bool {
    let never = never();
    let changed = wakeup.map_or(&never, Wakeup::changed);
    select! {
        recv(ctx.cancelled()) -> _ => false,
        recv(changed) -> _ => true,
        recv(at(until)) -> _ => true,
    }
}
