//! A factory that fails or hangs as it is told, and whose endpoints are counted.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use lb_core::{BoxError, Context, Factory, Instance};
use lb_test::{Counted, CountingFactory};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Works,
    Fails,
    /// Hangs, whatever its context says, until the mood changes.
    Hangs,
}

/// The moods by address, shared by the factories of all publishers.
#[derive(Clone, Default)]
pub(super) struct Moods(Arc<(Mutex<BTreeMap<String, Mood>>, Condvar)>);

impl Moods {
    pub(super) fn set(&self, address: &str, mood: Mood) {
        self.lock().insert(address.to_owned(), mood);
        self.0.1.notify_all();
    }

    pub(super) fn heal(&self) {
        self.lock().clear();
        self.0.1.notify_all();
    }

    /// Whether the factory works for this address.
    pub(super) fn works(&self, address: &str) -> bool {
        !self.lock().contains_key(address) || self.lock()[address] == Mood::Works
    }

    /// Waits while the mood is to hang.
    fn next(&self, address: &str) -> Mood {
        let mut moods = self.lock();
        loop {
            match moods.get(address) {
                Some(Mood::Hangs) => moods = self.0.1.wait(moods).unwrap_or_else(PoisonError::into_inner),
                mood => return mood.copied().unwrap_or(Mood::Works),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Mood>> {
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
        match self.moods.next(instance.address()) {
            Mood::Works => self.counts.create(ctx, instance),
            _ => Err("told to fail".into()),
        }
    }
}
