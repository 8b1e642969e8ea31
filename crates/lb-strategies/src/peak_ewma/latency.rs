use std::sync::Arc;
use std::time::Duration;

use lb_core::{Clock, Outcome, PickObserver, Record};

use crate::ewma::{Decay, Ewma};

/// What the averages of one balancer have in common.
#[derive(Debug)]
pub(super) struct Settings {
    decay: Decay,
    /// As how slow a request a failure counts at least, in nanoseconds.
    penalty: f32,
    pub(super) clock: Clock,
}

impl Settings {
    pub(super) fn new(decay: Decay, penalty: Duration, clock: Clock) -> Self {
        Self { decay, penalty: nanos(penalty), clock }
    }
}

/// The average latency of one endpoint: told of its picks, and asked for what another would cost.
#[derive(Debug)]
pub(super) struct Latency {
    average: Ewma,
    settings: Arc<Settings>,
    /// With the counts of its `Arc` it fills a cache line.
    _padding: [u64; 4],
}

impl Latency {
    pub(super) fn new(settings: Arc<Settings>) -> Self {
        Self { average: Ewma::default(), settings, _padding: [0; 4] }
    }

    pub(super) fn last(&self) -> Option<f32> {
        self.average.last()
    }

    /// Begins with `average`, in nanoseconds, unless something is known already.
    pub(super) fn begin_with(&self, average: f32, now: u64) {
        self.average.begin_with(average, now);
    }

    /// What one more request would take, in nanoseconds, with so many in flight. Of one that nothing is known of yet:
    /// nothing for its first request, and as much as a failure for each while that is under way.
    #[inline]
    #[expect(clippy::cast_precision_loss, reason = "24 bits of a count are enough")]
    pub(super) fn cost(&self, in_flight: u32, now: u64) -> f32 {
        match self.average.get(now, self.settings.decay) {
            Some(average) => average * (in_flight as f32 + 1.0),
            None => self.settings.penalty * in_flight as f32,
        }
    }

    /// What the average is after a request of `latency` with this outcome.
    fn next(&self, before: Option<(f32, f32)>, outcome: Outcome, latency: f32) -> f32 {
        let slow = latency.max(self.settings.penalty);
        match (before, outcome) {
            (None, Outcome::Failure) => slow,
            (None, _) => latency,
            // It took at least that long.
            (Some((average, left)), Outcome::Failure) => (average * left + slow * (1.0 - left)).max(latency),
            (Some((average, _)), _) if latency > average => latency,
            (Some((average, left)), _) => average * left + latency * (1.0 - left),
        }
    }
}

impl PickObserver for Latency {
    #[inline]
    fn recorded(&self, record: &Record) {
        let (outcome, latency) = (record.outcome(), nanos(record.elapsed()));
        // One that was cancelled may only raise the average.
        if outcome == Outcome::Cancelled && self.last().is_none_or(|average| latency <= average) {
            return;
        }
        self.average
            .update(record.ended_nanos(), self.settings.decay, |before| self.next(before, outcome, latency));
    }

    #[inline]
    fn clock(&self) -> Option<&Clock> {
        Some(&self.settings.clock)
    }
}

#[inline]
fn nanos(duration: Duration) -> f32 {
    duration.as_secs_f32() * 1e9
}
