//! What every driver of `Retry` does alike: one suite, run by the enforced, the inline and the asynchronous one.

mod attempts;
mod driver;
mod errors;
mod limits;
mod policies;
