//! A factory that fails or hangs as it is told, and whose endpoints are counted.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use lb_core::{BoxError, Context, Factory, Instance};
use lb_test::{Counted, CountingFactory};

use crate::common::until;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Works,
    Fails,
    /// Hangs, whatever its context says, until the mood changes.
    Hangs,
}

/// The moods by address, shared by the factories of all publishers.
#[derive(Clone, Default)]
pub(super) struct Moods(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    moods: BTreeMap<String, Mood>,
    /// How many calls are under way.
    calls: usize,
}

impl Moods {
    pub(super) fn set(&self, address: &str, mood: Mood) {
        self.lock().moods.insert(address.to_owned(), mood);
        self.0.1.notify_all();
    }

    /// From now on the factory works for all addresses. Waits until no call is under way.
    pub(super) fn heal(&self) {
        self.lock().moods.clear();
        self.0.1.notify_all();
        until("what hung has returned", || self.lock().calls == 0);
    }

    /// Whether the factory works for this address.
    pub(super) fn works(&self, address: &str) -> bool {
        matches!(self.lock().moods.get(address), None | Some(Mood::Works))
    }

    /// Makes an endpoint when the mood is not to hang.
    fn make<T>(&self, address: &str, make: impl FnOnce() -> Result<T, BoxError>) -> Result<T, BoxError> {
        let mut state = self.lock();
        state.calls += 1;
        while state.moods.get(address) == Some(&Mood::Hangs) {
            state = self.0.1.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let fails = state.moods.get(address) == Some(&Mood::Fails);
        state.calls -= 1;
        if fails { Err("told to fail".into()) } else { make() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Clone)]
pub(super) struct Moody {
    pub(super) moods: Moods,
    pub(super) counts: CountingFactory,
}

impl Factory for Moody {
    type Endpoint = Counted;

    fn create(&self, ctx: &Context, instance: &Instance) -> Result<Counted, BoxError> {
        self.moods.make(instance.address(), || self.counts.create(ctx, instance))
    }
}
