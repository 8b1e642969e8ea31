use std::time::Duration;

use crate::backoff::Backoff;
use crate::enforced::Enforced;
use crate::policy::{KeyBy, RetryAll, RetryIf};
use crate::retry::Retry;
use crate::setup::Setup;

/// The settings of a [`Retry`]; made by [`Retry::builder`].
///
/// | setting | default |
/// |---|---|
/// | [`max_attempts`](Self::max_attempts) | 3 |
/// | [`timeout`](Self::timeout) | 10 seconds |
/// | [`attempt_timeout`](Self::attempt_timeout) | timeout / min(max attempts, 3) where time-outs are retried, else the whole |
/// | [`retry_timeouts`](Self::retry_timeouts) | as the policy says: [`RetryAll`] does, `retry_if` does not |
/// | [`wait_for_endpoints`](Self::wait_for_endpoints) | no |
/// | [`backoff`](Self::backoff) | 10 milliseconds to 1 second |
/// | [`policy`](Self::policy) | [`RetryAll`] |
///
/// ```
/// use std::io;
/// use std::time::Duration;
/// use lb_retry::Retry;
/// # use lb_core::{Instance, EndpointCache};
/// # use lb_strategies::RoundRobin;
/// # let lb = RoundRobin::new(EndpointCache::new(|i: &Instance| Ok::<_, io::Error>(i.address().to_owned())));
///
/// let retry = Retry::builder(lb)
///     .max_attempts(5)
///     .timeout(Duration::from_secs(2))
///     .attempt_timeout(Duration::from_millis(500))
///     .retry_if(|error: &io::Error| error.kind() == io::ErrorKind::ConnectionRefused)
///     .key_by(|user: &u64| *user)
///     .build()?;
/// # Ok::<_, lb_retry::InvalidRetry>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct RetryBuilder<L, P = RetryAll>(pub(crate) Setup<L, P>);

impl<L, P> RetryBuilder<L, P> {
    /// How many attempts there are in all, the first one included; at least 1.
    pub fn max_attempts(mut self, max: u32) -> Self {
        self.0.settings.limits.max_attempts = max;
        self
    }

    /// How long a request may take in all, longer than zero. Past the clock's range: any time.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.settings.timeout = timeout;
        self
    }

    /// How long one attempt may take, longer than zero; never past the end of the whole. Unset, where time-outs are retried,
    /// it is an even share of the request's time: a third, or a half of it with two attempts.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.0.settings.limits.attempt_timeout = Some(timeout);
        self
    }

    /// Whether an attempt that timed out is followed by another, whatever the policy says of it. Unset, the policy decides.
    pub fn retry_timeouts(mut self, yes: bool) -> Self {
        self.0.settings.retry_timeouts = Some(yes);
        self
    }

    /// Whether an empty set is waited for, as one before discovery's first answer is: within the time, and without
    /// counting as an attempt (gRPC's `wait_for_ready`).
    pub fn wait_for_endpoints(mut self, yes: bool) -> Self {
        self.0.settings.wait_for_endpoints = yes;
        self
    }

    /// How long to wait once all endpoints were tried.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.0.settings.limits.backoff = backoff;
        self
    }

    /// Which results are retried, and how; replaces what was set before.
    pub fn policy<Q>(self, policy: Q) -> RetryBuilder<L, Q> {
        RetryBuilder(self.0.map_policy(|_| policy))
    }

    /// Retries only the errors for which `predicate` is true, and no time-outs (see
    /// [`retry_timeouts`](Self::retry_timeouts)); the policy set before decides the rest.
    pub fn retry_if<Err, F: Fn(&Err) -> bool>(self, predicate: F) -> RetryBuilder<L, RetryIf<P, F>> {
        RetryBuilder(self.0.map_policy(|policy| RetryIf { policy, predicate }))
    }

    /// Gives each request a key for strategies that hash, a `u64` or an `Option<u64>`; the policy set before decides
    /// the rest. A text is hashed first, by a function that is the same in all clients.
    pub fn key_by<Req, K, F>(self, key: F) -> RetryBuilder<L, KeyBy<P, F>>
    where
        F: Fn(&Req) -> K,
        K: Into<Option<u64>>,
    {
        RetryBuilder(self.0.map_policy(|policy| KeyBy { policy, key }))
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// When no attempt could ever be made with them.
    pub fn build(self) -> Result<Retry<L, P>, InvalidRetry> {
        let Self(setup) = self;
        let settings = setup.settings.divided();
        if settings.limits.max_attempts == 0 {
            return Err(InvalidRetry::NoAttempts);
        }
        if settings.timeout.is_zero() {
            return Err(InvalidRetry::NoTime);
        }
        if settings.limits.attempt_timeout.is_some_and(|timeout| timeout.is_zero()) {
            return Err(InvalidRetry::NoAttemptTime);
        }
        Ok(Retry { setup: Setup { settings, ..setup }, mode: Enforced::new() })
    }
}

/// Settings with which no attempt could ever be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRetry {
    /// No attempts.
    #[error("max_attempts is 0: it must be at least 1")]
    NoAttempts,
    /// No time.
    #[error("timeout is 0: it must be longer than zero")]
    NoTime,
    /// No time for an attempt.
    #[error("attempt_timeout is 0: it must be longer than zero")]
    NoAttemptTime,
}
