//! The update thread of a set: plans what is to be made, has it made, publishes what has come, and gives up what takes too
//! long. It ends when nothing is left to do.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use lb_core::support::lock;
use lb_core::{EndpointSet, RetiredSet};

use crate::calls::{Call, Missing};
use crate::published_set::{PublishedSet, State, Usage};
use crate::sync::now;

/// How long a change waits for the observers: what they derive stands by then, unless one of them hangs.
const WAIT_FOR_OBSERVERS: Duration = Duration::from_millis(20);

/// How long a change waits for the destructors of what it removed, before it is said to be done.
const WAIT_FOR_DISPOSALS: Duration = Duration::from_millis(5);

enum Step<E> {
    Announce(Change<E>),
    Make(Call),
    /// Calls have taken too long.
    GiveUp(Vec<Call>),
    End,
}

/// What a change leaves to be done without the lock.
struct Change<E> {
    retired: Option<RetiredSet<E>>,
    /// Whether observers are to be told.
    visible: bool,
    /// Calls that nobody needs any more.
    needless: Vec<Call>,
}

impl<E: Send + Sync + 'static> PublishedSet<E> {
    pub(crate) fn run_updates(self: &Arc<Self>) {
        loop {
            match self.next_step() {
                Step::Announce(change) => self.announce(change),
                Step::Make(call) => self.start_call(&call),
                Step::GiveUp(calls) => self.give_up(&calls),
                Step::End => return self.report(),
            }
        }
    }

    fn next_step(&self) -> Step<E> {
        let mut state = lock(&self.state);
        loop {
            let now = now();
            if let Some(step) = self.step(&mut state, now) {
                if matches!(step, Step::End) {
                    state.end_update();
                }
                return step;
            }
            let wake = state.calls.wake_at().map(|wake| wake.saturating_duration_since(now));
            state = match wake {
                Some(left) => {
                    self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// `None`: there is nothing to do at the moment.
    fn step(&self, state: &mut State<E>, now: Instant) -> Option<Step<E>> {
        if self.is_over(state) {
            return Some(Step::End);
        }
        if state.stale {
            // What has come is published first: else a plan without it would drop it here, under the lock.
            let mut change = self.publish(state);
            change.needless.extend(state.plan(now));
            if !change.is_nothing() {
                return Some(Step::Announce(change));
            }
        }
        let late = state.calls.give_up_late(now);
        if !late.is_empty() {
            return Some(Step::GiveUp(late));
        }
        if let Some(call) = state.calls.next(now, &self.ctx, false) {
            return Some(Step::Make(call));
        }
        if state.is_due(now) {
            let change = self.publish(state);
            state.calls.published((!state.withheld).then_some(now));
            state.awaited = state.wanted.1;
            return Some(Step::Announce(change));
        }
        state.calls.is_idle().then_some(Step::End)
    }

    /// Publishes what has come, and lets the set be used or not.
    fn publish(&self, state: &mut State<E>) -> Change<E> {
        let needless = if state.reusable.is_empty() { Vec::new() } else { state.want() };
        let idle = state.calls.is_idle();
        let set = match state.writer.take_set() {
            // What served so far goes on until a first endpoint stands.
            Some(set) if set.is_empty() && !idle => {
                state.withheld = true;
                None
            }
            None if state.withheld && idle => Some(EndpointSet::new([])),
            set => set,
        };
        let retired = set.map(|set| {
            (state.withheld, state.endpoints) = (false, set.len());
            self.cell.replace(set)
        });
        if !state.withheld {
            state.published = state.wanted.1;
        }
        let usage = state.next_usage();
        let usable = usage == Usage::Usable;
        let visible = usage != state.usage || (usable && retired.is_some());
        state.usage = usage;
        // Release: who sees that the set may be used sees this set, or a later one.
        self.usable.store(usable, Ordering::Release);
        Change { retired, visible, needless }
    }

    fn announce(&self, change: Change<E>) {
        change.needless.iter().for_each(Call::cancel);
        let swapped = change.retired.is_some();
        if let Some(retired) = change.retired {
            self.disposals.run(move || drop(retired));
        }
        if change.visible {
            let observers = Arc::clone(&self.observers);
            self.notifications.run_once(move || observers.notify());
            self.notifications.wait(WAIT_FOR_OBSERVERS);
        }
        if swapped {
            self.disposals.wait(WAIT_FOR_DISPOSALS);
        }
        self.report();
    }

    fn give_up(&self, calls: &[Call]) {
        for call in calls {
            call.cancel();
            self.failed(call, "the factory has taken too long");
        }
    }
}

impl<E> Change<E> {
    fn is_nothing(&self) -> bool {
        self.retired.is_none() && !self.visible && self.needless.is_empty()
    }
}

impl<E> State<E> {
    /// Whether it is time to publish.
    fn is_due(&self, now: Instant) -> bool {
        match self.calls.publish_at() {
            Some(at) if at <= now => true,
            None if !self.withheld && self.published < self.wanted.1 => true,
            _ => self.usage != self.next_usage(),
        }
    }

    /// Begins to follow the latest snapshot. Returns the calls that nobody needs any more.
    fn plan(&mut self, now: Instant) -> Vec<Call> {
        self.stale = false;
        let Some(instances) = self.snapshot.instances.clone() else { return Vec::new() };
        self.wanted = (instances, self.snapshot.version);
        self.calls.begin_plan(now);
        self.want()
    }

    /// Compares what is wanted with the endpoints that there are. Where attributes have changed, a call asks the factory
    /// whether the endpoint serves as it is, and the next comparison knows.
    fn want(&mut self) -> Vec<Call> {
        let mut changed = Vec::new();
        let missing = self.writer.want(self.wanted.0.to_vec(), |old, new| {
            let pair = (old.clone(), new.clone());
            let reusable = self.reusable.contains(&pair);
            if !reusable {
                changed.push(pair);
            }
            reusable
        });
        self.reusable.clear();
        if let Some(factory) = &self.factory {
            factory.retain(&missing);
        }
        if missing.is_empty() {
            self.failure = None;
        }
        let mut changed = changed.into_iter().peekable();
        let missing = missing.into_iter().map(|instance| {
            let before = changed.next_if(|(_, new)| *new == instance).map(|(old, _)| old);
            Missing { instance, before }
        });
        self.calls.want(missing.collect())
    }
}
