use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use lb_core::{Clock, Outcome, PickObserver, Record, Reported};

use crate::ewma::{Decay, Ewma};
use crate::in_flight::InFlight;
use crate::sync::{AtomicU32, AtomicU64};

/// What one balancer has heard in common, and how it judges.
#[derive(Debug)]
pub(super) struct Settings {
    quantile: f32,
    /// How long a report counts, in nanoseconds.
    age: u64,
    decay: Decay,
    pub(super) clock: Clock,
    /// Above which load an endpoint is hot, as `f32`: the quantile of what was heard, followed step by step.
    threshold: AtomicU32,
}

/// What a failure adds to the latency, in nanoseconds.
const PENALTY: f32 = 1e9;

impl Settings {
    #[expect(clippy::cast_possible_truncation, reason = "24 bits of a quantile are enough")]
    pub(super) fn new(quantile: f64, age: Duration, clock: Clock) -> Self {
        let age = u64::try_from(age.as_nanos()).unwrap_or(u64::MAX);
        let decay = Decay::with_time_constant(Duration::from_secs(1));
        Self { quantile: quantile as f32, age, decay, clock, threshold: AtomicU32::new(0) }
    }

    #[inline]
    pub(super) fn threshold(&self) -> f32 {
        // Relaxed, as all here: each word is all there is of its kind.
        f32::from_bits(self.threshold.load(Ordering::Relaxed))
    }

    /// Moves the threshold towards the quantile: up by its share where the load is above, down by the rest where it is
    /// below, so that it rests where the two balance (Q. Ma et al., "Frugal Streaming for Estimating Quantiles", 2013). Of
    /// two threads at once one may be lost.
    fn heard(&self, load: f32) {
        let threshold = self.threshold();
        let step = 0.05 * (threshold + 1.0);
        let next = match load.total_cmp(&threshold) {
            std::cmp::Ordering::Greater => threshold + step * self.quantile,
            std::cmp::Ordering::Less => threshold - step * (1.0 - self.quantile),
            std::cmp::Ordering::Equal => return,
        };
        self.threshold.store(next.max(0.0).to_bits(), Ordering::Relaxed);
    }
}

/// What was heard of one endpoint, and measured of it.
#[derive(Debug)]
pub(super) struct Heard {
    /// The load that was reported, as `f32`, above; how many requests the balancer had in flight then, below.
    load: AtomicU64,
    /// When it was reported, in nanoseconds, plus one. 0: nothing was.
    reported: AtomicU64,
    /// The latency that was reported, as `f32` in nanoseconds. 0: none was.
    latency: AtomicU32,
    measured: Ewma,
    failures: Ewma,
    settings: Arc<Settings>,
    in_flight: OnceLock<Arc<InFlight>>,
}

/// How an endpoint stands in a choice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    load: f32,
    latency: f32,
}

impl Load {
    /// Of two that are not hot the faster; else the less loaded.
    #[inline]
    pub(super) fn is_better_than(self, other: Self, threshold: f32) -> bool {
        match (self.load > threshold, other.load > threshold) {
            (false, false) => self.latency < other.latency,
            (false, true) => true,
            (true, false) => false,
            (true, true) => self.load < other.load,
        }
    }
}

impl Heard {
    pub(super) fn new(settings: Arc<Settings>) -> Self {
        Self {
            load: AtomicU64::new(0),
            reported: AtomicU64::new(0),
            latency: AtomicU32::new(0),
            measured: Ewma::default(),
            failures: Ewma::default(),
            settings,
            in_flight: OnceLock::new(),
        }
    }

    /// Has own requests be counted by `in_flight`.
    pub(super) fn count_by(&self, in_flight: &Arc<InFlight>) {
        let _the_same_already = self.in_flight.set(Arc::clone(in_flight));
    }

    /// How it stands, with so many own requests in flight. `None`: nothing was heard lately.
    #[inline]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "24 bits of a count are enough"
    )]
    pub(super) fn load(&self, in_flight: u32, now: u64) -> Option<Load> {
        let reported = self.reported.load(Ordering::Relaxed).checked_sub(1)?;
        if now.saturating_sub(reported) > self.settings.age {
            return None;
        }
        let word = self.load.load(Ordering::Relaxed);
        let (load, own) = (f32::from_bits((word >> 32) as u32), word as u32);
        let latency = match self.latency.load(Ordering::Relaxed) {
            0 => self.measured.last().unwrap_or(0.0),
            latency => f32::from_bits(latency),
        };
        let failures = self.failures.get(now, self.settings.decay).unwrap_or(0.0);
        Some(Load { load: (load + in_flight as f32 - own as f32).max(0.0), latency: latency + failures })
    }
}

impl PickObserver for Heard {
    fn recorded(&self, record: &Record) {
        let (now, decay) = (record.ended_nanos(), self.settings.decay);
        let average = |sample: f32| {
            move |before: Option<(f32, f32)>| {
                before.map_or(sample, |(average, left)| average * left + sample * (1.0 - left))
            }
        };
        let latency = record.elapsed().as_secs_f32() * 1e9;
        match record.outcome() {
            Outcome::Success => self.measured.update(now, decay, average(latency)),
            Outcome::Failure => {
                self.measured.update(now, decay, average(latency));
                self.failures.update(now, decay, |before| average(PENALTY)(before.or(Some((0.0, 0.9)))));
            }
            _ => {}
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "24 bits of a load are enough"
    )]
    fn reported(&self, report: &Reported) {
        let in_flight = report.in_flight().map(|count| count as f32);
        let Some(load) = in_flight.or_else(|| report.utilisation().map(|used| 100.0 * used as f32)) else {
            return;
        };
        let own = self.in_flight.get().map_or(0, |in_flight| in_flight.get());
        let latency = report.latency().map_or(0, |latency| (latency.as_secs_f32() * 1e9).max(1.0).to_bits());
        self.load.store(u64::from(load.to_bits()) << 32 | u64::from(own), Ordering::Relaxed);
        self.latency.store(latency, Ordering::Relaxed);
        self.reported.store(self.settings.clock.nanos().saturating_add(1), Ordering::Relaxed);
        self.settings.heard(load);
    }

    fn clock(&self) -> Option<&Clock> {
        Some(&self.settings.clock)
    }
}
