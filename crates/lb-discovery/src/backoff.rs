use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;

/// Delays after failures: exponential, with equal jitter (half of the delay is fixed, half is drawn), so that the
/// publishers of a fleet that failed together do not come back together, and none comes back at once.
///
/// "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
#[derive(Debug)]
pub(crate) struct Backoff {
    min: Duration,
    max: Duration,
    ceiling: Duration,
    last: Duration,
    rng: StdRng,
}

impl Backoff {
    /// Between `min`, more than zero, and `max`; the drawn half may halve `min`.
    pub(crate) fn new(min: Duration, max: Duration, rng: StdRng) -> Self {
        Self { min, max, ceiling: min, last: Duration::ZERO, rng }
    }

    /// The delay after one more failure: never zero, never more than `max`.
    pub(crate) fn next_delay(&mut self) -> Duration {
        let ceiling = self.ceiling;
        self.ceiling = ceiling.saturating_mul(2).min(self.max);
        let floor = (ceiling / 2).max(Duration::from_nanos(1));
        self.last = self.rng.random_range(floor..=ceiling);
        self.last
    }

    /// The delay that was given out last; zero before the first.
    pub(crate) fn last_delay(&self) -> Duration {
        self.last
    }

    /// Begins anew, after a success.
    pub(crate) fn reset(&mut self) {
        self.ceiling = self.min;
    }
}
