use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Instant;

use lb_core::{Context, Error, LoadBalancer, Pick, PickRequest};

use crate::attempt::{Attempt, Cause};
use crate::engine::{Engine, Limits, Running, Step};
use crate::journal::Journal;
use crate::{Policy, Reason, RetryError, Verdict};

/// One request on its way: what all drivers share between the engine's decisions and their own waiting.
pub(crate) struct Session<'a, L, P, Req, Res, Err> {
    balancer: &'a L,
    policy: &'a P,
    ctx: &'a Context,
    engine: Engine<'a>,
    journal: Journal<Err>,
    key: Option<u64>,
    request: Option<Req>,
    response: PhantomData<fn() -> Res>,
}

/// What the driver is to do next.
pub(crate) enum Next<E, Req, Res, Err> {
    /// Send this, and tell [`Session::ended`], [`Session::timed_out`] or [`Session::cancelled`].
    Call(Call<E, Req>),
    /// Wait until then, and tell [`Session::woke`] or [`Session::cancelled`].
    Wait(Instant),
    /// The caller's result.
    Finish(Result<Res, RetryError<Err>>),
}

/// One attempt to be made.
pub(crate) struct Call<E, Req> {
    pub(crate) pick: Pick<E>,
    pub(crate) request: Req,
    pub(crate) running: Running,
}

impl<'a, L, P, Req, Res, Err> Session<'a, L, P, Req, Res, Err>
where
    L: LoadBalancer,
    P: Policy<Req, Res, Err>,
{
    #[inline]
    pub(crate) fn new(
        (balancer, policy, limits): (&'a L, &'a P, &'a Limits),
        ctx: &'a Context,
        request: Req,
        now: Instant,
    ) -> Self {
        let own = now.checked_add(limits.timeout);
        let deadline = match (own, ctx.deadline()) {
            (Some(own), Some(callers)) => Some(own.min(callers)),
            (own, callers) => own.or(callers),
        };
        Self {
            balancer,
            policy,
            ctx,
            engine: Engine::new(limits, deadline),
            journal: Journal::new(),
            key: policy.key(&request),
            request: Some(request),
            response: PhantomData,
        }
    }

    #[inline]
    pub(crate) fn begin(&mut self, now: Instant) -> Next<L::Endpoint, Req, Res, Err> {
        let step = self.engine.begin(now);
        self.follow(&step, now)
    }

    /// The attempt returned `result`. The clock is read only when that is not the caller's result.
    #[inline]
    pub(crate) fn ended(
        &mut self,
        attempt: Running,
        address: impl FnOnce() -> Arc<str>,
        result: Result<Res, Err>,
        clock: impl FnOnce() -> Instant,
    ) -> Next<L::Endpoint, Req, Res, Err> {
        let verdict = self.policy.verdict(result.as_ref());
        match (verdict, result) {
            (Verdict::Accept | Verdict::GiveUp, Ok(response)) => Next::Finish(Ok(response)),
            (verdict, Err(error)) => self.failed(attempt, address(), Cause::Call(error), verdict, clock()),
            (verdict, Ok(response)) => {
                match self.failed(attempt, address(), Cause::Rejected, verdict, clock()) {
                    Next::Finish(Err(_)) => Next::Finish(Ok(response)),
                    next => next,
                }
            }
        }
    }

    /// Nobody waits for the attempt any longer.
    pub(crate) fn timed_out(
        &mut self,
        attempt: Running,
        address: Arc<str>,
        now: Instant,
    ) -> Next<L::Endpoint, Req, Res, Err> {
        self.failed(attempt, address, Cause::TimedOut, Verdict::Retry, now)
    }

    pub(crate) fn woke(&mut self, now: Instant) -> Next<L::Endpoint, Req, Res, Err> {
        let step = self.engine.woke(now);
        self.follow(&step, now)
    }

    /// The caller cancelled, while `in_flight` was on its way.
    pub(crate) fn cancelled(
        &mut self,
        in_flight: Option<(Running, Arc<str>)>,
        now: Instant,
    ) -> Next<L::Endpoint, Req, Res, Err> {
        if let Some((attempt, address)) = in_flight {
            self.record(Some(address), Cause::Cancelled, attempt.started, now);
        }
        self.finish(Reason::Cancelled)
    }

    /// It is over, whatever the engine would say.
    pub(crate) fn finish(&mut self, reason: Reason) -> Next<L::Endpoint, Req, Res, Err> {
        let journal = std::mem::replace(&mut self.journal, Journal::new());
        Next::Finish(Err(RetryError::new(reason, journal)))
    }

    #[cold]
    fn failed(
        &mut self,
        attempt: Running,
        address: Arc<str>,
        cause: Cause<Err>,
        verdict: Verdict,
        now: Instant,
    ) -> Next<L::Endpoint, Req, Res, Err> {
        self.record(Some(Arc::clone(&address)), cause, attempt.started, now);
        let step = self.engine.ended(attempt, address, verdict, now);
        self.follow(&step, now)
    }

    fn record(&mut self, address: Option<Arc<str>>, cause: Cause<Err>, started: Instant, now: Instant) {
        self.journal.record(Attempt::new(address, cause, now.saturating_duration_since(started)));
    }

    #[inline]
    fn follow(&mut self, step: &Step, now: Instant) -> Next<L::Endpoint, Req, Res, Err> {
        if self.ctx.is_cancelled() {
            return self.finish(Reason::Cancelled);
        }
        match *step {
            Step::Finish(reason) => self.finish(reason),
            Step::Wait(until) => Next::Wait(until),
            Step::Pick => self.pick(now),
            // These drivers have one attempt alive at a time.
            Step::Call(_) | Step::Await => self.finish(Reason::AttemptsExceeded),
        }
    }

    #[inline]
    fn pick(&mut self, now: Instant) -> Next<L::Endpoint, Req, Res, Err> {
        let pick = match self.ask_balancer() {
            Ok(pick) => pick,
            Err(error) => return self.pick_failed(error, now),
        };
        match self.engine.picked(pick.address(), now) {
            Step::Call(running) => match self.take_request() {
                Some(request) => Next::Call(Call { pick, request, running }),
                None => self.finish(Reason::NotReplayable),
            },
            Step::Wait(until) => Next::Wait(until),
            Step::Finish(reason) => self.finish(reason),
            // The engine never answers a pick with these.
            Step::Pick | Step::Await => self.finish(Reason::AttemptsExceeded),
        }
    }

    #[cold]
    fn pick_failed(&mut self, error: Error, now: Instant) -> Next<L::Endpoint, Req, Res, Err> {
        self.record(None, Cause::Pick(error), now, now);
        let step = self.engine.pick_failed(now);
        self.follow(&step, now)
    }

    #[inline]
    fn ask_balancer(&self) -> Result<Pick<L::Endpoint>, Error> {
        let mut wanted = PickRequest::new();
        if let Some(key) = self.key {
            wanted = wanted.with_key(key);
        }
        if self.engine.tried().is_empty() {
            self.balancer.pick(&wanted)
        } else {
            self.ask_for_another(wanted)
        }
    }

    #[cold]
    fn ask_for_another(&self, wanted: PickRequest<'_>) -> Result<Pick<L::Endpoint>, Error> {
        let tried: Vec<&str> = self.engine.tried().iter().map(|address| &**address).collect();
        self.balancer.pick(&wanted.with_tried(&tried))
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
