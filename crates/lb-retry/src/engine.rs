use std::sync::Arc;
use std::time::{Duration, Instant};

use lb_core::Context;
#[cfg(test)]
use rand::rngs::SmallRng;

use crate::backoff::Delays;
use crate::{Backoff, Reason, Verdict};

/// What a `Retry` may spend on one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) max_attempts: u32,
    pub(crate) timeout: Duration,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) backoff: Backoff,
}

/// Decides what happens next to one request: events in, steps out, without a clock, a thread or an endpoint.
///
/// Several attempts may be alive at once (a hedge is a second [`Step::Pick`] while the first attempt runs). Costs nothing
/// but the first failure's bookkeeping: no allocation and no generator before that.
#[derive(Debug)]
pub(crate) struct Engine<'a> {
    limits: &'a Limits,
    deadline: Option<Instant>,
    /// Attempts so far, failed picks included.
    made: u32,
    alive: u32,
    /// What most requests never need: it stays small and unallocated until an attempt fails.
    setbacks: Option<Box<Setbacks>>,
    /// A wait has just ended: whatever endpoint comes now is taken.
    rested: bool,
    replayable: bool,
}

#[derive(Debug)]
struct Setbacks {
    tried: Vec<Arc<str>>,
    delays: Delays,
}

/// What to do next.
#[derive(Debug)]
pub(crate) enum Step {
    /// Pick an endpoint, avoiding [`Engine::tried`], and tell [`Engine::picked`] or [`Engine::pick_failed`].
    Pick,
    /// Send the request through the pick, and tell [`Engine::ended`].
    Call(Running),
    /// Let the pick go, wait until then, and tell [`Engine::woke`].
    Wait(Instant),
    /// Wait for the attempts that are still alive.
    Await,
    /// It is over; attempts that are still alive are to be cancelled.
    Finish(Reason),
}

/// A live attempt; given back when it ends, so that none ends twice.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) started: Instant,
    /// When to stop waiting for it: the verdict is [`Verdict::Retry`] then.
    pub(crate) deadline: Option<Instant>,
}

impl Running {
    /// The context of the attempt, which derives from the caller's.
    pub(crate) fn context(&self, ctx: &Context) -> Context {
        match self.deadline {
            Some(deadline) => ctx.with_deadline(deadline),
            None => ctx.clone(),
        }
    }
}

impl<'a> Engine<'a> {
    #[inline]
    pub(crate) fn new(limits: &'a Limits, deadline: Option<Instant>) -> Self {
        Self { limits, deadline, made: 0, alive: 0, setbacks: None, rested: false, replayable: true }
    }

    /// Draws its waits from `generator`, instead of from one that is seeded when the first wait is drawn.
    #[cfg(test)]
    pub(crate) fn drawing_from(mut self, generator: SmallRng) -> Self {
        self.setbacks().delays = Delays::seeded(generator);
        self
    }

    /// The first step.
    #[inline]
    pub(crate) fn begin(&self, now: Instant) -> Step {
        self.stop(now).unwrap_or(Step::Pick)
    }

    /// The load balancer handed out the endpoint at `address`.
    #[inline]
    pub(crate) fn picked(&mut self, address: &str, now: Instant) -> Step {
        if let Some(setbacks) = &mut self.setbacks
            && setbacks.tried.iter().any(|tried| **tried == *address)
        {
            setbacks.tried.clear();
            if !self.rested {
                return self.back_off(now);
            }
        }
        self.rested = false;
        self.made = self.made.saturating_add(1);
        self.alive += 1;
        let own = self.limits.attempt_timeout.and_then(|timeout| now.checked_add(timeout));
        let deadline = match (own, self.deadline) {
            (Some(own), Some(whole)) => Some(own.min(whole)),
            (own, whole) => own.or(whole),
        };
        Step::Call(Running { started: now, deadline })
    }

    /// There was no endpoint to pick.
    pub(crate) fn pick_failed(&mut self, now: Instant) -> Step {
        self.made = self.made.saturating_add(1);
        match self.stop(now) {
            Some(stop) => stop,
            None if self.alive > 0 => Step::Await,
            None => self.back_off(now),
        }
    }

    /// An attempt at `address` did not succeed. (One that did ends the request; there is nothing to decide.)
    pub(crate) fn ended(&mut self, _: Running, address: Arc<str>, verdict: Verdict, now: Instant) -> Step {
        self.alive -= 1;
        self.setbacks().tried.push(address);
        if matches!(verdict, Verdict::Accept | Verdict::GiveUp) {
            return Step::Finish(Reason::GivenUp);
        }
        if let Some(stop) = self.stop(now) {
            return stop;
        }
        match verdict {
            Verdict::RetryAfter(delay) if !delay.is_zero() => self.wait(now, delay),
            _ => Step::Pick,
        }
    }

    /// The wait is over.
    pub(crate) fn woke(&mut self, now: Instant) -> Step {
        self.rested = true;
        self.begin(now)
    }

    /// The request itself was given away: no attempt can follow.
    pub(crate) fn spent(&mut self) {
        self.replayable = false;
    }

    /// Whether an attempt could follow the one that was begun last.
    pub(crate) fn may_follow(&self) -> bool {
        self.made < self.limits.max_attempts
    }

    /// The addresses to avoid.
    #[inline]
    pub(crate) fn tried(&self) -> &[Arc<str>] {
        self.setbacks.as_ref().map_or(&[], |setbacks| &setbacks.tried)
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
        self.setbacks.get_or_insert_with(|| Box::new(Setbacks { tried: Vec::new(), delays: Delays::new() }))
    }

    fn back_off(&mut self, now: Instant) -> Step {
        let backoff = self.limits.backoff;
        let left = self.deadline.map(|deadline| deadline.saturating_duration_since(now));
        let delay = self.setbacks().delays.draw(backoff, left);
        self.wait(now, delay)
    }

    /// A wait that would not end before the deadline is not begun: no attempt could follow it. Backoff draws none such;
    /// it is a policy that may ask for one.
    fn wait(&self, now: Instant, delay: Duration) -> Step {
        match now.checked_add(delay) {
            Some(until) if self.deadline.is_none_or(|deadline| until < deadline) => Step::Wait(until),
            _ => Step::Finish(Reason::DeadlineExceeded),
        }
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
