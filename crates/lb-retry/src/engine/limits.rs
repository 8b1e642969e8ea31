use std::time::Duration;

use crate::backoff::Backoff;

/// What one request may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub(crate) max_attempts: u32,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) backoff: Backoff,
}

impl Limits {
    /// Up to `max_attempts` in all, with the default [`Backoff`], each as long as the request may take.
    pub fn new(max_attempts: u32) -> Self {
        Self { max_attempts, attempt_timeout: None, backoff: Backoff::default() }
    }

    /// Sets how long one attempt may take.
    #[must_use]
    pub fn with_attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = Some(timeout);
        self
    }

    /// Sets how long to wait once all endpoints were tried.
    #[must_use]
    pub fn with_backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }
}
