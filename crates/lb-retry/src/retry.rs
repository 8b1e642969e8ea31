use std::fmt;
use std::time::{Duration, Instant};

use crate::backoff::Backoff;
use crate::builder::RetryBuilder;
use crate::enforced::Enforced;
use crate::engine::{Engine, Limits, earlier};
use crate::inline::Inline;
use crate::policy::RetryAll;

/// Into how many parts the time of a request is divided at most, where time-outs are retried.
const SHARES: u32 = 3;

/// Makes a load balancer behave like one endpoint: a request is tried on one endpoint after another.
///
/// - Up to `max` attempts, until one succeeds or the timeout (or the context's deadline, if sooner) has passed. Each
///   attempt is a new pick that avoids the endpoints tried already; a pick that fails is a failed attempt, but before
///   discovery has answered it waits.
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
    settings: Settings,
    mode: M,
}

/// What was set for each request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) max_attempts: u32,
    pub(crate) timeout: Duration,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) backoff: Backoff,
    pub(crate) retry_timeouts: Option<bool>,
    pub(crate) wait_for_endpoints: bool,
    /// An attempt's share of the timeout. A division takes as long as a good part of a request: it is made beforehand.
    share: Duration,
}

impl Settings {
    pub(crate) fn new(max_attempts: u32, timeout: Duration) -> Self {
        Self {
            max_attempts,
            timeout,
            attempt_timeout: None,
            backoff: Backoff::default(),
            retry_timeouts: None,
            wait_for_endpoints: false,
            share: Duration::MAX,
        }
    }

    fn share_of(&self, time: Duration) -> Duration {
        time / self.max_attempts.clamp(1, SHARES)
    }

    /// The engine of a request that begins now. An attempt gets its share of the time where time-outs are retried, unless
    /// a time of its own was set.
    #[inline]
    pub(crate) fn engine(
        &self,
        policy_retries: impl FnOnce() -> bool,
        callers: Option<Instant>,
        now: Instant,
    ) -> Engine {
        let deadline = earlier(now.checked_add(self.timeout), callers);
        let share = || match callers {
            None => self.share,
            Some(callers) => self.share_of(self.timeout.min(callers.saturating_duration_since(now))),
        };
        let share = || self.retry_timeouts.unwrap_or_else(policy_retries).then(share);
        let attempt_timeout = self.attempt_timeout.or_else(share);
        let (max_attempts, backoff) = (self.max_attempts, self.backoff);
        Engine::new(Limits { max_attempts, attempt_timeout, backoff }, deadline)
    }
}

impl<L> Retry<L> {
    /// Up to `max` attempts within `timeout`, every error and every time-out retried. An attempt has its share of the time,
    /// `timeout / min(max, 3)`: one endpoint that never answers does not use up the others' time.
    ///
    /// With a `max` of 0, or no time, every call fails at once ([`builder`](Self::builder) refuses such settings). A
    /// timeout past the clock's range is none.
    pub fn new(max: u32, timeout: Duration, lb: L) -> Self {
        Self::with(lb, RetryAll, Settings::new(max, timeout))
    }

    /// All the settings; see [`RetryBuilder`] for the defaults.
    pub fn builder(lb: L) -> RetryBuilder<L> {
        RetryBuilder::new(lb)
    }
}

impl<L, P> Retry<L, P> {
    pub(crate) fn with(balancer: L, policy: P, settings: Settings) -> Self {
        let settings = Settings { share: settings.share_of(settings.timeout), ..settings };
        Self { balancer, policy, settings, mode: Enforced::new() }
    }

    /// Makes the attempts on the caller's thread, for endpoints that honour their context's deadline.
    pub fn inline(self) -> Retry<L, P, Inline> {
        Retry { balancer: self.balancer, policy: self.policy, settings: self.settings, mode: Inline::new() }
    }
}

impl<L, P, M> Retry<L, P, M> {
    #[inline]
    pub(crate) fn parts(&self) -> (&L, &P, &Settings) {
        (&self.balancer, &self.policy, &self.settings)
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
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
