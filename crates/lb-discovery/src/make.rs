//! The threads that call the factory. There is none while nothing is to be made.

use std::sync::{Arc, Weak};
use std::thread;

use lb_core::support::{drop_caught, lock};
use lb_core::{Instance, Maker};

use crate::calls::Call;
use crate::published_set::{PublishedSet, State};
use crate::sync::now;

/// What a call came to.
enum Made<E> {
    /// An endpoint, which is among the writer's.
    Supplied,
    /// An endpoint that nobody needs.
    Needless(E),
    /// The endpoint that was made from the instance before serves as it is.
    Reusable(Instance),
    Failed(String),
}

impl<E: Send + Sync + 'static> PublishedSet<E> {
    pub(crate) fn start_call(self: &Arc<Self>, call: &Call) {
        let (set, first) = (Arc::downgrade(self), call.clone());
        let spawned = thread::Builder::new().name("lb-make".into()).spawn(move || make(&set, first));
        if let Err(error) = spawned {
            lock(&self.state).calls.ended(call, false);
            self.failed(call, &format!("no thread for the factory: {error}"));
        }
    }

    /// A call has failed without having returned.
    pub(crate) fn failed(&self, call: &Call, error: &str) {
        let factory = lock(&self.state).factory.clone();
        if let Some(factory) = factory {
            factory.failed(&call.missing.instance, &error);
            drop_caught("the factory", factory);
        }
        lock(&self.state).note_failure(call, error);
    }

    fn begin_call(&self, call: &Call) -> Option<Arc<Maker<E>>> {
        let state = &mut *lock(&self.state);
        state.calls.begun(call, now());
        state.factory.clone()
    }

    /// Takes the endpoint, if the instance that is wanted now is that of the call or the one that is `reusable`. Gives
    /// it back otherwise, with the instance that is wanted in its place.
    fn supply(
        &self,
        call: &Call,
        endpoint: E,
        reusable: Option<&Instance>,
    ) -> Result<(), (E, Option<Instance>)> {
        let state = &mut *lock(&self.state);
        if self.is_over(state) || !state.calls.is_running(call) {
            return Err((endpoint, None));
        }
        let instance = &call.missing.instance;
        let serves = |_: &Instance, wanted: &Instance| reusable == Some(wanted);
        state.writer.supply(instance.clone(), endpoint, serves).map_err(|endpoint| {
            (endpoint, state.calls.wanted(call).filter(|wanted| *wanted != instance).cloned())
        })?;
        if state.writer.missing() == 0 {
            state.failure = None;
        }
        Ok(())
    }

    /// A call has returned. Returns the one that its thread makes next.
    fn ended(&self, call: &Call, made: &Made<E>) -> Option<Call> {
        let (next, wakes) = {
            let state = &mut *lock(&self.state);
            let in_time = state.calls.is_running(call);
            match made {
                Made::Reusable(before) if in_time => {
                    state.reusable.insert((before.clone(), call.missing.instance.clone()));
                }
                Made::Failed(error) if in_time => state.note_failure(call, error),
                _ => {}
            }
            let brought = match made {
                Made::Supplied => true,
                Made::Reusable(_) => state.calls.wanted(call) == Some(&call.missing.instance),
                Made::Needless(_) | Made::Failed(_) => false,
            };
            state.calls.ended(call, brought);
            let goes_on = in_time && !self.is_over(state);
            let next = if goes_on { state.calls.next(now(), &self.ctx, true) } else { None };
            let due = state.calls.publish_at().is_some_and(|at| at <= now());
            let wakes = due || next.is_none();
            (next, wakes)
        };
        if wakes {
            self.changed.notify_all();
        }
        next
    }
}

impl<E> State<E> {
    fn note_failure(&mut self, call: &Call, error: &str) {
        let text = || format!("{}: {error}", call.missing.instance.address()).into();
        self.failure.get_or_insert_with(text);
    }
}

/// Makes one endpoint after the other. It holds no set while the factory is at work: one that never returns keeps no other
/// endpoint alive.
fn make<E: Send + Sync + 'static>(set: &Weak<PublishedSet<E>>, first: Call) {
    let mut next = Some(first);
    while let Some(call) = next {
        let Some(factory) = set.upgrade().and_then(|set| set.begin_call(&call)) else { return };
        let made = ask(set, &factory, &call);
        drop_caught("the factory", factory);
        next = set.upgrade().and_then(|set| set.ended(&call, &made));
        drop_caught("an endpoint", made);
    }
}

fn ask<E: Send + Sync + 'static>(set: &Weak<PublishedSet<E>>, factory: &Maker<E>, call: &Call) -> Made<E> {
    if call.ctx.is_cancelled() {
        return Made::Failed("stopped".to_owned());
    }
    let instance = &call.missing.instance;
    if let Some(before) = call.missing.before.as_ref().filter(|before| factory.reusable(before, instance)) {
        return Made::Reusable(before.clone());
    }
    match factory.make(&call.ctx, instance) {
        Ok(endpoint) => offer(set, factory, call, endpoint),
        Err(error) => Made::Failed(error.to_string()),
    }
}

/// Offers an endpoint until it is taken or not needed: while it was made, the attributes of its instance may have changed.
fn offer<E: Send + Sync + 'static>(
    set: &Weak<PublishedSet<E>>,
    factory: &Maker<E>,
    call: &Call,
    mut endpoint: E,
) -> Made<E> {
    let mut reusable = None;
    loop {
        let Some(set) = set.upgrade() else { return Made::Needless(endpoint) };
        let (refused, wanted) = match set.supply(call, endpoint, reusable.as_ref()) {
            Ok(()) => return Made::Supplied,
            Err(refused) => refused,
        };
        drop(set);
        reusable = wanted.filter(|wanted| factory.reusable(&call.missing.instance, wanted));
        if reusable.is_none() {
            return Made::Needless(refused);
        }
        endpoint = refused;
    }
}
