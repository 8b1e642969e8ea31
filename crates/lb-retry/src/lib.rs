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
//! When to retry, when to wait and when to stop is one state machine, [`Engine`], without clock or threads; the blocking
//! and the asynchronous drivers execute what it says.

#[cfg(feature = "tokio")]
mod asynchronous;
mod attempt;
mod attempt_end;
mod attempt_log;
mod backoff;
mod blocking;
mod builder;
mod change;
mod enforced;
mod engine;
mod error;
mod hand_off;
mod held_threads;
mod inline;
mod logged_state;
mod mode;
mod policy;
mod retry;
mod session;
mod setup;
mod sync;
mod thread_pool;
#[cfg(not(feature = "tokio"))]
mod without_tokio;
mod workers;

pub use attempt::{Attempt, Cause};
pub use attempt_end::{AttemptEnd, AttemptResult};
pub use backoff::{Backoff, InvalidBackoff};
pub use builder::{InvalidRetry, RetryBuilder};
pub use enforced::Enforced;
pub use engine::{Engine, Limits, LiveAttempt, Step};
pub use error::{Reason, RetryError};
pub use inline::Inline;
pub use mode::Mode;
pub use policy::{KeyBy, Policy, RetryAll, RetryIf, Verdict};
pub use retry::Retry;

/// The `log` target of this crate.
const LOG: &str = "lb-retry";
