use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, Guard};

/// How long a writer waits for the readers in the middle of a pick. They leave within nanoseconds, or, when their thread
/// lost its core, when they get it back; who is still there after that holds its view on purpose.
const PATIENCE: Duration = Duration::from_millis(20);

/// How long it yields its core to them before it sleeps between two looks.
const YIELDING: Duration = Duration::from_millis(1);

/// One value that readers load and writers swap, and that the writer frees.
pub(crate) struct Swap<T>(ArcSwap<T>);

impl<T> Swap<T> {
    pub(crate) fn new(value: Arc<T>) -> Self {
        Self(ArcSwap::new(value))
    }

    #[inline]
    pub(crate) fn load(&self) -> Guard<Arc<T>> {
        self.0.load()
    }

    pub(crate) fn swap(&self, value: Arc<T>) -> Retired<T> {
        Retired(self.0.swap(value))
    }
}

/// A value that was swapped out.
///
/// With arc-swap whoever drops the last reference frees the value, and that can be a reader in the middle of a pick, who
/// would then run every destructor in it. So the writer, whose reference this is, waits for the readers to leave.
#[must_use = "dropping it frees the old value, which may run destructors of the user's"]
pub(crate) struct Retired<T>(Arc<T>);

impl<T> Drop for Retired<T> {
    fn drop(&mut self) {
        let mut rounds = 0_u32;
        let mut since = None;
        while Arc::strong_count(&self.0) > 1 {
            rounds += 1;
            if rounds < 64 {
                std::hint::spin_loop();
                continue;
            }
            #[expect(
                clippy::disallowed_methods,
                reason = "bounds a wait for other threads, which the OS schedules"
            )]
            let now = Instant::now();
            match now.duration_since(*since.get_or_insert(now)) {
                waited if waited < YIELDING => std::thread::yield_now(),
                waited if waited < PATIENCE => std::thread::park_timeout(Duration::from_micros(100)),
                _ => return,
            }
        }
    }
}
