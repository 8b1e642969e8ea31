//! Code of the user's that runs on our thread may panic; discovery goes on.

use std::any::Any;

/// What a panic said.
pub(crate) fn message_of(panic: Box<dyn Any + Send>) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let message = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    let message = message.to_owned();
    // A payload may have a destructor that panics in its turn.
    std::mem::forget(panic);
    message
}
