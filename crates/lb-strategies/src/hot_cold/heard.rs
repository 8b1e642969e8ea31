use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use lb_core::{Clock, Outcome, PickObserver, Record, Reported};

use crate::ewma::{Decay, Ewma, nanos};
use crate::in_flight::InFlight;
use crate::sync::{AtomicU32, AtomicU64};

/// What one balancer has heard in common, and how it judges.
#[derive(Debug)]
pub(super) struct Settings {
    quantile: f32,
    /// The inverse of how long a report counts, in nanoseconds.
    per_age: f32,
    decay: Decay,
    pub(super) clock: Clock,
    /// Above which load an endpoint is hot, as `f32`: the quantile of what was heard, followed step by step.
    threshold: AtomicU32,
}

/// What a failure adds to the latency, in nanoseconds.
const PENALTY: f32 = 1e9;

/// What load is usual, as a part of the one above which an endpoint is hot.
const USUAL: f32 = 0.8;

/// The load of a server that reports its utilisation alone.
const PERCENT: f32 = 100.0;

impl Settings {
    #[expect(clippy::cast_possible_truncation, reason = "24 bits of a quantile are enough")]
    pub(super) fn new(quantile: f64, age: Duration, clock: Clock) -> Self {
        let per_age = 1.0 / nanos(age).max(1.0);
        let decay = Decay::with_time_constant(Duration::from_secs(1));
        Self { quantile: quantile as f32, per_age, decay, clock, threshold: AtomicU32::new(0) }
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
    /// By how much one request in flight raises the latency, as `f32` in nanoseconds.
    per_request: AtomicU32,
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
            per_request: AtomicU32::new(0),
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
    ///
    /// What a report says of the load is soon over, and what it says of the speed is not: as the report ages, the load is
    /// taken to be more and more what is usual. Own requests since then count in full.
    #[inline]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "24 bits of a count or a time are enough"
    )]
    pub(super) fn load(&self, in_flight: u32, now: u64, threshold: f32) -> Option<Load> {
        let reported = self.reported.load(Ordering::Relaxed).checked_sub(1)?;
        let age = now.saturating_sub(reported) as f32 * self.settings.per_age;
        if age > 1.0 {
            return None;
        }
        let word = self.load.load(Ordering::Relaxed);
        let (load, own) = (f32::from_bits((word >> 32) as u32), word as u32);
        let fresh = (1.0 - age).powi(3);
        let usual = USUAL * threshold;
        let load = (usual + (load - usual) * fresh + in_flight as f32 - own as f32).max(0.0);
        let per_request = f32::from_bits(self.per_request.load(Ordering::Relaxed));
        let failures = self.failures.get(now, self.settings.decay).unwrap_or(0.0);
        Some(Load { load, latency: per_request * (load + 1.0) + failures })
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
        let latency = nanos(record.elapsed());
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
        let (in_flight, utilisation) = (report.in_flight(), report.utilisation().map(|used| used as f32));
        let load = match (in_flight, utilisation) {
            (Some(in_flight), _) => in_flight as f32,
            (None, Some(utilisation)) => PERCENT * utilisation,
            (None, None) => return,
        };
        // How many requests it works on at once: up to so many the latency does not grow.
        let cores = match (in_flight, utilisation) {
            (Some(_), Some(utilisation)) if utilisation > 0.0 => load / utilisation,
            _ => 0.0,
        };
        let latency = report.latency().map(nanos).or_else(|| self.measured.last()).unwrap_or(0.0);
        let own = self.in_flight.get().map_or(0, |in_flight| in_flight.get());
        self.load.store(u64::from(load.to_bits()) << 32 | u64::from(own), Ordering::Relaxed);
        self.per_request.store((latency / cores.max(load + 1.0)).to_bits(), Ordering::Relaxed);
        self.reported.store(self.settings.clock.nanos().saturating_add(1), Ordering::Relaxed);
        self.settings.heard(load);
    }

    fn clock(&self) -> Option<&Clock> {
        Some(&self.settings.clock)
    }
}
