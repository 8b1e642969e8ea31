use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Instant;

use lb_core::{Context, EndpointId, Error, Instance, LoadBalancer, Pick, PickRequest, Tried};

use crate::attempt::{Attempt, Cause};
use crate::attempt_end::{AttemptEnd, AttemptResult};
use crate::engine::{Engine, LiveAttempt, Step};
use crate::error::{Reason, RetryError};
use crate::held_threads::HeldThreads;
use crate::journal::Journal;
use crate::policy::{Policy, Verdict};
use crate::retry::Settings;
use crate::wakeup::Wakeup;

/// One request on its way: what all drivers share between the engine's decisions and their own waiting.
pub(crate) struct Session<'a, L, P, Req, Res, Err> {
    balancer: &'a L,
    policy: &'a P,
    settings: &'a Settings,
    held_threads: Option<&'a HeldThreads>,
    ctx: &'a Context,
    clock: fn() -> Instant,
    engine: Engine,
    journal: Journal<Err>,
    /// Why there is nothing to pick, while that is waited for.
    waiting: Option<Box<Waiting>>,
    key: Option<u64>,
    request: Option<Req>,
    response: PhantomData<fn() -> Res>,
}

struct Waiting {
    error: Error,
    since: Instant,
    wakeup: Wakeup,
}

/// What the driver is to do next.
pub(crate) enum Next<E, Req, Res, Err> {
    /// Send this, and tell [`Session::ended`], [`Session::timed_out`] or [`Session::cancelled`].
    Call(Call<E, Req>),
    /// Wait until then or until [`Session::wakeup`], and tell [`Session::woke`] or [`Session::cancelled`].
    Wait(Instant),
    /// The caller's result.
    Finish(Result<Res, RetryError<Err>>),
}

/// One attempt to be made.
pub(crate) struct Call<E, Req> {
    pub(crate) pick: Pick<E>,
    pub(crate) request: Req,
    pub(crate) attempt: LiveAttempt,
}

/// Where an attempt was sent.
pub(crate) type Target<'a> = (EndpointId, &'a Instance);

impl<'a, L, P, Req, Res, Err> Session<'a, L, P, Req, Res, Err>
where
    L: LoadBalancer,
    P: Policy<Req, Res, Err>,
{
    #[inline]
    pub(crate) fn new(
        (balancer, policy, settings): (&'a L, &'a P, &'a Settings),
        held_threads: Option<&'a HeldThreads>,
        ctx: &'a Context,
        request: Req,
        (now, clock): (Instant, fn() -> Instant),
    ) -> Self {
        let own = now.checked_add(settings.timeout);
        let deadline = match (own, ctx.deadline()) {
            (Some(own), Some(callers)) => Some(own.min(callers)),
            (own, callers) => own.or(callers),
        };
        let limits = settings.limits(|| policy.retries_timeouts(), deadline, now);
        Self {
            balancer,
            policy,
            settings,
            held_threads,
            ctx,
            clock,
            engine: Engine::new(limits, deadline),
            journal: Journal::new(),
            waiting: None,
            key: policy.key(&request),
            request: Some(request),
            response: PhantomData,
        }
    }

    #[inline]
    pub(crate) fn begin(&mut self, now: Instant) -> Next<L::Endpoint, Req, Res, Err> {
        let step = self.engine.begin(now);
        self.follow(step, now)
    }

    /// The attempt returned `result`. The clock is read only when that is not the caller's result.
    #[inline]
    pub(crate) fn ended(
        &mut self,
        attempt: LiveAttempt,
        target: Target<'_>,
        result: Result<Res, Err>,
    ) -> Next<L::Endpoint, Req, Res, Err> {
        let came = match &result {
            Ok(response) => AttemptResult::Response(response),
            Err(error) => AttemptResult::Error(error),
        };
        let verdict = self.verdict(&attempt, target, came);
        match (verdict, result) {
            (Verdict::Accept | Verdict::GiveUp, Ok(response)) => Next::Finish(Ok(response)),
            (verdict, Err(error)) => self.failed(attempt, target, Cause::Call(error), verdict),
            (verdict, Ok(response)) => match self.failed(attempt, target, Cause::Rejected, verdict) {
                Next::Finish(Err(_)) => Next::Finish(Ok(response)),
                next => next,
            },
        }
    }

    /// Nobody waits for the attempt any longer.
    pub(crate) fn timed_out(
        &mut self,
        attempt: LiveAttempt,
        target: Target<'_>,
    ) -> Next<L::Endpoint, Req, Res, Err> {
        let asked = self.verdict(&attempt, target, AttemptResult::TimedOut);
        let verdict = match self.settings.retry_timeouts {
            None => asked,
            Some(true) => Verdict::Retry,
            Some(false) => Verdict::GiveUp,
        };
        self.failed(attempt, target, Cause::TimedOut, verdict)
    }

    pub(crate) fn woke(&mut self, now: Instant) -> Next<L::Endpoint, Req, Res, Err> {
        let step = self.engine.woke(now);
        self.follow(step, now)
    }

    /// What may end a wait early.
    pub(crate) fn wakeup(&self) -> Option<&Wakeup> {
        self.waiting.as_ref().map(|waiting| &waiting.wakeup)
    }

    /// The caller cancelled, while `in_flight` was on its way.
    pub(crate) fn cancelled(
        &mut self,
        in_flight: Option<(LiveAttempt, Target<'_>)>,
    ) -> Next<L::Endpoint, Req, Res, Err> {
        let now = (self.clock)();
        if let Some((attempt, (_, instance))) = in_flight {
            self.record(Some(instance), Cause::Cancelled, attempt.started, now);
        }
        self.finish(Reason::Cancelled, now)
    }

    /// It is over, whatever the engine would say.
    pub(crate) fn finish(&mut self, reason: Reason, now: Instant) -> Next<L::Endpoint, Req, Res, Err> {
        if let Some(waiting) = self.waiting.take() {
            self.record(None, Cause::Pick(waiting.error), waiting.since, now);
        }
        let mut journal = std::mem::replace(&mut self.journal, Journal::new());
        if reason == Reason::Saturated {
            journal.held_by(self.held_threads.map(HeldThreads::holders).unwrap_or_default());
        }
        Next::Finish(Err(RetryError::new(reason, journal)))
    }

    #[inline]
    fn verdict(
        &self,
        attempt: &LiveAttempt,
        (_, instance): Target<'_>,
        came: AttemptResult<'_, Res, Err>,
    ) -> Verdict {
        let began = (attempt.started, self.clock);
        self.policy.verdict(&AttemptEnd::since(came, attempt.number, began, instance))
    }

    #[cold]
    fn failed(
        &mut self,
        attempt: LiveAttempt,
        (id, instance): Target<'_>,
        cause: Cause<Err>,
        verdict: Verdict,
    ) -> Next<L::Endpoint, Req, Res, Err> {
        let now = (self.clock)();
        self.record(Some(instance), cause, attempt.started, now);
        let step = self.engine.ended(attempt, id, verdict, now);
        self.follow(step, now)
    }

    fn record(&mut self, instance: Option<&Instance>, cause: Cause<Err>, started: Instant, now: Instant) {
        let address = instance.map(|instance| Arc::from(instance.address()));
        let service = if address.is_none() { self.balancer.name().map(Arc::from) } else { None };
        let elapsed = now.saturating_duration_since(started);
        self.journal.record(Attempt::new(address, service, cause, elapsed));
    }

    #[inline]
    #[expect(clippy::needless_pass_by_value, reason = "a step is followed once")]
    fn follow(&mut self, step: Step, now: Instant) -> Next<L::Endpoint, Req, Res, Err> {
        if self.ctx.is_cancelled() {
            return self.cancelled(None);
        }
        match step {
            Step::Finish(reason) => self.finish(reason, now),
            Step::Wait(until) => Next::Wait(until),
            Step::Pick => self.pick(now),
            // These drivers have one attempt alive at a time, and call what they picked.
            Step::Call(_) | Step::Await => self.finish(Reason::AttemptsExceeded, now),
        }
    }

    #[inline]
    fn pick(&mut self, now: Instant) -> Next<L::Endpoint, Req, Res, Err> {
        let pick = match self.ask_balancer() {
            Ok(pick) => pick,
            Err(error) => return self.pick_failed(error, now),
        };
        match self.engine.picked(pick.id(), now) {
            Step::Call(attempt) => match self.take_request() {
                Some(request) => {
                    self.waiting = None;
                    Next::Call(Call { pick, request, attempt })
                }
                None => self.finish(Reason::NotReplayable, now),
            },
            step => self.follow(step, now),
        }
    }

    #[cold]
    fn pick_failed(&mut self, error: Error, now: Instant) -> Next<L::Endpoint, Req, Res, Err> {
        let worth_waiting = match error {
            Error::NotReady => true,
            Error::NoEndpoints => self.settings.wait_for_endpoints,
            _ => false,
        };
        if !worth_waiting {
            self.waiting = None;
            self.record(None, Cause::Pick(error), now, now);
            let step = self.engine.pick_failed(now);
            return self.follow(step, now);
        }
        if let Some(waiting) = &mut self.waiting {
            waiting.error = error;
            let step = self.engine.not_ready(now);
            return self.follow(step, now);
        }
        let wakeup = Wakeup::subscribed(self.balancer);
        self.waiting = Some(Box::new(Waiting { error, since: now, wakeup }));
        // Once more: the set may have come before the subscription.
        self.pick(now)
    }

    #[inline]
    fn ask_balancer(&self) -> Result<Pick<L::Endpoint>, Error> {
        let mut wanted = PickRequest::new();
        if let Some(key) = self.key {
            wanted = wanted.with_key(key);
        }
        let crowded = self.held_threads.and_then(HeldThreads::crowded);
        match (self.engine.tried(), crowded) {
            (None, None) => self.balancer.pick(&wanted),
            (Some(tried), None) => self.balancer.pick(&wanted.with_tried(tried)),
            (tried, Some(crowded)) => self.ask_for_another(wanted, tried, crowded),
        }
    }

    #[cold]
    fn ask_for_another(
        &self,
        wanted: PickRequest<'_>,
        tried: Option<&Tried>,
        mut avoided: Tried,
    ) -> Result<Pick<L::Endpoint>, Error> {
        if let Some(tried) = tried {
            avoided.extend(tried);
        }
        self.balancer.pick(&wanted.with_tried(&avoided))
    }

    /// A copy while another attempt may follow, or else the request itself.
    fn take_request(&mut self) -> Option<Req> {
        let request = self.request.take()?;
        let copy = if self.engine.may_follow() { self.policy.replay(&request) } else { None };
        if copy.is_some() {
            self.request = Some(request);
            return copy;
        }
        self.engine.spent();
        Some(request)
    }
}
