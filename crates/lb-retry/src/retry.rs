use std::fmt;
use std::time::Duration;

use crate::engine::Limits;
use crate::{Backoff, Enforced, Inline, RetryAll, RetryBuilder};

/// Makes a load balancer behave like one endpoint: a request is tried on one endpoint after another.
///
/// - Up to `max` attempts, until one succeeds or the timeout (or the context's deadline, if sooner) has passed. Each
///   attempt is a new pick that avoids the addresses tried already; a pick that fails is a failed attempt.
/// - No wait before an endpoint that was not tried. When the balancer hands out one that was, all were: then it waits,
///   [with jitter](Backoff), and starts over; after a failed pick it waits too. No wait goes past the deadline.
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
    balancer: L,
    policy: P,
    limits: Limits,
    mode: M,
}

impl<L> Retry<L> {
    /// Up to `max` attempts within `timeout`, every error retried.
    ///
    /// With a `max` of 0, or no time, every call fails at once ([`builder`](Self::builder) refuses such settings). A
    /// timeout past the clock's range is none.
    pub fn new(max: u32, timeout: Duration, lb: L) -> Self {
        let limits =
            Limits { max_attempts: max, timeout, attempt_timeout: None, backoff: Backoff::default() };
        Self::with(lb, RetryAll, limits)
    }

    /// All the settings; see [`RetryBuilder`] for the defaults.
    pub fn builder(lb: L) -> RetryBuilder<L> {
        RetryBuilder::new(lb)
    }
}

impl<L, P> Retry<L, P> {
    pub(crate) fn with(balancer: L, policy: P, limits: Limits) -> Self {
        Self { balancer, policy, limits, mode: Enforced::new() }
    }

    /// Makes the attempts on the caller's thread, for endpoints that honour their context's deadline.
    pub fn inline(self) -> Retry<L, P, Inline> {
        Retry { balancer: self.balancer, policy: self.policy, limits: self.limits, mode: Inline::new() }
    }
}

impl<L, P, M> Retry<L, P, M> {
    pub(crate) fn parts(&self) -> (&L, &P, &Limits) {
        (&self.balancer, &self.policy, &self.limits)
    }

    pub(crate) fn mode(&self) -> &M {
        &self.mode
    }
}

impl<L: fmt::Debug, P: fmt::Debug, M> fmt::Debug for Retry<L, P, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("balancer", &self.balancer)
            .field("policy", &self.policy)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
