use std::time::Duration;

use crate::error::{Invalid, positive};
use crate::time::nanos;

/// What goes wrong with a server, and when: from the start for ever, unless it is said otherwise. Times count from the start
/// of the run, its warm-up included.
///
/// ```
/// use std::time::Duration;
/// use lb_sim::Fault;
///
/// let from = Duration::from_secs(5);
/// let slow = Fault::slow(10.0).from(from).until(from + Duration::from_secs(20));
/// let flapping = Fault::down().until(Duration::from_secs(1)).every(Duration::from_secs(3));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use = "it does nothing until a server has it"]
pub struct Fault {
    pub(crate) kind: Kind,
    from: Duration,
    until: Option<Duration>,
    period: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Slow(f64),
    FailsFast(Duration),
    BlackHole,
    Down,
    Leaves,
}

impl Fault {
    /// Works `factor` times slower.
    pub fn slow(factor: f64) -> Self {
        Self::of(Kind::Slow(factor))
    }

    /// Answers each new request with a failure, after this time and without work.
    pub fn fails_fast(after: Duration) -> Self {
        Self::of(Kind::FailsFast(after))
    }

    /// Takes requests and sends no answer: those that come now are lost, and so are answers to earlier ones.
    pub fn black_hole() -> Self {
        Self::of(Kind::BlackHole)
    }

    /// Is not there: it refuses connections, and what it was working on has failed. Discovery notices, after its delay.
    pub fn down() -> Self {
        Self::of(Kind::Down)
    }

    /// Has told discovery that it leaves, and serves on: what a server does first when it is shut down with care.
    pub fn leaves() -> Self {
        Self::of(Kind::Leaves)
    }

    /// Begins then.
    pub fn from(mut self, from: Duration) -> Self {
        self.from = from;
        self
    }

    /// Ends then; after it began.
    pub fn until(mut self, until: Duration) -> Self {
        self.until = Some(until);
        self
    }

    /// Comes again and again, this long after it began; longer than it lasts.
    pub fn every(mut self, period: Duration) -> Self {
        self.period = Some(period);
        self
    }

    fn of(kind: Kind) -> Self {
        Self { kind, from: Duration::ZERO, until: None, period: None }
    }

    pub(crate) fn check(&self, whose: &str) -> Result<(), Invalid> {
        if let Kind::Slow(factor) = self.kind {
            positive(format!("the factor of a fault of {whose}"), factor)?;
        }
        if let Some(until) = self.until.filter(|until| *until <= self.from) {
            let what = format!("the end of a fault of {whose}");
            return Err(Invalid::new(what, format!("{until:?}"), "after its beginning"));
        }
        let lasts = self.until.map(|until| until.saturating_sub(self.from));
        if let Some(period) = self.period.filter(|period| lasts.is_none_or(|lasts| *period <= lasts)) {
            let what = format!("the period of a fault of {whose}");
            return Err(Invalid::new(what, format!("{period:?}"), "longer than the fault lasts"));
        }
        Ok(())
    }

    pub(crate) fn is_active(&self, now: u64) -> bool {
        let (from, until) = self.window(now);
        from <= now && now < until
    }

    /// The next time after `now` at which it begins or ends.
    pub(crate) fn next_change(&self, now: u64) -> Option<u64> {
        let (from, until) = self.window(now);
        let again = self.period.map(|period| from.saturating_add(nanos(period)));
        let changes = [Some(from), Some(until), again];
        changes.into_iter().flatten().filter(|change| *change > now && *change < u64::MAX).min()
    }

    /// When it began last, or will begin first, and when it ends then.
    fn window(&self, now: u64) -> (u64, u64) {
        let (from, until) = (nanos(self.from), self.until.map_or(u64::MAX, nanos));
        let periods =
            self.period.map_or(0, |period| now.saturating_sub(from) / nanos(period) * nanos(period));
        (from + periods, until.saturating_add(periods))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// All the changes up to 12 s, in seconds, with what holds from then on.
    fn changes(fault: Fault) -> Vec<(u64, bool)> {
        let changes = std::iter::successors(Some(0), |now| fault.next_change(*now));
        let changes = changes.take_while(|now| *now <= nanos(12 * SECOND));
        changes.map(|now| (now / nanos(SECOND), fault.is_active(now))).collect()
    }

    #[test]
    fn it_is_active_when_it_was_said_to_be() {
        assert_eq!(changes(Fault::down()), [(0, true)]);
        assert_eq!(changes(Fault::down().from(3 * SECOND)), [(0, false), (3, true)]);
        assert_eq!(changes(Fault::down().until(2 * SECOND)), [(0, true), (2, false)]);
        let flapping = Fault::down().from(SECOND).until(3 * SECOND).every(5 * SECOND);
        assert_eq!(changes(flapping), [(0, false), (1, true), (3, false), (6, true), (8, false), (11, true)]);
    }

    #[test]
    fn a_wrong_time_is_named_with_its_rule() {
        let error = Fault::down().from(SECOND).until(SECOND).check("server 1").unwrap_err();
        assert_eq!(error.to_string(), "the end of a fault of server 1 is 1s: after its beginning");
        let error = Fault::down().every(SECOND).check("server 1").unwrap_err();
        assert_eq!(error.to_string(), "the period of a fault of server 1 is 1s: longer than the fault lasts");
        let error = Fault::slow(-1.0).check("server 1").unwrap_err();
        assert_eq!(error.to_string(), "the factor of a fault of server 1 is -1: a finite number above 0");
    }
}
