use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use lb_core::support::run_caught;

use crate::DiscoveryError;
use crate::error::SharedError;
use crate::sync::{Condvar, Mutex, lock};

/// Where callers, blocking and async, wait for discovery.
#[derive(Debug)]
pub(crate) struct Gate {
    name: Arc<str>,
    state: Mutex<State>,
    changed: Condvar,
}

/// What the refreshes so far have brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Answers {
    /// None has ended.
    #[default]
    Awaited,
    /// Failures only.
    Failed,
    /// An answer, if not the latest time.
    Came,
}

#[derive(Debug, Default)]
struct State {
    answers: Answers,
    usable: bool,
    stopped: bool,
    error: Option<SharedError>,
    wakers: Vec<(u64, Waker)>,
    next_key: u64,
}

impl Gate {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self { name, state: Mutex::new(State::default()), changed: Condvar::new() }
    }

    /// A refresh has ended, or the set has expired, and every feed knows.
    pub(crate) fn tell(&self, usable: bool, error: Option<SharedError>) {
        self.change(|state| {
            if usable {
                state.answers = Answers::Came;
            } else if state.answers == Answers::Awaited {
                state.answers = Answers::Failed;
            }
            state.usable = usable;
            if error.is_some() {
                state.error = error;
            }
        });
    }

    /// Nothing more will come.
    pub(crate) fn stop(&self) {
        self.change(|state| state.stopped = true);
    }

    /// Waits for the end of the first refresh. An error says that there was no answer; it is what the source failed with,
    /// unless discovery was stopped.
    pub(crate) fn wait_asked(&self) -> Result<(), Option<SharedError>> {
        let mut state = lock(&self.state);
        while state.answers == Answers::Awaited && !state.stopped {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.answers == Answers::Came { Ok(()) } else { Err(state.error.clone()) }
    }

    /// Waits for a set that may be used.
    pub(crate) fn wait_usable(&self, timeout: Duration) -> Result<(), DiscoveryError> {
        let patience = lb_core::Context::background().with_timeout(timeout);
        let mut state = lock(&self.state);
        loop {
            if let Some(outcome) = self.outcome(&state) {
                return outcome;
            }
            let left = patience.remaining().unwrap_or(Duration::MAX);
            if left.is_zero() {
                let (name, source) = (Arc::clone(&self.name), state.error.clone());
                return Err(DiscoveryError::NotReady { name, waited: timeout, source });
            }
            let woken = self.changed.wait_timeout(state, left);
            (state, _) = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let wakers = {
            let mut state = lock(&self.state);
            change(&mut state);
            if state.usable || state.stopped { std::mem::take(&mut state.wakers) } else { Vec::new() }
        };
        self.changed.notify_all();
        for (_, waker) in wakers {
            // It must neither end discovery nor keep the others asleep.
            run_caught("a waker", || waker.wake());
        }
    }

    /// `None`: there is nothing to tell yet.
    fn outcome(&self, state: &State) -> Option<Result<(), DiscoveryError>> {
        if state.usable {
            return Some(Ok(()));
        }
        state.stopped.then(|| {
            Err(DiscoveryError::Stopped { name: Arc::clone(&self.name), source: state.error.clone() })
        })
    }
}

/// A future that is ready when its publisher has a set to use, or was stopped; see
/// [`DiscoveryPublisher::ready`](crate::DiscoveryPublisher::ready).
///
/// It needs no runtime: the discovery thread wakes it. Dropping it half-way loses nothing.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Ready {
    gate: Arc<Gate>,
    key: Option<u64>,
    /// Why it is not to be waited for.
    refused: Option<DiscoveryError>,
}

impl Ready {
    pub(crate) fn new(gate: Arc<Gate>) -> Self {
        Self { gate, key: None, refused: None }
    }

    pub(crate) fn refused(gate: Arc<Gate>, error: DiscoveryError) -> Self {
        Self { gate, key: None, refused: Some(error) }
    }
}

impl Future for Ready {
    type Output = Result<(), DiscoveryError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(error) = &self.refused {
            return Poll::Ready(Err(error.clone()));
        }
        let gate = Arc::clone(&self.gate);
        let mut state = lock(&gate.state);
        if let Some(outcome) = gate.outcome(&state) {
            return Poll::Ready(outcome);
        }
        let (key, replaced) = state.register(self.key, cx.waker().clone());
        self.key = Some(key);
        drop(state);
        drop(replaced);
        Poll::Pending
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        if self.key.is_none() {
            return;
        }
        let mut state = lock(&self.gate.state);
        let own = state.wakers.iter().position(|(of, _)| Some(*of) == self.key);
        let waker = own.map(|at| state.wakers.swap_remove(at));
        drop(state);
        drop(waker);
    }
}

impl State {
    /// Keeps one waker for each future: under its `key`, or under a new one. The waker it replaces is handed out, to be
    /// dropped without the lock: with the last waker of a task the task may be dropped.
    fn register(&mut self, key: Option<u64>, waker: Waker) -> (u64, Option<Waker>) {
        if let Some((of, known)) = self.wakers.iter_mut().find(|(of, _)| Some(*of) == key) {
            return (*of, Some(std::mem::replace(known, waker)));
        }
        let key = self.next_key;
        self.next_key += 1;
        self.wakers.push((key, waker));
        (key, None)
    }
}
