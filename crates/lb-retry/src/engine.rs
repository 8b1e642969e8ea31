use std::time::Instant;

use lb_core::{EndpointId, Tried};
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

use self::failures::Failures;
pub use self::limits::Limits;
pub use self::step::{LiveAttempt, Step};
use crate::backoff::Delays;
use crate::error::Reason;
use crate::policy::Verdict;

/// Decides what happens next to one request: events and instants in, [steps](Step) out, without a clock, a thread or an
/// endpoint.
///
/// Every mode of [`Retry`](crate::Retry) is a driver of it; a simulation is another. Several attempts may be alive at
/// once: whoever wants to send a request to a second endpoint, while the first is silent, picks once more while
/// [`may_follow`](Self::may_follow) says so. Costs nothing but the first failure's bookkeeping: no allocation and no
/// generator before that.
///
/// A request to two endpoints that refuse, in virtual time:
///
/// ```
/// use std::time::{Duration, Instant};
/// use lb_core::{EndpointSet, Instance};
/// use lb_retry::{Engine, Limits, Reason, Step, Verdict};
///
/// let set = EndpointSet::new(["a:80", "b:80"].map(|address| (Instance::new(address), ())));
/// # #[allow(clippy::disallowed_methods)]
/// let begun = Instant::now(); // any instant will do: the engine reads no clock
/// let mut now = begun;
/// let mut engine = Engine::new(Limits::new(3), Some(begun + Duration::from_secs(1))).seeded(7);
/// let (mut picked, mut waited) = (set.id_at(0).unwrap(), Duration::ZERO);
///
/// let mut step = engine.begin(now);
/// let reason = loop {
///     step = match step {
///         Step::Pick => {
///             let ids = (0..set.len()).filter_map(|index| set.id_at(index));
///             let mut untried = ids.filter(|id| !engine.tried().is_some_and(|tried| tried.contains(*id)));
///             picked = untried.next().unwrap_or(picked);
///             engine.picked(picked, now)
///         }
///         Step::Call(attempt) => {
///             now += Duration::from_millis(30); // how long it takes to be refused
///             engine.ended(attempt, picked, Verdict::Retry, now)
///         }
///         Step::Wait(until) => {
///             let until = until.expect("no other attempt is alive");
///             waited += until - now;
///             now = until;
///             engine.woke(now)
///         }
///         Step::Finish(reason) => break reason,
///     };
/// };
/// assert_eq!(reason, Reason::AttemptsExceeded);
/// assert_eq!(now - begun, 3 * Duration::from_millis(30) + waited);
/// ```
#[derive(Debug)]
pub struct Engine {
    limits: Limits,
    deadline: Option<Instant>,
    /// Attempts so far, failed picks included.
    made: u32,
    alive: u32,
    /// What most requests never need: nothing is allocated until an attempt fails.
    failures: Option<Box<Failures>>,
    replayable: bool,
}

impl Engine {
    /// An engine for a request that is to be over by `deadline`.
    #[inline]
    pub fn new(limits: Limits, deadline: Option<Instant>) -> Self {
        Self { limits, deadline, made: 0, alive: 0, failures: None, replayable: true }
    }

    /// Draws its waits from a generator of this seed, instead of from one that the thread's generator seeds.
    #[must_use]
    pub fn seeded(mut self, seed: u64) -> Self {
        self.failures().delays = Delays::seeded(Xoshiro256PlusPlus::seed_from_u64(seed));
        self
    }

    /// The first step.
    #[inline]
    pub fn begin(&self, now: Instant) -> Step {
        self.stop(now).unwrap_or(Step::Pick)
    }

    /// The load balancer handed out the endpoint `id`.
    #[inline]
    pub fn picked(&mut self, id: EndpointId, now: Instant) -> Step {
        if self.tried().is_some_and(|tried| tried.contains(id)) {
            return self.all_were_tried(now);
        }
        self.made = self.made.saturating_add(1);
        self.alive += 1;
        let own = self.limits.attempt_timeout.and_then(|timeout| now.checked_add(timeout));
        Step::Call(LiveAttempt { number: self.made, started: now, deadline: earlier(own, self.deadline) })
    }

    /// There was no endpoint to pick, which counts as an attempt.
    pub fn pick_failed(&mut self, now: Instant) -> Step {
        self.made = self.made.saturating_add(1);
        self.wait_by(now, Self::back_off)
    }

    /// There was no endpoint to pick yet, and one is waited for: no attempt, and all of the time is used.
    pub fn not_ready(&mut self, now: Instant) -> Step {
        self.wait_by(now, |engine, now| {
            let backoff = engine.limits.backoff;
            let until = now.checked_add(engine.failures().delays.draw(backoff));
            Step::Wait(earlier(until, engine.deadline))
        })
    }

    /// An attempt at `id` did not succeed. (One that did ends the request; there is nothing to decide.)
    pub fn ended(&mut self, _: LiveAttempt, id: EndpointId, verdict: Verdict, now: Instant) -> Step {
        self.alive = self.alive.saturating_sub(1);
        let paused_until = match verdict {
            Verdict::Accept | Verdict::GiveUp if self.is_late(now) => {
                return Step::Finish(Reason::DeadlineExceeded);
            }
            Verdict::Accept | Verdict::GiveUp => return Step::Finish(Reason::GivenUp),
            // Past the clock's range: for longer than any request.
            Verdict::RetryAfter(pause) if !pause.is_zero() => now.checked_add(pause).or(self.deadline),
            Verdict::Retry | Verdict::RetryAfter(_) => None,
        };
        self.failures().add(id, paused_until);
        self.begin(now)
    }

    /// The wait is over.
    pub fn woke(&mut self, now: Instant) -> Step {
        self.failures().forget(now);
        self.begin(now)
    }

    /// The request itself was given away: no attempt can follow.
    pub fn spent(&mut self) {
        self.replayable = false;
    }

    /// Whether an attempt could follow the one that was begun last.
    pub fn may_follow(&self) -> bool {
        self.made < self.limits.max_attempts
    }

    /// The endpoints to avoid, if any.
    #[inline]
    pub fn tried(&self) -> Option<&Tried> {
        self.failures.as_ref().map(|failures| &failures.tried).filter(|tried| !tried.is_empty())
    }

    #[inline]
    fn is_late(&self, now: Instant) -> bool {
        self.deadline.is_some_and(|deadline| now >= deadline)
    }

    /// Why there cannot be another attempt, if so. The deadline is asked first: where it has passed, it passed before
    /// the attempts ran out.
    #[inline]
    fn stop(&self, now: Instant) -> Option<Step> {
        let reason = if self.is_late(now) {
            return Some(Step::Finish(Reason::DeadlineExceeded));
        } else if !self.may_follow() {
            Reason::AttemptsExceeded
        } else if !self.replayable {
            Reason::NotReplayable
        } else {
            return None;
        };
        Some(if self.alive > 0 { Step::Wait(None) } else { Step::Finish(reason) })
    }

    fn failures(&mut self) -> &mut Failures {
        self.failures.get_or_insert_with(|| Box::new(Failures::new()))
    }

    /// There is nothing to call: stops, or waits for the attempts that are alive, or else as `wait` says.
    #[cold]
    fn wait_by(&mut self, now: Instant, wait: impl FnOnce(&mut Self, Instant) -> Step) -> Step {
        match self.stop(now) {
            Some(stop) => stop,
            None if self.alive > 0 => Step::Wait(None),
            None => wait(self, now),
        }
    }

    /// Waits for the first pause to end where all are paused, else backs off. A pause that would not end before the
    /// deadline is not waited for: no attempt could follow it.
    fn all_were_tried(&mut self, now: Instant) -> Step {
        self.wait_by(now, |engine, now| match engine.failures().all_paused_until(now) {
            Some(until) if engine.is_late(until) => Step::Finish(Reason::DeadlineExceeded),
            Some(until) => Step::Wait(Some(until)),
            None => engine.back_off(now),
        })
    }

    /// A wait that would not end in time is cut short once, for a last attempt, if as much time is left as the first wait
    /// may take: with ever shorter waits attempts would crowd at the deadline.
    fn back_off(&mut self, now: Instant) -> Step {
        let (backoff, deadline) = (self.limits.backoff, self.deadline);
        let failures = self.failures();
        let until = now.checked_add(failures.delays.draw(backoff));
        let Some(deadline) = deadline else { return Step::Wait(until) };
        if until.is_some_and(|until| until < deadline) {
            return Step::Wait(until);
        }
        let left = deadline.saturating_duration_since(now);
        if std::mem::replace(&mut failures.last, true) || left < backoff.base() {
            return Step::Finish(Reason::DeadlineExceeded);
        }
        match failures.delays.within(left) {
            Some(delay) => Step::Wait(now.checked_add(delay)),
            None => Step::Finish(Reason::DeadlineExceeded),
        }
    }
}

/// The earlier of two instants; `None` is never.
#[inline]
pub(crate) fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

mod failures;
mod limits;
mod step;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
