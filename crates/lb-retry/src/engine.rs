use std::time::{Duration, Instant};

use lb_core::{EndpointId, Tried};
use rand::SeedableRng;
use rand::rngs::SmallRng;

pub use self::live_attempt::LiveAttempt;
use self::setbacks::Setbacks;
use crate::backoff::{Backoff, Delays};
use crate::error::Reason;
use crate::policy::Verdict;

/// What one request may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub(crate) max_attempts: u32,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) backoff: Backoff,
}

impl Limits {
    /// Up to `max_attempts` in all, with the default [`Backoff`], each as long as the request may take.
    pub fn new(max_attempts: u32) -> Self {
        Self { max_attempts, attempt_timeout: None, backoff: Backoff::default() }
    }

    /// Sets how long one attempt may take.
    #[must_use]
    pub fn with_attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = Some(timeout);
        self
    }

    /// Sets how long to wait once all endpoints were tried.
    #[must_use]
    pub fn with_backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }
}

/// Decides what happens next to one request: events and instants in, steps out, without a clock, a thread or an endpoint.
///
/// Every mode of [`Retry`](crate::Retry) is a driver of it; a simulation is another. Several attempts may be alive at
/// once. Costs nothing but the first failure's bookkeeping: no allocation and no generator before that.
///
/// ```
/// use std::time::{Duration, Instant};
/// use lb_core::{EndpointSet, Instance};
/// use lb_retry::{Engine, Limits, Reason, Step, Verdict};
///
/// # #[allow(clippy::disallowed_methods)]
/// let now = Instant::now();
/// let set = EndpointSet::new([(Instance::new("a:80"), ()), (Instance::new("b:80"), ())]);
/// let mut engine = Engine::new(Limits::new(2), Some(now + Duration::from_secs(1))).seeded(7);
/// for index in 0..2 {
///     // It asks for a pick; an endpoint that was not tried is called at once.
///     let id = set.id_at(index).unwrap();
///     let Step::Call(attempt) = engine.picked(id, now) else { panic!() };
///     let step = engine.ended(attempt, id, Verdict::Retry, now);
///     assert!(matches!((index, step), (0, Step::Pick) | (1, Step::Finish(Reason::AttemptsExceeded))));
/// }
/// ```
#[derive(Debug)]
pub struct Engine {
    limits: Limits,
    deadline: Option<Instant>,
    /// Attempts so far, failed picks included.
    made: u32,
    alive: u32,
    /// What most requests never need: it stays small and unallocated until an attempt fails.
    setbacks: Option<Box<Setbacks>>,
    replayable: bool,
}

/// What to do next.
#[derive(Debug)]
#[non_exhaustive]
pub enum Step {
    /// Pick an endpoint, avoiding [`Engine::tried`], and tell [`Engine::picked`], [`Engine::pick_failed`] or
    /// [`Engine::not_ready`].
    Pick,
    /// Send the request through the pick, and tell [`Engine::ended`].
    Call(LiveAttempt),
    /// Let the pick go, wait until then, and tell [`Engine::woke`].
    Wait(Instant),
    /// Wait for the attempts that are still alive.
    Await,
    /// It is over; attempts that are still alive are to be cancelled.
    Finish(Reason),
}

impl Engine {
    /// An engine for a request that is to be over by `deadline`.
    #[inline]
    pub fn new(limits: Limits, deadline: Option<Instant>) -> Self {
        Self { limits, deadline, made: 0, alive: 0, setbacks: None, replayable: true }
    }

    /// Draws its waits from a generator of this seed, instead of from one that the thread's generator seeds.
    #[must_use]
    pub fn seeded(mut self, seed: u64) -> Self {
        self.setbacks().delays = Delays::seeded(SmallRng::seed_from_u64(seed));
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
        if let Some(setbacks) = &mut self.setbacks {
            let was_tried = setbacks.tried.contains(id);
            if (was_tried && !setbacks.rested) || setbacks.pause_of(id).is_some_and(|until| now < until) {
                return self.wait_for_a_tried_one(now);
            }
            setbacks.rested = false;
        }
        self.made = self.made.saturating_add(1);
        self.alive += 1;
        let own = self.limits.attempt_timeout.and_then(|timeout| now.checked_add(timeout));
        let deadline = match (own, self.deadline) {
            (Some(own), Some(whole)) => Some(own.min(whole)),
            (own, whole) => own.or(whole),
        };
        Step::Call(LiveAttempt { number: self.made, started: now, deadline })
    }

    /// There was no endpoint to pick, which counts as an attempt.
    pub fn pick_failed(&mut self, now: Instant) -> Step {
        self.made = self.made.saturating_add(1);
        match self.stop(now) {
            Some(stop) => stop,
            None if self.alive > 0 => Step::Await,
            None => self.back_off(now),
        }
    }

    /// There was no endpoint to pick yet, and one is waited for: no attempt, and all of the time is used.
    pub fn not_ready(&mut self, now: Instant) -> Step {
        match self.stop(now) {
            Some(stop) => return stop,
            None if self.alive > 0 => return Step::Await,
            None => {}
        }
        let backoff = self.limits.backoff;
        let until = now.checked_add(self.setbacks().delays.draw(backoff));
        match (until, self.deadline) {
            (Some(until), Some(deadline)) => Step::Wait(until.min(deadline)),
            (until, deadline) => {
                until.or(deadline).map_or(Step::Finish(Reason::DeadlineExceeded), Step::Wait)
            }
        }
    }

    /// An attempt at `id` did not succeed. (One that did ends the request; there is nothing to decide.)
    pub fn ended(&mut self, _: LiveAttempt, id: EndpointId, verdict: Verdict, now: Instant) -> Step {
        self.alive = self.alive.saturating_sub(1);
        let setbacks = self.setbacks();
        setbacks.tried.insert(id);
        setbacks.round.push(id);
        match verdict {
            Verdict::Accept | Verdict::GiveUp => {
                let late = self.deadline.is_some_and(|deadline| now >= deadline);
                return Step::Finish(if late { Reason::DeadlineExceeded } else { Reason::GivenUp });
            }
            Verdict::RetryAfter(pause) if !pause.is_zero() => {
                // Past the clock's range: for longer than any request.
                let until = now.checked_add(pause).or(self.deadline);
                self.setbacks().paused.extend(until.map(|until| (id, until)));
            }
            Verdict::Retry | Verdict::RetryAfter(_) => {}
        }
        self.stop(now).unwrap_or(Step::Pick)
    }

    /// The wait is over.
    pub fn woke(&mut self, now: Instant) -> Step {
        let setbacks = self.setbacks();
        setbacks.rested = true;
        setbacks.begin_round(now);
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
        self.setbacks.as_ref().map(|setbacks| &setbacks.tried).filter(|tried| !tried.is_empty())
    }

    /// Why there cannot be another attempt, if so. The deadline is asked first: where it has passed, it passed before
    /// the attempts ran out.
    #[inline]
    fn stop(&self, now: Instant) -> Option<Step> {
        if self.deadline.is_some_and(|deadline| now >= deadline) {
            return Some(Step::Finish(Reason::DeadlineExceeded));
        }
        let reason = if !self.may_follow() {
            Reason::AttemptsExceeded
        } else if !self.replayable {
            Reason::NotReplayable
        } else {
            return None;
        };
        Some(if self.alive > 0 { Step::Await } else { Step::Finish(reason) })
    }

    fn setbacks(&mut self) -> &mut Setbacks {
        self.setbacks.get_or_insert_with(|| Box::new(Setbacks::new()))
    }

    /// All endpoints were tried, or are paused: waits for the first pause to end where all are paused, else backs off.
    #[cold]
    fn wait_for_a_tried_one(&mut self, now: Instant) -> Step {
        if self.alive > 0 {
            return Step::Await;
        }
        let setbacks = self.setbacks();
        let all_paused_until = setbacks.all_paused_until(now);
        setbacks.begin_round(now);
        match all_paused_until {
            Some(until) => self.wait_until(until),
            None => self.back_off(now),
        }
    }

    /// A wait that would not end in time is cut short once, for a last attempt, if as much time is left as the first wait may
    /// take: with ever shorter waits attempts would crowd at the deadline.
    fn back_off(&mut self, now: Instant) -> Step {
        let (backoff, deadline) = (self.limits.backoff, self.deadline);
        let setbacks = self.setbacks();
        let until = now.checked_add(setbacks.delays.draw(backoff));
        match (until, deadline) {
            (Some(until), None) => Step::Wait(until),
            (Some(until), Some(deadline)) if until < deadline => Step::Wait(until),
            (_, Some(deadline)) if !std::mem::replace(&mut setbacks.last, true) => {
                let left = deadline.saturating_duration_since(now);
                let delay = if left < backoff.base() { None } else { setbacks.delays.within(left) };
                let until = delay.and_then(|delay| now.checked_add(delay));
                until.map_or(Step::Finish(Reason::DeadlineExceeded), Step::Wait)
            }
            _ => Step::Finish(Reason::DeadlineExceeded),
        }
    }

    /// A pause that would not end before the deadline is not waited for: no attempt could follow it.
    fn wait_until(&self, until: Instant) -> Step {
        if self.deadline.is_none_or(|deadline| until < deadline) {
            Step::Wait(until)
        } else {
            Step::Finish(Reason::DeadlineExceeded)
        }
    }
}

mod live_attempt;
mod setbacks;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
