use std::fmt;
use std::time::{Duration, Instant};

use lb_core::Instance;

/// How one attempt of a request ended; what a [`Policy`](crate::Policy) judges by.
pub struct AttemptEnd<'a, Res, Err> {
    result: AttemptResult<'a, Res, Err>,
    number: u32,
    elapsed: Elapsed,
    instance: &'a Instance,
}

/// What came of an attempt.
#[non_exhaustive]
pub enum AttemptResult<'a, Res, Err> {
    /// The endpoint answered.
    Response(&'a Res),
    /// The endpoint failed.
    Error(&'a Err),
    /// There was no answer within the attempt's time, or within what was left of the request's.
    TimedOut,
}

/// Read from the clock only when somebody asks: most policies do not.
#[derive(Clone, Copy)]
enum Elapsed {
    Known(Duration),
    Since(Instant, fn() -> Instant),
}

impl<'a, Res, Err> AttemptEnd<'a, Res, Err> {
    /// The end of the attempt that was the `number`-th of its request, counted from 1, `elapsed` after it began.
    pub fn new(
        result: AttemptResult<'a, Res, Err>,
        number: u32,
        elapsed: Duration,
        instance: &'a Instance,
    ) -> Self {
        Self { result, number, elapsed: Elapsed::Known(elapsed), instance }
    }

    #[inline]
    pub(crate) fn since(
        result: AttemptResult<'a, Res, Err>,
        number: u32,
        (started, clock): (Instant, fn() -> Instant),
        instance: &'a Instance,
    ) -> Self {
        Self { result, number, elapsed: Elapsed::Since(started, clock), instance }
    }

    /// What came of it.
    #[inline]
    pub fn result(&self) -> AttemptResult<'a, Res, Err> {
        self.result
    }

    /// Which attempt of the request it was, counted from 1.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// How long it took, or how long it was waited for. Cost: one reading of the clock.
    pub fn elapsed(&self) -> Duration {
        match self.elapsed {
            Elapsed::Known(elapsed) => elapsed,
            Elapsed::Since(started, clock) => clock().saturating_duration_since(started),
        }
    }

    /// The instance that it was sent to.
    pub fn instance(&self) -> &'a Instance {
        self.instance
    }
}

impl<Res, Err> fmt::Debug for AttemptEnd<'_, Res, Err> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttemptEnd")
            .field("result", &self.result)
            .field("number", &self.number)
            .field("instance", &self.instance)
            .finish_non_exhaustive()
    }
}

impl<Res, Err> Clone for AttemptResult<'_, Res, Err> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Res, Err> Copy for AttemptResult<'_, Res, Err> {}

impl<Res, Err> fmt::Debug for AttemptResult<'_, Res, Err> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Response(_) => "Response",
            Self::Error(_) => "Error",
            Self::TimedOut => "TimedOut",
        })
    }
}
