//! What the crates of this project share and users have no need of. No promise of stability.

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use crate::recording::failure_on_panic;
use crate::sync::{Mutex, MutexGuard};
use crate::{BoxError, LOG};

/// Locks, whether or not a thread has panicked while it held the lock: every value behind these locks is whole at all
/// times.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Runs code of the user's and turns a panic into an error that carries the panic's message.
///
/// What `code` touches must be whole even when it stops half-way: each caller passes code of the user's and drops or
/// replaces whatever it worked on.
///
/// # Errors
///
/// The panic's message, after `what` panicked.
pub fn caught<T>(what: &str, code: impl FnOnce() -> T) -> Result<T, BoxError> {
    catch_unwind(AssertUnwindSafe(code)).map_err(|payload| {
        let message = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        let text = format!("{what} panicked: {message}");
        // A payload may have a destructor that panics in its turn.
        std::mem::forget(payload);
        text.into()
    })
}

/// Logs. A logger or a `Display` that panics costs its line and nothing else.
pub fn log_safely(line: impl FnOnce()) {
    let _ = caught("the logger", line);
}

/// Runs code of the user's whose panic is logged and has no other effect; `what` names it.
pub fn run_caught(what: &str, code: impl FnOnce()) {
    if let Err(error) = caught(what, code) {
        log_safely(|| log::error!(target: LOG, error:%; "{error}"));
    }
}

/// Drops a value of the user's; `what` names it where its destructor panics.
pub fn drop_caught<T>(what: &str, value: T) {
    run_caught(what, move || drop(value));
}
