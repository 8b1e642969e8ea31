use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

/// The time by which outcomes are measured: the system's monotonic clock, or one that a test or a simulation moves.
///
/// Clones show the same time. Cost of a look at the system's clock: about 28 ns.
///
/// ```
/// use std::time::Duration;
///
/// use lb_core::Clock;
///
/// let clock = Clock::manual();
/// clock.advance(Duration::from_micros(3));
/// assert_eq!(clock.nanos(), 3_000);
/// ```
#[derive(Clone, Default)]
pub struct Clock(Option<Arc<AtomicU64>>);

impl Clock {
    /// The system's monotonic clock, counted from its first use in this process.
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock that begins at 0 and moves when [`advance`](Self::advance) says so.
    pub fn manual() -> Self {
        Self(Some(Arc::default()))
    }

    /// Moves a manual clock on, and with it its clones. The system's clock moves by itself: nothing happens to it.
    pub fn advance(&self, by: Duration) {
        if let Some(now) = &self.0 {
            now.fetch_add(nanos_of(by), Ordering::Relaxed);
        }
    }

    /// The time in nanoseconds; 584 years fit.
    #[inline]
    pub fn nanos(&self) -> u64 {
        match &self.0 {
            None => system_nanos(),
            Some(now) => now.load(Ordering::Relaxed),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where time comes from")]
fn system_nanos() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    // First the start: nothing is before it.
    let start = *START;
    nanos_of(Instant::now().saturating_duration_since(start))
}

/// A duration in nanoseconds; 584 years at most.
#[inline]
pub(crate) fn nanos_of(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1_000_000_000).saturating_add(u64::from(duration.subsec_nanos()))
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.0.is_none() { "system" } else { "manual" };
        f.debug_struct("Clock").field("kind", &kind).field("nanos", &self.nanos()).finish()
    }
}
