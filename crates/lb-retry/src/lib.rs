//! Retry makes a load balancer behave like one endpoint.
//!
//! ```text
//!            ┌──────────── again, while attempts and time are left ◀───────────┐
//!            ▼                                                                  │ no
//!  request ──▶ pick (avoiding what was tried) ──▶ attempt ──▶ Policy::verdict ──┴─▶ response
//!                 │ every endpoint was tried, or there is none         accepted?
//!                 └──▶ back off, with full jitter
//! ```
//!
//! - [`Retry::new`] enforces its timeout even against endpoints that never return; [`Retry::inline`] runs the attempts on
//!   the caller's thread. With the feature `tokio` a `Retry` is an asynchronous endpoint too.
//! - A [`Policy`] decides which results are retried and how a request is sent twice; [`RetryBuilder::retry_if`] and
//!   [`RetryBuilder::key_by`] are its shorthands.
//! - A [`RetryError`] carries every attempt's address and cause.
//!
//! When to retry, when to wait and when to stop is one state machine, without clock or threads; the blocking and the
//! asynchronous driver execute what it says.

#[cfg(feature = "tokio")]
mod asynchronous;
mod attempt;
mod backoff;
mod blocking;
mod builder;
mod enforced;
mod engine;
mod error;
mod handover;
mod inline;
mod journal;
mod key_by;
mod policy;
mod retry;
mod retry_if;
mod session;
mod sync;
mod thread_pool;
mod workers;

pub use attempt::{Attempt, Cause};
pub use backoff::{Backoff, InvalidBackoff};
pub use builder::{InvalidRetry, RetryBuilder};
pub use enforced::Enforced;
pub use error::{Reason, RetryError};
pub use inline::Inline;
pub use key_by::KeyBy;
pub use policy::{Policy, RetryAll, Verdict};
pub use retry::Retry;
pub use retry_if::RetryIf;

/// The `log` target of this crate.
const LOG: &str = "lb-retry";
