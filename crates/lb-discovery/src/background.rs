use std::collections::VecDeque;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use lb_core::support::{lock, run_caught};

use crate::sync::{Condvar, Mutex, wait_while};

/// Runs code of the user's (destructors, observers) on threads of its own, so that nobody waits for it without a limit.
/// A thread ends when no work is left: idle, there is none.
pub(crate) struct Background {
    thread_name: &'static str,
    max_threads: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Box<dyn FnOnce() + Send>>,
    threads: usize,
}

impl Background {
    /// With at most so many threads; work that comes while all of them hang waits for one.
    pub(crate) fn new(thread_name: &'static str, max_threads: usize) -> Arc<Self> {
        Arc::new(Self { thread_name, max_threads, state: Mutex::default(), changed: Condvar::new() })
    }

    /// Runs `work` on another thread, or on this one where no thread can be had.
    pub(crate) fn run(self: &Arc<Self>, work: impl FnOnce() + Send + 'static) {
        let mut state = lock(&self.state);
        state.queue.push_back(Box::new(work));
        if state.threads == self.max_threads {
            return;
        }
        state.threads += 1;
        drop(state);
        let itself = Arc::clone(self);
        let thread = thread::Builder::new().name(self.thread_name.into());
        if thread.spawn(move || itself.run_queue()).is_err() {
            self.run_queue();
        }
    }

    /// Runs `work` unless other work has yet to begin, which is taken for the same.
    pub(crate) fn run_once(self: &Arc<Self>, work: impl FnOnce() + Send + 'static) {
        if lock(&self.state).queue.is_empty() {
            self.run(work);
        }
    }

    /// Waits until all work is done, but no longer than that.
    pub(crate) fn wait(&self, patience: Duration) {
        drop(wait_while(&self.changed, lock(&self.state), patience, |state| state.threads > 0));
    }

    fn run_queue(&self) {
        while let Some(work) = self.next() {
            run_caught(self.thread_name, work);
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
