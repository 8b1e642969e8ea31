use std::fmt;
use std::time::Duration;

use crate::builder::RetryBuilder;
use crate::enforced::Enforced;
use crate::inline::Inline;
use crate::policy::RetryAll;
use crate::setup::Setup;

/// Makes a load balancer behave like one endpoint: a request is tried on one endpoint after another.
///
/// - Up to `max` attempts, until one succeeds or the timeout (or the context's deadline, if sooner) has passed. Each
///   attempt is a new pick that avoids the endpoints tried already; a pick that fails is a failed attempt, but before
///   discovery has answered it waits.
/// - No wait before an endpoint that was not tried. When the balancer hands out one that was, all were: then it waits,
///   [with jitter](crate::Backoff), and starts over; after a failed pick it waits too. No wait goes past the deadline.
/// - The default mode, [`Enforced`], keeps its timeout even when an endpoint never returns.
///   [`inline`](Self::inline) is faster, and takes borrowed requests.
/// - With the feature `tokio` it is an [`AsyncEndpoint`](lb_core::AsyncEndpoint) too. Where both traits are in scope,
///   name the one you mean: `Endpoint::call(&retry, &ctx, request)`.
///
/// ```
/// use std::time::Duration;
/// use lb_core::{Context, Endpoint, endpoint_fn};
/// use lb_retry::Retry;
/// use lb_static::FixedPublisher;
/// use lb_strategies::RoundRobin;
///
/// let addresses = ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"];
/// let endpoints = addresses.map(|address| {
///     let up = address == "10.0.0.3:80";
///     (address, endpoint_fn(move |_, n: u32| if up { Ok(2 * n) } else { Err("refused") }))
/// });
/// let lb = RoundRobin::new(FixedPublisher::new(endpoints));
///
/// let retry = Retry::new(3, Duration::from_secs(1), lb);
/// assert_eq!(retry.call(&Context::background(), 21)?, 42);
/// # Ok::<_, lb_retry::RetryError<&str>>(())
/// ```
pub struct Retry<L, P = RetryAll, M = Enforced> {
    pub(crate) setup: Setup<L, P>,
    pub(crate) mode: M,
}

impl<L> Retry<L> {
    /// Up to `max` attempts within `timeout`, every error and every time-out retried. An attempt has its share of the time,
    /// `timeout / min(max, 3)`: one endpoint that never answers does not use up the others' time.
    ///
    /// With a `max` of 0, or no time, every call fails at once ([`builder`](Self::builder) refuses such settings). A
    /// timeout past the clock's range is none.
    pub fn new(max: u32, timeout: Duration, lb: L) -> Self {
        Self { setup: Setup::new(lb, max, timeout), mode: Enforced::new() }
    }

    /// All the settings; see [`RetryBuilder`] for the defaults.
    pub fn builder(lb: L) -> RetryBuilder<L> {
        RetryBuilder(Setup::new(lb, 3, Duration::from_secs(10)))
    }
}

impl<L, P> Retry<L, P> {
    /// Makes the attempts on the caller's thread, for endpoints that honour their context's deadline.
    pub fn inline(self) -> Retry<L, P, Inline> {
        Retry { setup: self.setup, mode: Inline(()) }
    }
}

impl<L: fmt::Debug, P: fmt::Debug, M> fmt::Debug for Retry<L, P, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("balancer", &self.setup.balancer)
            .field("policy", &self.setup.policy)
            .field("settings", &self.setup.settings)
            .finish_non_exhaustive()
    }
}
