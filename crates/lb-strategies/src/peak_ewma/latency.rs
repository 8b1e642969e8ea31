use std::sync::Arc;
use std::time::Duration;

use lb_core::{Clock, Outcome, PickObserver, Record};

use crate::ewma::{Decay, Ewma, nanos};

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

    /// As it is worth at `now`, in nanoseconds. `None`: nothing is known.
    pub(super) fn average(&self, now: u64) -> Option<f32> {
        self.average.get(now, self.settings.decay)
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
        if outcome == Outcome::Cancelled && self.average.last().is_none_or(|average| latency <= average) {
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

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn latency() -> Latency {
        let decay = Decay::with_time_constant(Duration::from_secs(10));
        Latency::new(Arc::new(Settings::new(decay, Duration::from_secs(1), Clock::manual())))
    }

    fn after(records: &[(Outcome, u32)]) -> Option<f32> {
        let latency = latency();
        for (outcome, millis) in records {
            latency.recorded(&Record::new(*outcome, *millis * MS, 0));
        }
        latency.average.last().map(|nanos| nanos / 1_000_000.0)
    }

    /// No time passes between the records: what was is worth all.
    #[test]
    fn a_peak_replaces_the_average_and_what_is_below_it_is_averaged_in() {
        use Outcome::{Cancelled, Failure, Success};
        for (records, expected) in [
            (&[][..], None),
            (&[(Success, 10)][..], Some(10.0)),
            (&[(Success, 10), (Success, 30)], Some(30.0)),
            (&[(Success, 30), (Success, 10)], Some(30.0)),
            (&[(Failure, 1)], Some(1000.0)),
            (&[(Failure, 2000)], Some(2000.0)),
            // No peak: one failure does not banish. But it took that long at least.
            (&[(Success, 10), (Failure, 1)], Some(10.0)),
            (&[(Success, 10), (Failure, 20)], Some(20.0)),
            (&[(Cancelled, 10)], None),
            (&[(Success, 10), (Cancelled, 5)], Some(10.0)),
            (&[(Success, 10), (Cancelled, 50)], Some(50.0)),
        ] {
            assert_eq!(after(records), expected, "{records:?}");
        }
    }

    #[test]
    fn over_time_failures_come_to_the_penalty_and_successes_to_what_they_take() {
        let second = 1_000_000_000;
        let latency = latency();
        latency.recorded(&Record::new(Outcome::Success, 10 * MS, 0));
        for n in 1..=100 {
            latency.recorded(&Record::new(Outcome::Failure, MS, n * second));
        }
        let failing = latency.average.last().unwrap();
        assert!((failing - nanos(1000 * MS)).abs() < nanos(MS), "{failing}");
        for n in 101..=300 {
            latency.recorded(&Record::new(Outcome::Success, 10 * MS, n * second));
        }
        let healed = latency.average.last().unwrap();
        assert!((healed - nanos(10 * MS)).abs() < nanos(MS), "{healed}");
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "products of whole numbers")]
    fn the_cost_is_the_average_by_what_is_in_flight_and_of_the_unknown_nothing_at_first() {
        let latency = latency();
        assert_eq!([0, 1, 3].map(|in_flight| latency.cost(in_flight, 0)), [0.0, 1e9, 3e9]);
        latency.recorded(&Record::new(Outcome::Success, 10 * MS, 0));
        assert_eq!([0, 1, 3].map(|in_flight| latency.cost(in_flight, 0)), [1e7, 2e7, 4e7]);
        let later = latency.cost(0, 10_000_000_000);
        assert!((later - 1e7 / std::f32::consts::E).abs() < 1e4, "{later}");
    }

    #[test]
    fn newcomers_begin_at_the_mean_of_the_known() {
        let all: Vec<_> = (0..4).map(|_| Arc::new(latency())).collect();
        super::super::begin_newcomers(&all, 0);
        assert!(all.iter().all(|latency| latency.average.last().is_none()), "nothing is known of any");
        all[1].recorded(&Record::new(Outcome::Success, 10 * MS, 0));
        all[2].recorded(&Record::new(Outcome::Success, 30 * MS, 0));
        super::super::begin_newcomers(&all, 0);
        let known = all.iter().map(|latency| latency.average.last().unwrap() / 1e6).collect::<Vec<_>>();
        assert_eq!(known, [20.0, 10.0, 30.0, 20.0]);
    }
}
