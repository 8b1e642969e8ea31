//! Code of the user's that runs on our threads may panic; what is ours goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::BoxError;

/// Runs `code` and turns a panic into an error that carries the panic's message.
///
/// What `code` touches must be whole even when it stops half-way: each caller passes code of the user's and drops or
/// replaces whatever it worked on.
pub(crate) fn caught<T>(what: &str, code: impl FnOnce() -> T) -> Result<T, BoxError> {
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
