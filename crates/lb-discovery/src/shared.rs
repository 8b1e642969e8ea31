//! What one discovery knows: its thread writes it, publishers and those who wait for them read it.
//!
//! There is one lock and one condition variable. No code of the user's runs under the lock: errors, wakers and subscribers
//! are taken out before they are dropped or called. A published set's own lock may be taken under this one, never the
//! other way round. A snapshot's version counts its changes, so that no set goes back to an older one.

use std::sync::{Arc, Weak};
use std::task::Waker;
use std::time::{Duration, Instant};

use lb_core::support::lock;
use lb_core::{Error, Instance};

use crate::error::{FactoryFailed, SharedError};
use crate::ready::{Readiness, wake};
use crate::status::Status;
use crate::sync::{Condvar, Mutex, wait_while};

/// How long a change waits for the sets, which themselves wait no longer than a moment for what is slow.
const PATIENCE: Duration = Duration::from_millis(500);

/// The state that a discovery thread shares with its publishers.
pub(crate) struct Shared {
    pub(crate) name: Arc<str>,
    pub(crate) state: Mutex<State>,
    pub(crate) changed: Condvar,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) snapshot: Snapshot,
    /// Why sets may not be used; means nothing for those that may. `None`: there has been no answer yet.
    unusable: Option<Error>,
    /// What the latest refresh that failed has failed with.
    pub(crate) error: Option<SharedError>,
    status: Status,
    /// The version that the status tells of. `None`: no refresh has ended.
    concluded: Option<u64>,
    /// Whether the discovery thread has ended by itself.
    pub(crate) ended: bool,
    pub(crate) stopped: bool,
    pub(crate) subscriptions: Vec<Subscription>,
    next_id: u64,
}

/// What sets of endpoints are made from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    pub(crate) version: u64,
    /// In order, each once. `None`: there has been no answer yet.
    pub(crate) instances: Option<Arc<[Instance]>>,
    /// Whether discovery has been failing for too long.
    pub(crate) expired: bool,
}

/// A set of endpoints that follows the snapshot.
pub(crate) trait Subscriber: Send + Sync {
    /// Begins to follow that snapshot, and reports when it does. Waits for nothing.
    fn update(self: Arc<Self>, snapshot: &Snapshot);
    /// Publishes nothing any more, and lets go of what was not published, on another thread.
    fn stop(self: Arc<Self>);
    /// Waits for that, but no longer than until that moment.
    fn wait_stopped(&self, until: Instant);
    /// Stops, lets go of everything, and waits a moment for the destructors.
    fn close(self: Arc<Self>);
}

pub(crate) struct Subscription {
    id: u64,
    subscriber: Weak<dyn Subscriber>,
    pub(crate) report: Report,
    pub(crate) readiness: Readiness,
    /// Why there is no endpoint, where every factory failed.
    pub(crate) failure: Option<SharedError>,
    /// Of those who wait for the set, each under a key of its own.
    pub(crate) wakers: Vec<(u64, Waker)>,
}

/// How far a set has come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    /// The version it follows, as far as its endpoints are made or were waited for.
    pub(crate) version: u64,
    pub(crate) usable: bool,
    /// Whether no call of the factory is under way or to come.
    pub(crate) idle: bool,
    /// How many instances are to have an endpoint.
    pub(crate) wanted: usize,
    /// How many endpoints are published.
    pub(crate) endpoints: usize,
    /// What the first factory that failed has failed with.
    pub(crate) failure: Option<Arc<str>>,
}

impl Shared {
    pub(crate) fn new(name: Arc<str>) -> Arc<Self> {
        Arc::new(Self { name, state: Mutex::default(), changed: Condvar::new() })
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        lock(&self.state).snapshot.clone()
    }

    pub(crate) fn unusable(&self) -> Error {
        lock(&self.state).unusable.clone().unwrap_or(Error::NotReady)
    }

    /// The status as the publisher sees it whose set reports that.
    pub(crate) fn status(&self, report: Report) -> Status {
        let state = lock(&self.state);
        let failure = report.failure.filter(|_| !state.status.failing);
        let failure = failure.map(|failure| -> SharedError { Arc::new(FactoryFailed(failure)) });
        let last_error = failure.or_else(|| state.error.clone());
        Status { endpoints: report.endpoints, last_error, ..state.status.clone() }
    }

    pub(crate) fn subscribe(&self, subscriber: Weak<dyn Subscriber>) -> u64 {
        let state = &mut *lock(&self.state);
        let id = state.new_id();
        state.subscriptions.push(Subscription {
            id,
            subscriber,
            report: Report::default(),
            readiness: Readiness::Unknown,
            failure: None,
            wakers: Vec::new(),
        });
        id
    }

    /// Forgets a subscription. Those who wait for its set are told that it was stopped.
    pub(crate) fn unsubscribe(&self, id: u64) {
        let gone = {
            let subscriptions = &mut lock(&self.state).subscriptions;
            let index = subscriptions.iter().position(|one| one.id == id);
            index.map(|index| subscriptions.swap_remove(index))
        };
        self.changed.notify_all();
        wake(gone.into_iter().flat_map(|gone| gone.wakers));
    }

    /// Writes the next version of the snapshot, and waits a moment for all sets to follow it.
    pub(crate) fn publish(&self, change: impl FnOnce(&mut Snapshot)) {
        let (snapshot, subscribers) = {
            let state = &mut *lock(&self.state);
            change(&mut state.snapshot);
            state.snapshot.version += 1;
            (state.snapshot.clone(), state.subscribers())
        };
        for subscriber in subscribers {
            subscriber.update(&snapshot);
        }
        let behind = |state: &State| {
            let is_behind = |one: &Subscription| {
                one.report.version < snapshot.version && one.subscriber.strong_count() > 0
            };
            !state.stopped && state.subscriptions.iter().any(is_behind)
        };
        drop(wait_while(&self.changed, lock(&self.state), PATIENCE, behind));
    }

    /// Takes all sets out of use, for that reason.
    pub(crate) fn expire(&self, reason: Error) {
        let (_before, again) = {
            let state = &mut *lock(&self.state);
            // Before the sets go out of use: whoever is let through finds a set.
            state.subscriptions.iter_mut().for_each(|one| one.readiness.lost());
            (state.unusable.replace(reason), state.snapshot.expired)
        };
        if !again {
            self.publish(|snapshot| snapshot.expired = true);
        }
    }

    /// Changes the status alone.
    pub(crate) fn note(&self, change: impl FnOnce(&mut Status)) {
        change(&mut lock(&self.state).status);
    }

    /// A refresh has ended, and what it brought is published: tells those who wait.
    pub(crate) fn conclude(&self, error: Option<SharedError>, change: impl FnOnce(&mut Status)) {
        let _before = self.change(|state| {
            change(&mut state.status);
            state.concluded = Some(state.snapshot.version);
            let before = error.and_then(|error| state.error.replace(error));
            state.judge(&self.name);
            before
        });
    }

    /// Takes a set's report. `make` reads it under the lock, so that a later report tells of a later state.
    pub(crate) fn report(&self, id: u64, make: impl FnOnce() -> Report) {
        self.change(|state| {
            if let Some(one) = state.subscription_mut(id) {
                one.report = make();
            }
            // Otherwise a refresh is being published: `conclude` follows.
            if state.concluded == Some(state.snapshot.version) {
                state.judge(&self.name);
            }
        });
    }

    /// The discovery thread has ended by itself.
    pub(crate) fn end(&self, error: SharedError) {
        let _before = self.change(|state| {
            state.ended = true;
            state.status.failures += 1;
            state.status.failing = true;
            state.status.next_refresh = None;
            state.judge(&self.name);
            state.error.replace(error)
        });
    }

    /// Nothing more will come. Returns whether that was so already.
    pub(crate) fn stop(&self) -> bool {
        let (before, subscribers) = self.change(|state| {
            state.status.next_refresh = None;
            (std::mem::replace(&mut state.stopped, true), state.subscribers())
        });
        for subscriber in subscribers {
            subscriber.stop();
        }
        before
    }

    /// Waits until all sets have let go of what they did not publish, but no longer than until that moment.
    pub(crate) fn wait_stopped(&self, until: Instant) {
        let subscribers = lock(&self.state).subscribers();
        for subscriber in subscribers {
            subscriber.wait_stopped(until);
        }
    }

    /// Changes the state, and wakes those who need wait no longer.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let (result, wakers) = {
            let state = &mut *lock(&self.state);
            (change(state), state.take_wakers())
        };
        self.changed.notify_all();
        wake(wakers);
        result
    }
}

impl State {
    pub(crate) fn subscription(&self, id: u64) -> Option<&Subscription> {
        self.subscriptions.iter().find(|one| one.id == id)
    }

    pub(crate) fn subscription_mut(&mut self, id: u64) -> Option<&mut Subscription> {
        self.subscriptions.iter_mut().find(|one| one.id == id)
    }

    pub(crate) fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn subscribers(&self) -> Vec<Arc<dyn Subscriber>> {
        self.subscriptions.iter().filter_map(|one| one.subscriber.upgrade()).collect()
    }

    fn judge(&mut self, name: &Arc<str>) {
        let lost = self.snapshot.instances.is_none() || self.snapshot.expired || self.ended;
        self.subscriptions.iter_mut().for_each(|one| one.judge(lost, name));
    }

    fn take_wakers(&mut self) -> Vec<(u64, Waker)> {
        let over = self.stopped || self.ended;
        let decided = self.subscriptions.iter_mut().filter(|one| over || one.readiness == Readiness::Ready);
        decided.flat_map(|one| std::mem::take(&mut one.wakers)).collect()
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("name", &self.name).finish_non_exhaustive()
    }
}
