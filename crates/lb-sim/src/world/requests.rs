//! The life of a request, as its client sees it: the engine decides, this executes.

use std::time::{Duration, Instant};

use lb_core::{Outcome, PickRequest, Reported};
use lb_retry::{Engine, Limits, Reason, Step, Verdict};

use super::{Attempt, Place, Request, World};
use crate::client::{Held, Picked};
use crate::events::{Event, Lane};
use crate::recorder::End;
use crate::time::nanos;

impl World<'_> {
    /// A new request.
    pub(super) fn request(&mut self, client: u32) {
        let scenario = self.scenario;
        let (begun, now) = (self.now, self.instant());
        let work = scenario.clients.work.draw(&mut self.draws.work);
        let key = match scenario.clients.keys {
            Some(keys) => self.draws.keys.below(keys),
            None => self.draws.keys.next(),
        };
        let deadline = now.checked_add(scenario.clients.timeout);
        let engine = match scenario.clients.retry {
            Some(limits) => Engine::new(limits, deadline).seeded(self.draws.backoff.next()),
            None => Engine::new(Limits::new(1), deadline),
        };
        let is_measured = self.recorder.begun(begun);
        let step = engine.begin(now);
        let request = Request { client, key, work, begun, is_measured, engine, timed_out: false };
        let request = self.requests.insert(request);
        self.drive(request, step);
    }

    /// Executes what the engine says, until there is something to wait for.
    fn drive(&mut self, request: u32, mut step: Step) {
        loop {
            match step {
                Step::Pick => match self.pick(request) {
                    Ok(next) => step = next,
                    Err((picked, live)) => return self.send(request, picked, live),
                },
                Step::Wait(until) => {
                    let until = until.map_or(self.now, |until| self.nanos_at(until));
                    return self.events.at(until, Event::Wakes { request });
                }
                Step::Finish(reason) => return self.give_up(request, reason),
                // Only `picked` says so, and what it says goes to `send`.
                Step::Call(_) => return,
            }
        }
    }

    /// What to do next, or else what to send.
    fn pick(&mut self, request: u32) -> Result<Step, (Picked, lb_retry::LiveAttempt)> {
        let now = self.instant();
        let Some(request) = self.requests.get_mut(request) else { return Ok(Step::Wait(None)) };
        let mut wanted = PickRequest::new().with_key(request.key);
        if let Some(tried) = request.engine.tried() {
            wanted = wanted.with_tried(tried);
        }
        let client = &mut self.clients[request.client as usize];
        let Ok(picked) = client.pick(&wanted, &self.ids, self.now) else {
            return Ok(request.engine.pick_failed(now));
        };
        match request.engine.picked(picked.id, now) {
            Step::Call(live) => Err((picked, live)),
            step => {
                client.ended(picked.held, Outcome::Cancelled, None, self.now);
                Ok(step)
            }
        }
    }

    fn send(&mut self, place: u32, picked: Picked, live: lb_retry::LiveAttempt) {
        let Some(request) = self.requests.get(place) else { return };
        let Picked { server, id, held } = picked;
        let (client, work, is_measured) = (request.client, request.work, request.is_measured);
        let deadline = live.deadline().map(|deadline| self.nanos_at(deadline));
        self.recorder.sent(server, self.now, is_measured);
        let attempt = Attempt {
            request: place,
            client,
            server,
            work,
            is_measured,
            waiting: Some((held, live)),
            id,
            place: Place::Network,
            succeeded: false,
            report: None,
        };
        let attempt = self.attempts.insert(attempt);
        self.after_network(self.now, Event::Reaches { attempt });
        if let Some(deadline) = deadline {
            let generation = self.attempts.generation(attempt);
            self.events.in_lane(Lane::TimeOuts, deadline, Event::TimesOut { attempt, generation });
        }
    }

    /// The answer to an attempt has come.
    pub(super) fn answered(&mut self, attempt: u32) {
        let Some(attempt) = self.attempts.remove(attempt) else { return };
        let Some((held, live)) = attempt.waiting else { return };
        let outcome = if attempt.succeeded { Outcome::Success } else { Outcome::Failure };
        self.end_attempt(attempt.client, held, outcome, attempt.report.as_ref());
        if attempt.succeeded {
            self.finish(attempt.request, End::Succeeded);
        } else {
            self.recorder.attempt_failed(attempt.server, attempt.is_measured);
            self.attempt_failed(attempt.request, live, attempt.id, false);
        }
    }

    /// Nobody waits any longer for an attempt, if anybody still did.
    pub(super) fn times_out(&mut self, place: u32, generation: u32) {
        if self.attempts.generation(place) != generation {
            return;
        }
        let Some(attempt) = self.attempts.get_mut(place) else { return };
        let Some((held, live)) = attempt.waiting.take() else { return };
        let (request, client, id) = (attempt.request, attempt.client, attempt.id);
        self.recorder.attempt_failed(attempt.server, attempt.is_measured);
        match attempt.place {
            Place::Queue if self.scenario.clients.cancels => {
                self.hosts[attempt.server as usize].give_up();
            }
            Place::Lost => drop(self.attempts.remove(place)),
            _ => {}
        }
        self.end_attempt(client, held, Outcome::Failure, None);
        self.attempt_failed(request, live, id, true);
    }

    pub(super) fn wakes(&mut self, place: u32) {
        let now = self.instant();
        if let Some(request) = self.requests.get_mut(place) {
            let step = request.engine.woke(now);
            self.drive(place, step);
        }
    }

    fn end_attempt(&mut self, client: u32, held: Held, outcome: Outcome, report: Option<&Reported>) {
        self.clients[client as usize].ended(held, outcome, report, self.now);
    }

    fn attempt_failed(
        &mut self,
        place: u32,
        live: lb_retry::LiveAttempt,
        id: lb_core::EndpointId,
        timed_out: bool,
    ) {
        let now = self.instant();
        if let Some(request) = self.requests.get_mut(place) {
            request.timed_out = timed_out;
            let step = request.engine.ended(live, id, Verdict::Retry, now);
            self.drive(place, step);
        }
    }

    /// There will be no other attempt.
    fn give_up(&mut self, place: u32, reason: Reason) {
        let timed_out = self.requests.get(place).is_some_and(|request| request.timed_out);
        let is_late = reason == Reason::DeadlineExceeded;
        self.finish(place, if timed_out || is_late { End::TimedOut } else { End::Failed });
    }

    fn finish(&mut self, place: u32, end: End) {
        if let Some(request) = self.requests.remove(place) {
            self.recorder.ended(request.begun, self.now, request.is_measured, end);
            self.thinks(request.client);
        }
    }

    /// What happens when a message that is sent at `from` has arrived.
    pub(super) fn after_network(&mut self, from: u64, event: Event) {
        let arrives = from + nanos(self.scenario.clients.network);
        self.events.in_lane(Lane::Network, arrives, event);
    }

    fn nanos_at(&self, instant: Instant) -> u64 {
        let since: Duration = instant.saturating_duration_since(self.epoch);
        nanos(since)
    }
}
