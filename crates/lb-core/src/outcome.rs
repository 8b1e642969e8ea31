use std::time::Duration;

/// How the use of a pick ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The endpoint did what was asked of it.
    Success,
    /// It did not: an error, a time-out, a panic, or a response that the caller counts as one (an HTTP 503).
    Failure,
    /// The caller gave up, or dropped the pick without a word: nothing is known of the endpoint but that it took this
    /// long.
    Cancelled,
}

/// What a pick tells its observers when its outcome is known; see
/// [`PickObserver::recorded`](crate::PickObserver::recorded).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    outcome: Outcome,
    elapsed: Duration,
    ended_nanos: u64,
}

impl Record {
    /// A record; for tests of an observer.
    pub fn new(outcome: Outcome, elapsed: Duration, ended_nanos: u64) -> Self {
        Self { outcome, elapsed, ended_nanos }
    }

    /// How the use of the pick ended.
    #[inline]
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// From the pick to the record. Zero where no observer has a [clock](crate::PickObserver::clock).
    #[inline]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// When it was recorded, in nanoseconds of the observers' clock. 0 where none has one.
    #[inline]
    pub fn ended_nanos(&self) -> u64 {
        self.ended_nanos
    }
}

/// What a server said of its own load.
///
/// ```
/// use lb_core::Reported;
///
/// let load = Reported::new().with_utilisation(0.7).with_in_flight(12);
/// assert_eq!((load.utilisation(), load.in_flight(), load.latency()), (Some(0.7), Some(12), None));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reported {
    utilisation: Option<f64>,
    in_flight: Option<u32>,
    latency: Option<Duration>,
}

impl Reported {
    /// A report that says nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The share of the server's capacity that is in use: 0 is idle, 1 is full; above 1 it is overloaded. What is not
    /// finite, or below 0, is left out.
    #[must_use]
    pub fn with_utilisation(mut self, utilisation: f64) -> Self {
        self.utilisation = (utilisation.is_finite() && utilisation >= 0.0).then_some(utilisation);
        self
    }

    /// How many requests the server was working on.
    #[must_use]
    pub fn with_in_flight(mut self, in_flight: u32) -> Self {
        self.in_flight = Some(in_flight);
        self
    }

    /// How long the server takes for a request at this load.
    #[must_use]
    pub fn with_latency(mut self, latency: Duration) -> Self {
        self.latency = Some(latency);
        self
    }

    /// The share of the server's capacity that was in use, if it was said.
    pub fn utilisation(&self) -> Option<f64> {
        self.utilisation
    }

    /// How many requests the server was working on, if it was said.
    pub fn in_flight(&self) -> Option<u32> {
        self.in_flight
    }

    /// How long the server takes for a request, if it was said.
    pub fn latency(&self) -> Option<Duration> {
        self.latency
    }
}
