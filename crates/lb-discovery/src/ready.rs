use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use lb_core::support::{lock, run_caught};

use crate::DiscoveryError;
use crate::error::SharedError;
use crate::shared::{Report, Shared, State};
use crate::sync::wait_while;

/// A future that is ready when its publisher has a set to use, or was stopped; see
/// [`DiscoveryPublisher::ready`](crate::DiscoveryPublisher::ready).
///
/// It needs no runtime: the discovery thread wakes it. Dropping it half-way loses nothing.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Ready {
    shared: Arc<Shared>,
    /// Of the set's subscription.
    id: u64,
    /// Of the waker that is kept for this future.
    key: Option<u64>,
    /// Why it is not to be waited for.
    refused: Option<DiscoveryError>,
}

impl Ready {
    pub(crate) fn new(shared: Arc<Shared>, id: u64, refused: Option<DiscoveryError>) -> Self {
        Self { shared, id, key: None, refused }
    }
}

impl Future for Ready {
    type Output = Result<(), DiscoveryError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(error) = &self.refused {
            return Poll::Ready(Err(error.clone()));
        }
        let waker = cx.waker().clone();
        let shared = Arc::clone(&self.shared);
        let mut state = lock(&shared.state);
        if let Some(outcome) = state.outcome(self.id, &shared.name) {
            drop(state);
            return Poll::Ready(outcome);
        }
        let replaced = state.waiters(self.id).and_then(|waiters| waiters.keep(&mut self.key, waker));
        drop(state);
        // With the last waker of a task the task may be dropped.
        drop(replaced);
        Poll::Pending
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        let Some(key) = self.key else { return };
        let mut state = lock(&self.shared.state);
        let waker = state.waiters(self.id).and_then(|waiters| waiters.forget(key));
        drop(state);
        drop(waker);
    }
}

impl Shared {
    /// Waits for the end of the first refresh. An error says that it brought no set to use; it is what the refresh failed
    /// with, unless discovery was stopped.
    pub(crate) fn wait_first(&self, id: u64) -> Result<(), Option<SharedError>> {
        let readiness = |state: &State| state.subscription(id).map(|one| one.waiters.readiness);
        let state = wait_while(&self.changed, lock(&self.state), Duration::MAX, |state| {
            !state.stopped && readiness(state) == Some(Readiness::Unknown)
        });
        match readiness(&state) {
            Some(Readiness::Ready | Readiness::Lost) => Ok(()),
            _ => Err(state.error_of(id)),
        }
    }

    /// Waits for a set to use.
    pub(crate) fn wait_ready(&self, id: u64, timeout: Duration) -> Result<(), DiscoveryError> {
        let undecided = |state: &State| state.outcome(id, &self.name).is_none();
        let state = wait_while(&self.changed, lock(&self.state), timeout, undecided);
        state.outcome(id, &self.name).unwrap_or_else(|| {
            let (name, source) = (Arc::clone(&self.name), state.error_of(id));
            Err(DiscoveryError::NotReady { name, waited: timeout, source })
        })
    }

    /// Waits until a set follows the snapshot and has a first endpoint, or none to come.
    pub(crate) fn wait_settled(&self, id: u64, patience: Duration) {
        let state = lock(&self.state);
        let stopped = state.stopped;
        drop(wait_while(&self.changed, state, patience, |state| {
            let version = state.snapshot.version;
            let settled =
                |report: &Report| report.version == version && (report.endpoints > 0 || report.idle);
            state.stopped == stopped && state.subscription(id).is_some_and(|one| !settled(&one.report))
        }));
    }
}

impl State {
    /// `None`: it is to be waited for.
    fn outcome(&self, id: u64, name: &Arc<str>) -> Option<Result<(), DiscoveryError>> {
        let subscription = self.subscription(id);
        if subscription.is_some_and(|one| one.waiters.is_ready()) {
            return Some(Ok(()));
        }
        (self.stopped || self.ended || subscription.is_none())
            .then(|| Err(DiscoveryError::Stopped { name: Arc::clone(name), source: self.error_of(id) }))
    }

    fn error_of(&self, id: u64) -> Option<SharedError> {
        let failure = self.subscription(id).and_then(|one| one.waiters.failure.clone());
        failure.or_else(|| self.error.clone())
    }
}

/// Those who wait for one set to be usable, and what they are told.
#[derive(Default)]
pub(crate) struct Waiters {
    readiness: Readiness,
    /// Why there is no endpoint, where every factory failed.
    failure: Option<SharedError>,
    wakers: Vec<(u64, Waker)>,
    next_key: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Readiness {
    /// No refresh has ended.
    #[default]
    Unknown,
    /// Refreshes have ended, and there never was a set to use.
    Failed,
    Ready,
    /// There was a set to use, and is none now.
    Lost,
}

impl Waiters {
    pub(crate) fn is_ready(&self) -> bool {
        self.readiness == Readiness::Ready
    }

    /// Decides from a set's report whether it is ready. `lost`: no set may be used.
    pub(crate) fn judge(&mut self, lost: bool, report: &Report, name: &Arc<str>) {
        if lost {
            self.told(false);
        } else if !report.usable {
            // The first endpoint is still being made.
        } else if report.endpoints > 0 || report.wanted == 0 {
            self.told(true);
        } else if report.idle {
            self.told(false);
            let reason = report.failure.clone().unwrap_or_else(|| "the factory failed".into());
            let (name, instances) = (Arc::clone(name), report.wanted);
            self.failure = Some(Arc::new(DiscoveryError::NoEndpoints { name, instances, reason }));
        }
    }

    /// There is no set to use any more, if there was one.
    pub(crate) fn lost(&mut self) {
        if self.is_ready() {
            self.readiness = Readiness::Lost;
        }
    }

    fn told(&mut self, ready: bool) {
        self.failure = None;
        self.readiness = match self.readiness {
            _ if ready => Readiness::Ready,
            Readiness::Ready | Readiness::Lost => Readiness::Lost,
            Readiness::Unknown | Readiness::Failed => Readiness::Failed,
        };
    }

    /// Keeps one waker for each future: under its `key`, or under a new one. Returns the waker that it replaces, to be
    /// dropped without the lock.
    fn keep(&mut self, key: &mut Option<u64>, waker: Waker) -> Option<Waker> {
        if let Some((_, known)) = self.wakers.iter_mut().find(|(of, _)| Some(*of) == *key) {
            return Some(std::mem::replace(known, waker));
        }
        self.wakers.push((self.next_key, waker));
        *key = Some(self.next_key);
        self.next_key += 1;
        None
    }

    fn forget(&mut self, key: u64) -> Option<Waker> {
        let index = self.wakers.iter().position(|(of, _)| *of == key)?;
        Some(self.wakers.swap_remove(index).1)
    }

    pub(crate) fn take_wakers(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.wakers).into_iter().map(|(_, waker)| waker).collect()
    }
}

/// Wakes them all: a waker that panics neither ends discovery nor keeps the others asleep.
pub(crate) fn wake(wakers: impl IntoIterator<Item = Waker>) {
    for waker in wakers {
        run_caught("a waker", || waker.wake());
    }
}
