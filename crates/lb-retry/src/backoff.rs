use std::time::Duration;

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

/// How long to wait once every endpoint was tried: exponential, with full jitter.
///
/// The n-th wait of a request is drawn evenly from zero (exclusive) to `base · 2ⁿ`, or to `max` where that is less. The
/// first that would not end before the deadline is drawn once more, from what is left, for a last attempt. Each request draws from a generator of its own, so that
/// requests that failed together do not come back together.
///
/// Source: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015 ("Full Jitter").
///
/// ```
/// use std::time::Duration;
/// use lb_retry::Backoff;
///
/// let backoff = Backoff::new(Duration::from_millis(20), Duration::from_secs(2))?;
/// # Ok::<_, lb_retry::InvalidBackoff>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    base: Duration,
    max: Duration,
}

impl Backoff {
    /// The first wait is at most `base`, and none is longer than `max`.
    ///
    /// # Errors
    ///
    /// When `base` is zero (that would be a busy loop), or longer than `max`.
    pub fn new(base: Duration, max: Duration) -> Result<Self, InvalidBackoff> {
        if base.is_zero() {
            return Err(InvalidBackoff::ZeroBase);
        }
        if base > max {
            return Err(InvalidBackoff::BaseExceedsMax { base, max });
        }
        Ok(Self { base, max })
    }

    pub(crate) fn base(&self) -> Duration {
        self.base
    }

    /// The longest wait of a round, counted from 0.
    fn ceiling(&self, round: u32) -> Duration {
        let factor = 1_u32.checked_shl(round).unwrap_or(u32::MAX);
        self.base.saturating_mul(factor).min(self.max)
    }
}

impl Default for Backoff {
    /// From 10 milliseconds to 1 second.
    fn default() -> Self {
        Self { base: Duration::from_millis(10), max: Duration::from_secs(1) }
    }
}

/// A backoff that would busy-loop, or that contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidBackoff {
    /// The first wait would be none at all.
    #[error("backoff base is 0: it must be longer than zero")]
    ZeroBase,
    /// The first wait would be longer than the longest.
    #[error("backoff base {base:?} is longer than its max {max:?}: it must not be")]
    BaseExceedsMax {
        /// The base given.
        base: Duration,
        /// The maximum given.
        max: Duration,
    },
}

/// The waits of one request.
#[derive(Debug)]
pub(crate) struct Delays {
    round: u32,
    generator: Xoshiro256PlusPlus,
}

impl Delays {
    /// Draws from a generator of its own, which the thread's generator seeds.
    pub(crate) fn new() -> Self {
        Self::seeded(rand::make_rng())
    }

    pub(crate) fn seeded(generator: Xoshiro256PlusPlus) -> Self {
        Self { round: 0, generator }
    }

    /// Draws the next wait, which is never zero.
    pub(crate) fn draw(&mut self, backoff: Backoff) -> Duration {
        let ceiling = backoff.ceiling(self.round);
        self.round = self.round.saturating_add(1);
        let nanos = u64::try_from(ceiling.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.generator.random_range(1..=nanos))
    }

    /// Draws a wait that is not zero and shorter than what is `left`. `None`: there is no such time.
    pub(crate) fn within(&mut self, left: Duration) -> Option<Duration> {
        let nanos = u64::try_from(left.as_nanos()).unwrap_or(u64::MAX);
        (nanos > 1).then(|| Duration::from_nanos(self.generator.random_range(1..nanos)))
    }
}

#[cfg(test)]
mod tests;
