use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::Sender;

use super::behaviour::{Behaviour, Rules};
use super::message::{Reply, reply};
use super::query::{Query, Question};
use super::zone::Zone;
use crate::lock::lock;

/// What the server's threads and the test share: one lock over everything, so that a query sees all of a
/// change or nothing of it.
#[derive(Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) zone: Zone,
    pub(super) rules: Rules,
    pub(super) queries: Vec<Query>,
    pub(super) listeners: Vec<Sender<Query>>,
    pub(super) held: usize,
    pub(super) paused: bool,
    pub(super) stopped: bool,
}

/// What becomes of a query that has just arrived.
pub(super) enum Fate {
    Reply(Reply),
    Wait(Duration),
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    /// Notes the query and decides about it. The test is told last: whatever it changes then is for the
    /// queries after this one.
    pub(super) fn arrive(&self, question: &Question) -> Fate {
        let mut state = self.lock();
        state.queries.push(question.query.clone());
        let fate = match state.rules.find(&question.query) {
            Behaviour::Delay(delay) => Fate::Wait(delay),
            _ if state.paused => Fate::Wait(Duration::ZERO),
            behaviour => Fate::Reply(reply(question, behaviour, &state.zone)),
        };
        state.held += usize::from(matches!(fate, Fate::Wait(_)));
        state.listeners.retain(|listener| listener.send(question.query.clone()).is_ok());
        fate
    }

    /// Waits for the delay to pass and for the server to be resumed; then replies with what holds now.
    pub(super) fn reply_later(&self, question: &Question, delay: Duration) -> Reply {
        let running = |state: &mut State| !state.stopped;
        let state = self.lock();
        let (state, _) =
            self.changed.wait_timeout_while(state, delay, running).unwrap_or_else(PoisonError::into_inner);
        let mut state = self
            .changed
            .wait_while(state, |state| state.paused && !state.stopped)
            .unwrap_or_else(PoisonError::into_inner);
        state.held -= 1;
        if state.stopped {
            return Reply::Close;
        }
        reply(question, state.rules.find(&question.query), &state.zone)
    }
}
