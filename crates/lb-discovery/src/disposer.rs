use std::collections::VecDeque;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use lb_core::support::run_caught;

use crate::sync::{Condvar, Mutex, lock};

/// How many threads may hang in destructors at a time; what comes after that waits for one of them.
const MAX_THREADS: usize = 64;

/// Runs destructors of the user's on threads of their own, so that neither discovery nor whoever drops a publisher waits
/// for them. A thread is started for each value, and ends when nothing is left: idle, there is none.
#[derive(Default)]
pub(crate) struct Disposer {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Box<dyn FnOnce() + Send>>,
    threads: usize,
}

impl Disposer {
    /// Drops `value` on another thread.
    pub(crate) fn dispose(self: &Arc<Self>, value: impl Send + 'static) {
        self.run(move || drop(value));
    }

    /// Runs `work` on another thread.
    pub(crate) fn run(self: &Arc<Self>, work: impl FnOnce() + Send + 'static) {
        let mut state = lock(&self.state);
        state.queue.push_back(Box::new(work));
        if state.threads == MAX_THREADS {
            return;
        }
        state.threads += 1;
        drop(state);
        let itself = Arc::clone(self);
        let spawned = thread::Builder::new().name("lb-dispose".into()).spawn(move || itself.work_off());
        if spawned.is_err() {
            // No thread can be had.
            self.work_off();
        }
    }

    /// Waits until all is done, but no longer than that.
    pub(crate) fn wait(&self, patience: Duration) {
        let end = lb_core::Context::background().with_timeout(patience);
        let mut state = lock(&self.state);
        while state.threads > 0 {
            let left = end.remaining().unwrap_or(patience);
            if left.is_zero() {
                return;
            }
            let woken = self.changed.wait_timeout(state, left);
            (state, _) = woken.unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }

    fn work_off(&self) {
        while let Some(work) = self.next() {
            run_caught("a destructor", work);
        }
        self.changed.notify_all();
    }

    /// `None`: this thread is not needed any more.
    fn next(&self) -> Option<Box<dyn FnOnce() + Send>> {
        let mut state = lock(&self.state);
        let work = state.queue.pop_front();
        if work.is_none() {
            state.threads -= 1;
        }
        work
    }
}

impl std::fmt::Debug for Disposer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Disposer").finish_non_exhaustive()
    }
}
