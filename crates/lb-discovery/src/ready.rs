use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use lb_core::support::{lock, run_caught};

use crate::DiscoveryError;
use crate::error::SharedError;
use crate::shared::{Report, Shared, State, Subscription};
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
        let replaced = state.keep_waker(self.id, &mut self.key, waker);
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
        let waker = state.subscription_mut(self.id).and_then(|one| {
            let index = one.wakers.iter().position(|(of, _)| *of == key)?;
            Some(one.wakers.swap_remove(index))
        });
        drop(state);
        drop(waker);
    }
}

impl Shared {
    /// Waits for the end of the first refresh. An error says that it brought no set to use; it is what the refresh failed
    /// with, unless discovery was stopped.
    pub(crate) fn wait_first(&self, id: u64) -> Result<(), Option<SharedError>> {
        let readiness = |state: &State| state.subscription(id).map(|one| one.readiness);
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
        if subscription.is_some_and(|one| one.readiness == Readiness::Ready) {
            return Some(Ok(()));
        }
        (self.stopped || self.ended || subscription.is_none())
            .then(|| Err(DiscoveryError::Stopped { name: Arc::clone(name), source: self.error_of(id) }))
    }

    fn error_of(&self, id: u64) -> Option<SharedError> {
        let failure = self.subscription(id).and_then(|one| one.failure.clone());
        failure.or_else(|| self.error.clone())
    }

    /// Keeps one waker for each future: under its `key`, or under a new one. Returns the waker that it replaces, to be
    /// dropped without the lock.
    fn keep_waker(&mut self, id: u64, key: &mut Option<u64>, waker: Waker) -> Option<Waker> {
        let new = self.new_id();
        let wakers = &mut self.subscription_mut(id)?.wakers;
        if let Some((_, known)) = wakers.iter_mut().find(|(of, _)| Some(*of) == *key) {
            return Some(std::mem::replace(known, waker));
        }
        wakers.push((*key.insert(new), waker));
        None
    }
}

/// Whether a set may be used, as those know who wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// No refresh has ended.
    Unknown,
    /// Refreshes have ended, and there never was a set to use.
    Failed,
    Ready,
    /// There was a set to use, and is none now.
    Lost,
}

impl Readiness {
    /// There is no set to use any more, if there was one.
    pub(crate) fn lost(&mut self) {
        if *self == Self::Ready {
            *self = Self::Lost;
        }
    }

    fn refused(&mut self) {
        self.lost();
        if *self == Self::Unknown {
            *self = Self::Failed;
        }
    }
}

impl Subscription {
    /// Decides from its report whether the set is ready. `lost`: no set may be used.
    pub(crate) fn judge(&mut self, lost: bool, name: &Arc<str>) {
        let Report { usable, idle, wanted, endpoints, failure, .. } = &self.report;
        if lost {
            self.failure = None;
            self.readiness.refused();
        } else if !usable {
            // The first endpoint is still being made.
        } else if *endpoints > 0 || *wanted == 0 {
            self.failure = None;
            self.readiness = Readiness::Ready;
        } else if *idle {
            let reason = failure.clone().unwrap_or_else(|| "the factory failed".into());
            let (name, instances) = (Arc::clone(name), *wanted);
            self.failure = Some(Arc::new(DiscoveryError::NoEndpoints { name, instances, reason }));
            self.readiness.refused();
        }
    }
}

/// Wakes them all: a waker that panics neither ends discovery nor keeps the others asleep.
pub(crate) fn wake(wakers: impl IntoIterator<Item = (u64, Waker)>) {
    for (_, waker) in wakers {
        run_caught("a waker", || waker.wake());
    }
}
