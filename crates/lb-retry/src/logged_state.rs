use lb_core::support::log_safely;

use crate::sync::{AtomicBool, Ordering};

/// A state whose changes are logged: one line when it begins, one when it is over.
#[derive(Debug, Default)]
pub(crate) struct LoggedState(AtomicBool);

impl LoggedState {
    /// It is so now; `log` is called where it was not so before.
    pub(crate) fn set(&self, now: bool, log: impl FnOnce()) {
        // Relaxed: who logs is all that is decided by it. Read first, as nearly always nothing has changed.
        if self.0.load(Ordering::Relaxed) != now && self.0.swap(now, Ordering::Relaxed) != now {
            log_safely(log);
        }
    }
}
