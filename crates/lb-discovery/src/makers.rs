//! The threads that call the factory, and those that look after them. There is none while nothing is to be made.

use std::sync::{Arc, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use lb_core::support::drop_caught;
use lb_core::{BoxError, Instance};

use crate::feed::{Feed, State};
use crate::making::{Call, GRACE};
use crate::sync::{MutexGuard, lock};

/// What a look at the state came to.
enum Step {
    Publish,
    /// Calls have taken too long.
    Late(Vec<Call>),
    /// Nothing is left to do, or somebody else does it.
    End,
}

impl<E: Send + Sync + 'static> Feed<E> {
    /// Publishes endpoints as they are made, and gives up calls that take too long: until nothing is left to do, or until
    /// that moment, after which a thread in the background goes on. `None`: that thread.
    pub(crate) fn supervise(self: &Arc<Self>, until: Option<Instant>) {
        loop {
            match self.next_step(until) {
                Step::Publish => self.settle(now()),
                Step::Late(calls) => self.give_up(&calls),
                Step::End => break,
            }
            if until.is_none() {
                self.tell_gate();
            }
            self.start_calls(now());
        }
        self.settle(now());
        if until.is_none() {
            self.tell_gate();
        }
    }

    fn next_step(self: &Arc<Self>, until: Option<Instant>) -> Step {
        let mut state = lock(&self.state);
        loop {
            let now = now();
            if self.is_stopped() {
                state.making.clear();
                return End::of(&mut state, until);
            }
            let late = state.making.late(now);
            if !late.is_empty() {
                return Step::Late(late);
            }
            if state.making.publish_at().is_some_and(|at| at <= now) {
                return Step::Publish;
            }
            if state.making.is_idle() {
                return End::of(&mut state, until);
            }
            if state.making.is_held_up(now) {
                drop(state);
                self.start_calls(now);
                state = lock(&self.state);
                continue;
            }
            let published = state.settled && state.making.publish_at().is_none();
            if until.is_some_and(|until| published || until <= now) {
                self.go_on_in_background(&mut state);
                return Step::End;
            }
            state = self.wait(state, until, now);
        }
    }

    fn wait<'a>(
        &self,
        state: MutexGuard<'a, State<E>>,
        until: Option<Instant>,
        now: Instant,
    ) -> MutexGuard<'a, State<E>> {
        let wake = state.making.wake_at().into_iter().chain(until).min();
        match wake {
            Some(wake) => {
                let left = wake.saturating_duration_since(now).max(Duration::from_micros(1));
                self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
            }
            None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
        }
    }

    fn go_on_in_background(self: &Arc<Self>, state: &mut State<E>) {
        if state.supervised {
            return;
        }
        let feed = Arc::clone(self);
        let spawned = thread::Builder::new().name("lb-supervise".into()).spawn(move || feed.supervise(None));
        // Without a thread the next refresh looks after the calls.
        state.supervised = spawned.is_ok();
    }

    /// Starts the calls that may begin now.
    pub(crate) fn start_calls(self: &Arc<Self>, now: Instant) {
        if self.is_stopped() {
            return;
        }
        loop {
            let Some(call) = lock(&self.state).making.next_call(now, &self.ctx, false) else { return };
            let (feed, first) = (Arc::downgrade(self), call.clone());
            let spawned = thread::Builder::new().name("lb-make".into()).spawn(move || make(&feed, first));
            if let Err(error) = spawned {
                lock(&self.state).making.ended(&call);
                self.failed(&call.instance, &format!("no thread for the factory: {error}"));
            }
        }
    }

    fn give_up(&self, calls: &[Call]) {
        for call in calls {
            call.cancel();
            let taken = call.ctx.deadline().map(|_| "the factory has taken too long");
            self.failed(&call.instance, taken.unwrap_or("the factory was given up"));
        }
    }

    fn failed(&self, instance: &Instance, error: &str) {
        if let Some(maker) = self.maker() {
            maker.failed(instance, &error);
        }
        note_failure(&mut lock(&self.state), instance, error);
    }

    /// A call has returned. Returns the one that this thread makes next.
    fn ended(self: &Arc<Self>, call: &Call, made: Result<E, BoxError>) -> Option<Call> {
        let stopped = self.is_stopped();
        let made = if stopped {
            drop_caught("an endpoint", made);
            Err("stopped".into())
        } else {
            made
        };
        let mut unneeded = None;
        let mut state = lock(&self.state);
        let in_time = state.making.ended(call);
        let stopped = stopped || self.is_stopped();
        match made {
            Ok(endpoint) if in_time && !stopped => unneeded = self.supply(&mut state, call, endpoint),
            Ok(endpoint) => unneeded = Some(endpoint),
            Err(error) if in_time => note_failure(&mut state, &call.instance, &error.to_string()),
            Err(_) => {}
        }
        let next = if in_time && !stopped { state.making.next_call(now(), &self.ctx, true) } else { None };
        let news = next.is_none() || state.making.publish_at().is_some_and(|at| at <= now());
        drop(state);
        if news {
            self.changed.notify_all();
        }
        drop_caught("an endpoint", unneeded);
        next
    }

    /// Returns the endpoint if it serves nobody.
    fn supply(&self, state: &mut State<E>, call: &Call, endpoint: E) -> Option<E> {
        let maker = self.maker();
        let reusable =
            |old: &Instance, new: &Instance| maker.as_ref().is_some_and(|maker| maker.reusable(old, new));
        let refused = state.writer.supply(call.instance.clone(), endpoint, reusable).err();
        if refused.is_some() {
            state.making.again(&call.instance);
        }
        if state.writer.missing() == 0 {
            state.outcome.failure = None;
        }
        refused
    }

    /// Waits until no thread is in the factory, but no longer than a moment.
    pub(crate) fn wait_for_calls(&self) {
        let end = lb_core::Context::background().with_timeout(GRACE);
        let mut state = lock(&self.state);
        while state.making.has_threads() {
            let left = end.remaining().unwrap_or(GRACE);
            if left.is_zero() {
                return;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until the set that is known may be used, but no longer than that.
    pub(crate) fn wait_settled(&self, patience: Duration) {
        let end = lb_core::Context::background().with_timeout(patience);
        let mut state = lock(&self.state);
        while !state.making.is_done() && state.outcome.endpoints == 0 && !self.is_stopped() {
            let left = end.remaining().unwrap_or(patience);
            if left.is_zero() {
                return;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

fn note_failure<E>(state: &mut State<E>, instance: &Instance, error: &str) {
    let text = || format!("{}: {error}", instance.address()).into();
    state.outcome.failure.get_or_insert_with(text);
}

struct End;

impl End {
    fn of<E>(state: &mut State<E>, until: Option<Instant>) -> Step {
        state.supervised &= until.is_some();
        Step::End
    }
}

/// Makes one endpoint after the other. It holds no feed while the factory is at work: one that never returns keeps no
/// other endpoint alive.
fn make<E: Send + Sync + 'static>(feed: &Weak<Feed<E>>, first: Call) {
    if let Some(feed) = feed.upgrade() {
        lock(&feed.state).making.begun(now(), &first);
    }
    let mut next = Some(first);
    while let Some(call) = next {
        let Some(maker) = feed.upgrade().and_then(|feed| feed.maker()) else { return };
        let stopped = call.ctx.is_cancelled();
        let made = if stopped { Err("stopped".into()) } else { maker.make(&call.ctx, &call.instance) };
        drop_caught("the factory", maker);
        let Some(feed) = feed.upgrade() else { return drop_caught("an endpoint", made) };
        next = feed.ended(&call, made);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "what a factory takes is measured by the clock, whatever the ticks say"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}
