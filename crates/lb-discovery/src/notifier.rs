use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::Duration;

use lb_core::Observers;
use lb_core::support::run_caught;

use crate::sync::{Condvar, Mutex, lock};

/// How long a change waits for the observers: what they derive stands by then, unless one of them hangs.
const PATIENCE: Duration = Duration::from_millis(20);

/// Tells observers on a thread of their own, which is there only meanwhile: one that hangs keeps the others of this set
/// uninformed, but holds up neither discovery nor the set.
#[derive(Default)]
pub(crate) struct Notifier {
    pub(crate) observers: Observers,
    state: Mutex<State>,
    done: Condvar,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Idle,
    Running,
    /// Something has changed since they began to be told.
    Again,
}

impl Notifier {
    /// Tells them, and waits for that for a moment.
    pub(crate) fn notify(self: &Arc<Self>) {
        let mut state = lock(&self.state);
        let idle = *state == State::Idle;
        *state = if idle { State::Running } else { State::Again };
        drop(state);
        if idle {
            let itself = Arc::clone(self);
            let spawned = thread::Builder::new().name("lb-notify".into()).spawn(move || itself.tell());
            if spawned.is_err() {
                // No thread can be had.
                self.tell();
            }
        }
        self.wait();
    }

    fn tell(&self) {
        loop {
            run_caught("an observer", || self.observers.notify());
            let mut state = lock(&self.state);
            if *state == State::Running {
                *state = State::Idle;
                drop(state);
                return self.done.notify_all();
            }
            *state = State::Running;
        }
    }

    fn wait(&self) {
        let end = lb_core::Context::background().with_timeout(PATIENCE);
        let mut state = lock(&self.state);
        while *state != State::Idle {
            let left = end.remaining().unwrap_or(PATIENCE);
            if left.is_zero() {
                return;
            }
            state = self.done.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
