use std::sync::Arc;
use std::time::Duration;

use crate::histogram::Histogram;
use crate::recorder::{End, Recorder};
use crate::series::Series;
use crate::time::float;

/// What came of one run.
#[derive(Clone, Debug)]
pub struct Report {
    strategy: Arc<str>,
    seed: u64,
    all: Counts,
    measured: Counts,
    latencies: Histogram,
    waits: Histogram,
    servers: Vec<ServerReport>,
    series: Series,
}

/// How many requests there were, and how they ended. `sent = succeeded + failed + timed out + in flight`, at all times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Requests that began.
    pub sent: u64,
    /// Attempts that were sent to a server.
    pub attempts: u64,
    /// Requests that were answered as they should be.
    pub succeeded: u64,
    /// Requests that failed: the last attempt did, or there was no server to pick.
    pub failed: u64,
    /// Requests whose last attempt, or whose time as a whole, ran out.
    pub timed_out: u64,
    /// Requests that had not ended when the run did; counted apart from the others.
    pub in_flight: u64,
}

/// One server in the measured time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ServerReport {
    /// Attempts of the measured requests that were sent to it.
    pub attempts: u64,
    /// Those of them that failed or timed out.
    pub failures: u64,
    /// The share of the time that its cores worked, 0 to 1.
    pub utilisation: f64,
    /// How many requests it had when the measured time began, waiting ones included.
    pub in_flight_at_begin: u32,
    /// How many it had when that ended.
    pub in_flight_at_end: u32,
    pub(crate) busy_nanos: u64,
}

impl ServerReport {
    /// How much more came than it could do: by how much its queue grew in the measured time, as a share of the attempts that
    /// were sent to it; 0 where it did not grow.
    pub fn growth(&self) -> f64 {
        let grew = u64::from(self.in_flight_at_end.saturating_sub(self.in_flight_at_begin));
        float(grew) / float(self.attempts.max(1))
    }
}

impl Counts {
    pub(crate) fn end(&mut self, end: End) {
        match end {
            End::Succeeded => self.succeeded += 1,
            End::Failed => self.failed += 1,
            End::TimedOut => self.timed_out += 1,
        }
    }

    /// Requests that have ended, one way or the other.
    pub fn ended(&self) -> u64 {
        self.succeeded + self.failed + self.timed_out
    }

    /// The share of the requests that were not answered as they should be, 0 to 1; 0 where there were none.
    pub fn failure_share(&self) -> f64 {
        float(self.failed + self.timed_out) / float(self.ended().max(1))
    }
}

impl Report {
    pub(crate) fn new(strategy: Arc<str>, seed: u64, recorder: Recorder, in_flight: usize) -> Self {
        let Recorder { mut all, measured, latencies, waits, servers, series, .. } = recorder;
        all.in_flight = in_flight as u64;
        Self { strategy, seed, all, measured, latencies, waits, servers, series }
    }

    /// The strategy's name.
    pub fn strategy(&self) -> &str {
        &self.strategy
    }

    /// The seed of the run.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// All requests of the run, warm-up and all.
    pub fn all(&self) -> Counts {
        self.all
    }

    /// The requests that began in the measured time. All of them have ended.
    pub fn measured(&self) -> Counts {
        self.measured
    }

    /// How long measured requests took, from their beginning to their end, retries and all. Those that timed out count with
    /// the time that was waited for them; those that failed do not count: a fast failure is no fast answer.
    pub fn latencies(&self) -> &Histogram {
        &self.latencies
    }

    /// How long attempts waited for a core, zero for those that found one free.
    pub fn waits(&self) -> &Histogram {
        &self.waits
    }

    /// The servers, in the order of the fleet.
    pub fn servers(&self) -> &[ServerReport] {
        &self.servers
    }

    /// What happened when, warm-up included.
    pub fn series(&self) -> &Series {
        &self.series
    }

    /// The share of the measured attempts that a server got, 0 to 1; 0 past the end of the fleet.
    pub fn share(&self, server: usize) -> f64 {
        let attempts = self.servers.get(server).map_or(0, |server| server.attempts);
        float(attempts) / float(self.measured.attempts.max(1))
    }

    /// The mean of the servers' utilisations.
    pub fn mean_utilisation(&self) -> f64 {
        let all: f64 = self.servers.iter().map(|server| server.utilisation).sum();
        all / float(self.servers.len() as u64)
    }

    /// The highest utilisation of a server, and which it is.
    pub fn max_utilisation(&self) -> (usize, f64) {
        let of = |(index, server): (usize, &ServerReport)| (index, server.utilisation);
        self.servers.iter().enumerate().map(of).max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or_default()
    }

    /// How uneven the fleet is used: the highest utilisation by the mean; 1 is perfectly even.
    pub fn max_to_mean(&self) -> f64 {
        let mean = self.mean_utilisation();
        if mean > 0.0 { self.max_utilisation().1 / mean } else { 1.0 }
    }

    /// A hash (FNV-1a) of all that was counted: the same for a scenario, a strategy and a seed, on every machine.
    pub fn fingerprint(&self) -> u64 {
        let of_counts = |counts: &Counts| {
            let Counts { sent, attempts, succeeded, failed, timed_out, in_flight } = *counts;
            [sent, attempts, succeeded, failed, timed_out, in_flight]
        };
        let of_server = |server: &ServerReport| [server.attempts, server.failures, server.busy_nanos];
        let counts = [&self.all, &self.measured].into_iter().flat_map(of_counts);
        let servers = self.servers.iter().flat_map(of_server);
        let times = self.latencies.counts().chain(self.waits.counts());
        counts
            .chain(servers)
            .chain(times)
            .flat_map(u64::to_le_bytes)
            .fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
    }

    /// How long a measured request took that `percent` of them did not exceed; see [`Histogram::percentile`].
    pub fn percentile(&self, percent: f64) -> Duration {
        self.latencies.percentile(percent)
    }
}
