use std::time::Duration;

use lb_core::support::log_safely;
use lb_core::{Clock, Publisher};

use super::HotCold;
use super::heard::Settings;
use crate::LOG;
use crate::numbers::Numbers;

/// The settings of a [`HotCold`]; made by [`HotCold::builder`].
#[derive(Debug)]
#[must_use = "it does nothing until it is built"]
pub struct HotColdBuilder<P> {
    publisher: P,
    quantile: f64,
    report_age: Duration,
    clock: Clock,
    numbers: Numbers,
}

/// Prequal's: 2^(−1/4).
const QUANTILE: f64 = 0.84;

impl<P> HotColdBuilder<P>
where
    P: Publisher + 'static,
    P::Endpoint: Send + Sync,
{
    pub(super) fn new(publisher: P) -> Self {
        Self {
            publisher,
            quantile: QUANTILE,
            report_age: Duration::from_secs(1),
            clock: Clock::system(),
            numbers: Numbers::PerThread,
        }
    }

    /// Above which quantile of the loads that were heard an endpoint is hot: 0.84 by default, as in Prequal. From 0 (the
    /// least loaded counts alone) to 1 (the fastest counts alone); what lies outside counts as the nearer end, and NaN as the
    /// default, with a warning.
    pub fn quantile(mut self, quantile: f64) -> Self {
        if !(0.0..=1.0).contains(&quantile) {
            log_safely(|| {
                log::warn!(target: LOG, "quantile({quantile}): it must be from 0 to 1; the nearest is taken");
            });
        }
        self.quantile = if quantile.is_nan() { QUANTILE } else { quantile.clamp(0.0, 1.0) };
        self
    }

    /// For how long a report counts: 1 s by default.
    pub fn report_age(mut self, age: Duration) -> Self {
        self.report_age = age;
        self
    }

    /// The clock by which reports grow old and latencies are measured: the system's by default.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Draws from one sequence for this seed, whichever threads pick: for tests and simulations. By default each thread
    /// has a generator that the operating system has seeded.
    pub fn seed(mut self, seed: u64) -> Self {
        self.numbers = Numbers::seeded(seed);
        self
    }

    /// The balancer.
    pub fn build(self) -> HotCold<P> {
        let Self { publisher, quantile, report_age, clock, numbers } = self;
        HotCold::with(publisher, Settings::new(quantile, report_age, clock), numbers)
    }
}
