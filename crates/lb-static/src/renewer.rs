use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use lb_core::support::run_caught;

/// Runs work on a thread that ends when there is no more of it. There is never more than one: a factory that hangs costs
/// one thread, however often renewals are asked for.
#[derive(Debug, Default)]
pub(crate) struct Renewer(Arc<Mutex<State>>);

#[derive(Debug, Default)]
enum State {
    #[default]
    Idle,
    Running,
    /// What runs now may have begun before the last renewal was noted.
    RunningThenAgain,
}

impl Renewer {
    /// Has `work` run from its beginning after this call. `false`: no thread can be had.
    pub(crate) fn run(&self, work: impl Fn() + Send + 'static) -> bool {
        let mut state = lock(&self.0);
        if !matches!(*state, State::Idle) {
            *state = State::RunningThenAgain;
            return true;
        }
        let shared = Arc::clone(&self.0);
        // The new thread waits for the lock that is held here, so the state is set before it looks.
        let spawned = thread::Builder::new().name("lb-renew".into()).spawn(move || until_idle(&shared, work));
        if spawned.is_ok() {
            *state = State::Running;
        }
        spawned.is_ok()
    }
}

fn until_idle(state: &Mutex<State>, work: impl Fn()) {
    loop {
        // Its panic must not leave the state at `Running`, or nothing would ever be renewed again.
        run_caught("a renewal", &work);
        let mut state = lock(state);
        if matches!(*state, State::Running) {
            *state = State::Idle;
            return;
        }
        *state = State::Running;
    }
}

/// Whether or not a thread has panicked while it held the lock: the state is whole at all times.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
