use std::time::Duration;

use crate::engine::Limits;
use crate::{Backoff, KeyBy, Retry, RetryAll, RetryIf};

/// The settings of a [`Retry`]; made by [`Retry::builder`].
///
/// | setting | default |
/// |---|---|
/// | [`max_attempts`](Self::max_attempts) | 3 |
/// | [`timeout`](Self::timeout) | 10 seconds |
/// | [`attempt_timeout`](Self::attempt_timeout) | none but the whole timeout |
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
pub struct RetryBuilder<L, P = RetryAll> {
    balancer: L,
    policy: P,
    limits: Limits,
}

impl<L> RetryBuilder<L> {
    pub(crate) fn new(balancer: L) -> Self {
        let limits = Limits {
            max_attempts: 3,
            timeout: Duration::from_secs(10),
            attempt_timeout: None,
            backoff: Backoff::default(),
        };
        Self { balancer, policy: RetryAll, limits }
    }
}

impl<L, P> RetryBuilder<L, P> {
    /// How many attempts there are in all, the first one included; at least 1.
    pub fn max_attempts(mut self, max: u32) -> Self {
        self.limits.max_attempts = max;
        self
    }

    /// How long a request may take in all, longer than zero. Past the clock's range: any time.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = timeout;
        self
    }

    /// How long one attempt may take, longer than zero; never past the end of the whole.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.limits.attempt_timeout = Some(timeout);
        self
    }

    /// How long to wait once all endpoints were tried.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.limits.backoff = backoff;
        self
    }

    /// Which results are retried, and how; replaces what was set before.
    pub fn policy<Q>(self, policy: Q) -> RetryBuilder<L, Q> {
        RetryBuilder { balancer: self.balancer, policy, limits: self.limits }
    }

    /// Retries only the errors for which `predicate` is true; the policy set before decides the rest.
    pub fn retry_if<Err, F: Fn(&Err) -> bool>(self, predicate: F) -> RetryBuilder<L, RetryIf<P, F>> {
        let Self { balancer, policy, limits } = self;
        RetryBuilder { balancer, policy: RetryIf::new(policy, predicate), limits }
    }

    /// Gives each request a key for strategies that hash, a `u64` or an `Option<u64>`; the policy set before decides
    /// the rest.
    pub fn key_by<Req, K, F>(self, key: F) -> RetryBuilder<L, KeyBy<P, F>>
    where
        F: Fn(&Req) -> K,
        K: Into<Option<u64>>,
    {
        let Self { balancer, policy, limits } = self;
        RetryBuilder { balancer, policy: KeyBy::new(policy, key), limits }
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// When no attempt could ever be made with them.
    pub fn build(self) -> Result<Retry<L, P>, InvalidRetry> {
        let Self { balancer, policy, limits } = self;
        if limits.max_attempts == 0 {
            return Err(InvalidRetry::NoAttempts);
        }
        if limits.timeout.is_zero() {
            return Err(InvalidRetry::NoTime);
        }
        if limits.attempt_timeout.is_some_and(|timeout| timeout.is_zero()) {
            return Err(InvalidRetry::NoAttemptTime);
        }
        Ok(Retry::with(balancer, policy, limits))
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
