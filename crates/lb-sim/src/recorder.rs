use crate::histogram::Histogram;
use crate::report::{Counts, ServerReport};
use crate::scenario::Scenario;
use crate::series::Series;
use crate::time::{float, nanos};

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Succeeded,
    Failed,
    TimedOut,
}

/// Measures a run.
#[derive(Debug)]
pub(crate) struct Recorder {
    begins: u64,
    ends: u64,
    pub(crate) all: Counts,
    pub(crate) measured: Counts,
    /// Of the requests that succeeded or timed out.
    pub(crate) latencies: Histogram,
    /// How long attempts that began in the measured time waited for a core.
    pub(crate) waits: Histogram,
    pub(crate) servers: Vec<ServerReport>,
    pub(crate) series: Series,
    /// How long the cores of each server had worked when the measured time began.
    busy_before: Vec<u64>,
}

/// Into how many parts the time of a run is divided.
const PARTS: usize = 100;

impl Recorder {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let begins = nanos(scenario.warm_up);
        let ends = begins + nanos(scenario.measured);
        let servers = scenario.fleet.len();
        Self {
            begins,
            ends,
            all: Counts::default(),
            measured: Counts::default(),
            latencies: Histogram::new(),
            waits: Histogram::new(),
            servers: vec![ServerReport::default(); servers],
            series: Series::new(ends, PARTS, servers),
            busy_before: vec![0; servers],
        }
    }

    /// When the measured time begins and ends.
    pub(crate) fn window(&self) -> (u64, u64) {
        (self.begins, self.ends)
    }

    pub(crate) fn is_over(&self, now: u64) -> bool {
        now >= self.ends && self.measured.ended() == self.measured.sent
    }

    /// A request has begun: whether it is measured.
    pub(crate) fn begun(&mut self, now: u64) -> bool {
        let is_measured = (self.begins..self.ends).contains(&now);
        self.all.sent += 1;
        self.measured.sent += u64::from(is_measured);
        is_measured
    }

    pub(crate) fn sent(&mut self, server: u32, now: u64, is_measured: bool) {
        self.all.attempts += 1;
        if is_measured {
            self.measured.attempts += 1;
            self.servers[server as usize].attempts += 1;
        }
        self.series.sent(now, server);
    }

    pub(crate) fn attempt_failed(&mut self, server: u32, is_measured: bool) {
        self.servers[server as usize].failures += u64::from(is_measured);
    }

    pub(crate) fn waited(&mut self, since: u64, now: u64) {
        if (self.begins..self.ends).contains(&since) {
            self.waits.add(now - since);
        }
    }

    pub(crate) fn ended(&mut self, begun: u64, now: u64, is_measured: bool, end: End) {
        self.all.end(end);
        self.series.ended(begun, now, end);
        if is_measured {
            self.measured.end(end);
            if end != End::Failed {
                self.latencies.add(now - begun);
            }
        }
    }

    /// The cores of a server have worked for `busy` in all, and it has so much in flight; told when the measured time begins
    /// and when it ends.
    pub(crate) fn look(&mut self, server: usize, now: u64, busy: u64, cores: u32, in_flight: u32) {
        if now < self.ends {
            self.busy_before[server] = busy;
            self.servers[server].in_flight_at_begin = in_flight;
            return;
        }
        let possible = float((self.ends - self.begins) * u64::from(cores));
        let report = &mut self.servers[server];
        report.busy_nanos = busy - self.busy_before[server];
        report.utilisation = float(report.busy_nanos) / possible;
        report.in_flight_at_end = in_flight;
    }
}
