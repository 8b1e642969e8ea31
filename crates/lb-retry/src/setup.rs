use std::time::{Duration, Instant};

use crate::engine::{Engine, Limits, earlier};
use crate::policy::RetryAll;

/// Into how many parts the time of a request is divided at most, where time-outs are retried.
const SHARES: u32 = 3;

/// All of a [`Retry`](crate::Retry) but its mode.
#[derive(Clone, Debug)]
pub(crate) struct Setup<L, P> {
    pub(crate) balancer: L,
    pub(crate) policy: P,
    pub(crate) settings: Settings,
}

impl<L> Setup<L, RetryAll> {
    pub(crate) fn new(balancer: L, max_attempts: u32, timeout: Duration) -> Self {
        let limits = Limits::new(max_attempts);
        let settings =
            Settings { limits, timeout, retry_timeouts: None, wait_for_endpoints: false, share: timeout };
        Self { balancer, policy: RetryAll, settings: settings.divided() }
    }
}

impl<L, P> Setup<L, P> {
    /// The same with another policy, made of the one before.
    pub(crate) fn map_policy<Q>(self, map: impl FnOnce(P) -> Q) -> Setup<L, Q> {
        Setup { balancer: self.balancer, policy: map(self.policy), settings: self.settings }
    }
}

/// What was set for each request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) limits: Limits,
    pub(crate) timeout: Duration,
    pub(crate) retry_timeouts: Option<bool>,
    pub(crate) wait_for_endpoints: bool,
    /// An attempt's share of the timeout. A division takes as long as a good part of a request: it is made beforehand.
    share: Duration,
}

impl Settings {
    /// To be called once all is set.
    pub(crate) fn divided(self) -> Self {
        Self { share: self.share_of(self.timeout), ..self }
    }

    fn share_of(&self, time: Duration) -> Duration {
        time / self.limits.max_attempts.clamp(1, SHARES)
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
        let share = || match callers {
            None => self.share,
            Some(callers) => self.share_of(self.timeout.min(callers.saturating_duration_since(now))),
        };
        let share = || self.retry_timeouts.unwrap_or_else(policy_retries).then(share);
        let attempt_timeout = self.limits.attempt_timeout.or_else(share);
        let deadline = earlier(now.checked_add(self.timeout), callers);
        Engine::new(Limits { attempt_timeout, ..self.limits }, deadline)
    }
}
