use std::time::Duration;

use lb_core::{Clock, Publisher};

use super::PeakEwma;
use super::latency::Settings;
use crate::ewma::Decay;
use crate::numbers::Numbers;

/// The settings of a [`PeakEwma`]; made by [`PeakEwma::builder`].
#[derive(Debug)]
#[must_use = "it does nothing until it is built"]
pub struct PeakEwmaBuilder<P> {
    publisher: P,
    time_constant: Duration,
    failure_penalty: Duration,
    clock: Clock,
    numbers: Numbers,
}

impl<P> PeakEwmaBuilder<P>
where
    P: Publisher + 'static,
    P::Endpoint: Send + Sync,
{
    pub(super) fn new(publisher: P) -> Self {
        Self {
            publisher,
            time_constant: Duration::from_secs(10),
            failure_penalty: Duration::from_secs(1),
            clock: Clock::system(),
            numbers: Numbers::PerThread,
        }
    }

    /// How fast what was is forgotten: to a part in e, 37 %, after this time. 10 s by default, as in Finagle. At zero the
    /// last word alone counts.
    pub fn time_constant(mut self, tau: Duration) -> Self {
        self.time_constant = tau;
        self
    }

    /// As how slow a request a failure counts at least: 1 s by default.
    pub fn failure_penalty(mut self, penalty: Duration) -> Self {
        self.failure_penalty = penalty;
        self
    }

    /// The clock by which latencies are measured: the system's by default.
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
    pub fn build(self) -> PeakEwma<P> {
        let Self { publisher, time_constant, failure_penalty, clock, numbers } = self;
        let settings = Settings::new(Decay::with_time_constant(time_constant), failure_penalty, clock);
        PeakEwma::with(publisher, settings, numbers)
    }
}
