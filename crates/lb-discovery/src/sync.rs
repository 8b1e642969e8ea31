//! The primitives behind `shared.rs`: std's, or loom's in a model check (`--cfg loom`).

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use lb_core::Context;

#[cfg(loom)]
pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};
#[cfg(not(loom))]
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};

/// Waits while the condition holds, but no longer than `patience`.
pub(crate) fn wait_while<'a, T>(
    changed: &Condvar,
    mut guard: MutexGuard<'a, T>,
    patience: Duration,
    mut condition: impl FnMut(&T) -> bool,
) -> MutexGuard<'a, T> {
    let end = Context::background().with_timeout(patience);
    while condition(&guard) {
        let left = end.remaining().unwrap_or(Duration::MAX);
        if left.is_zero() {
            break;
        }
        guard = changed.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner).0;
    }
    guard
}

#[expect(clippy::disallowed_methods, reason = "what a factory or a stop takes is measured by the clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
