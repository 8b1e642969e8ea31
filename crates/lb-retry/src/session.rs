use std::mem::replace;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use lb_core::{Context, Error, LoadBalancer, Outcome, Pick, PickRequest, Tried};

use crate::attempt::{Attempt, Cause};
use crate::attempt_end::{AttemptEnd, AttemptResult};
use crate::attempt_log::AttemptLog;
use crate::change::Change;
use crate::engine::{Engine, LiveAttempt, Step};
use crate::error::{Reason, RetryError};
use crate::held_threads::HeldThreads;
use crate::policy::{Policy, Verdict};
use crate::retry::Retry;
use crate::setup::Setup;

/// One request on its way: what all drivers share between the engine's decisions and their own waiting.
pub(crate) struct Session<'a, L: LoadBalancer, P, Req, Res, Err> {
    setup: &'a Setup<L, P>,
    held_threads: Option<&'a HeldThreads>,
    ctx: &'a Context,
    clock: fn() -> Instant,
    /// When the clock was read last.
    now: Instant,
    engine: Engine,
    log: AttemptLog<Err>,
    /// Why there is nothing to pick, while that is waited for.
    waiting: Option<Box<Waiting>>,
    key: Option<u64>,
    /// What the next attempt is sent through.
    pick: Option<Pick<L::Endpoint>>,
    request: Option<Req>,
    /// The policy wanted another response, and no other attempt was made yet.
    rejected: Option<Res>,
}

struct Waiting {
    error: Error,
    since: Instant,
    change: Change,
}

/// How the wait for an attempt ended.
pub(crate) enum End<T> {
    Returned(T),
    TimedOut,
    /// The caller cancelled its context.
    Cancelled,
}

impl<'a, L, P, Req, Res, Err> Session<'a, L, P, Req, Res, Err>
where
    L: LoadBalancer,
    P: Policy<Req, Res, Err>,
{
    #[inline]
    pub(crate) fn new<M>(
        retry: &'a Retry<L, P, M>,
        held_threads: Option<&'a HeldThreads>,
        ctx: &'a Context,
        request: Req,
        clock: fn() -> Instant,
    ) -> Self {
        let (setup, now) = (&retry.setup, clock());
        let Setup { policy, settings, .. } = setup;
        Self {
            setup,
            held_threads,
            ctx,
            clock,
            now,
            engine: settings.engine(|| policy.retries_timeouts(), ctx.deadline(), now),
            log: AttemptLog::new(),
            waiting: None,
            key: policy.key(&request),
            pick: None,
            request: Some(request),
            rejected: None,
        }
    }

    #[inline]
    pub(crate) fn begin(&self) -> Step {
        self.unless_cancelled(self.engine.begin(self.now))
    }

    /// [`Step::Pick`]: asks the balancer.
    #[inline]
    pub(crate) fn pick(&mut self) -> Step {
        let pick = match self.ask_balancer() {
            Ok(pick) => pick,
            Err(error) => return self.pick_failed(error),
        };
        let step = self.engine.picked(pick.id(), self.now);
        if let Step::Call(_) = step {
            self.pick = Some(pick);
            self.waiting = None;
            return step;
        }
        self.unless_cancelled(step)
    }

    /// [`Step::Call`]: the pick, and what to send through it: a copy while another attempt may follow, or else the request
    /// itself. What came of it goes to [`ended`](Self::ended). `None`: the request was given away already.
    #[inline]
    pub(crate) fn call(&mut self) -> Option<(Pick<L::Endpoint>, Req)> {
        let (pick, request) = (self.pick.take()?, self.request.take()?);
        if self.engine.may_follow()
            && let Some(copy) = self.setup.policy.replay(&request)
        {
            self.request = Some(request);
            return Some((pick, copy));
        }
        self.engine.spent();
        Some((pick, request))
    }

    /// [`Step::Wait`]: what ends the wait early, by being cancelled. After the wait: [`woke`](Self::woke).
    pub(crate) fn change(&self) -> Context {
        self.waiting.as_ref().map_or_else(Context::background, |waiting| waiting.change.come().clone())
    }

    pub(crate) fn woke(&mut self) -> Step {
        self.now = (self.clock)();
        if let Some(waiting) = &mut self.waiting
            && waiting.change.come().is_cancelled()
        {
            // Before the next pick, so that no change falls between.
            waiting.change = Change::of(&self.setup.balancer);
        }
        let step = self.engine.woke(self.now);
        self.unless_cancelled(step)
    }

    /// [`Step::Finish`]: it is over. No response is lost: a rejected one is the caller's where no attempt has followed it.
    #[cold]
    pub(crate) fn finish(&mut self, reason: Reason) -> Result<Res, RetryError<Err>> {
        if let Some(response) = self.rejected.take() {
            return Ok(response);
        }
        if let Some(waiting) = self.waiting.take() {
            self.now = (self.clock)();
            self.record(None, Cause::Pick(waiting.error), waiting.since);
        }
        let mut log = replace(&mut self.log, AttemptLog::new());
        if reason == Reason::Saturated {
            log.set_holders(self.held_threads.map(HeldThreads::holders).unwrap_or_default());
        }
        Err(RetryError { reason, log })
    }

    /// What came of the attempt through `pick`: breaks with the caller's response, or tells what to do next. The clock is
    /// read only where there is no response.
    #[inline]
    pub(crate) fn ended(
        &mut self,
        attempt: LiveAttempt,
        pick: &Pick<L::Endpoint>,
        end: End<Result<Res, Err>>,
    ) -> ControlFlow<Res, Step> {
        self.rejected = None;
        let (verdict, cause) = match end {
            End::Returned(Ok(response)) => {
                match self.judge(&attempt, pick, AttemptResult::Response(&response)) {
                    Verdict::Accept | Verdict::GiveUp => return ControlFlow::Break(response),
                    verdict => {
                        self.rejected = Some(response);
                        (verdict, Cause::Rejected)
                    }
                }
            }
            End::Returned(Err(error)) => {
                (self.judge(&attempt, pick, AttemptResult::Error(&error)), Cause::Call(error))
            }
            End::TimedOut => (self.judge(&attempt, pick, AttemptResult::TimedOut), Cause::TimedOut),
            End::Cancelled => {
                pick.record(Outcome::Cancelled);
                self.now = (self.clock)();
                self.record(Some(pick), Cause::Cancelled, attempt.started);
                return ControlFlow::Continue(Step::Finish(Reason::Cancelled));
            }
        };
        ControlFlow::Continue(self.failed(attempt, pick, cause, verdict))
    }

    /// The one place where the end of an attempt is judged. Its pick is still held, also where the attempt was given up
    /// and has not returned.
    #[inline]
    fn judge(
        &self,
        attempt: &LiveAttempt,
        pick: &Pick<L::Endpoint>,
        result: AttemptResult<'_, Res, Err>,
    ) -> Verdict {
        let began = (attempt.started, self.clock);
        let end = AttemptEnd::since(result, attempt.number, began, pick.instance());
        if pick.is_observed() {
            pick.record(self.setup.policy.outcome(&end));
            if let AttemptResult::Response(response) = result
                && let Some(report) = self.setup.policy.report(response)
            {
                pick.report(&report);
            }
        }
        let verdict = self.setup.policy.verdict(&end);
        match (result, self.setup.settings.retry_timeouts) {
            (AttemptResult::TimedOut, Some(true)) => Verdict::Retry,
            (AttemptResult::TimedOut, Some(false)) => Verdict::GiveUp,
            _ => verdict,
        }
    }

    #[cold]
    fn failed(
        &mut self,
        attempt: LiveAttempt,
        pick: &Pick<L::Endpoint>,
        cause: Cause<Err>,
        verdict: Verdict,
    ) -> Step {
        self.now = (self.clock)();
        self.record(Some(pick), cause, attempt.started);
        let step = self.engine.ended(attempt, pick.id(), verdict, self.now);
        self.unless_cancelled(step)
    }

    #[cold]
    fn pick_failed(&mut self, error: Error) -> Step {
        let worth_waiting = match error {
            Error::NotReady => true,
            Error::NoEndpoints => self.setup.settings.wait_for_endpoints,
            _ => false,
        };
        let step = match &mut self.waiting {
            Some(waiting) if worth_waiting => {
                waiting.error = error;
                self.engine.not_ready(self.now)
            }
            None if worth_waiting => {
                let change = Change::of(&self.setup.balancer);
                self.waiting = Some(Box::new(Waiting { error, since: self.now, change }));
                // Once more: the set may have come before the subscription.
                Step::Pick
            }
            _ => {
                self.waiting = None;
                self.record(None, Cause::Pick(error), self.now);
                self.engine.pick_failed(self.now)
            }
        };
        self.unless_cancelled(step)
    }

    fn record(&mut self, pick: Option<&Pick<L::Endpoint>>, cause: Cause<Err>, started: Instant) {
        let address = pick.map(Pick::shared_address);
        let service = if pick.is_none() { self.setup.balancer.name().map(Arc::from) } else { None };
        let elapsed = self.now.saturating_duration_since(started);
        self.log.add(Attempt { address, service, cause, elapsed });
    }

    #[inline]
    fn unless_cancelled(&self, step: Step) -> Step {
        if self.ctx.is_cancelled() { Step::Finish(Reason::Cancelled) } else { step }
    }

    #[inline]
    fn ask_balancer(&self) -> Result<Pick<L::Endpoint>, Error> {
        let mut wanted = PickRequest::new();
        if let Some(key) = self.key {
            wanted = wanted.with_key(key);
        }
        match (self.engine.tried(), self.held_threads.and_then(HeldThreads::to_avoid)) {
            (None, None) => self.setup.balancer.pick(&wanted),
            (Some(tried), None) => self.setup.balancer.pick(&wanted.with_tried(tried)),
            (tried, Some(mut avoided)) => {
                avoided.extend(tried.unwrap_or(&Tried::new()));
                self.setup.balancer.pick(&wanted.with_tried(&avoided))
            }
        }
    }
}
