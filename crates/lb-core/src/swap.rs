use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, Guard};

/// How long a writer waits in all, for whatever it swaps, for the readers in the middle of a pick. They leave within
/// nanoseconds, or, when their thread lost its core, when they get it back; who is still there after that holds its view
/// on purpose.
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
/// would then run every destructor in it. So a writer, whose reference this is, waits for the readers to leave. Outside
/// of [`as_writer`] nobody waits: a request's thread that swaps leaves the freeing to the last reader.
#[must_use = "dropping it frees the old value, which may run destructors of the user's"]
pub(crate) struct Retired<T>(Arc<T>);

impl<T> Drop for Retired<T> {
    fn drop(&mut self) {
        if WRITING.get() && Arc::strong_count(&self.0) > 1 {
            WAITED.set(wait_for_readers(&self.0, WAITED.get()));
        }
    }
}

thread_local! {
    /// Whether this thread writes: whether it waits for readers.
    static WRITING: Cell<bool> = const { Cell::new(false) };
    /// For how long this writer has waited: the layers that stand on one publisher share one wait.
    static WAITED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// Runs `write` as a writer, who waits for readers: at most 20 ms for all that is swapped inside, however deep.
pub(crate) fn as_writer<T>(write: impl FnOnce() -> T) -> T {
    if WRITING.get() {
        return write();
    }
    WRITING.set(true);
    WAITED.set(Duration::ZERO);
    let _end = EndOfWriter;
    write()
}

/// Ends the outermost writer, also when it panics.
struct EndOfWriter;

impl Drop for EndOfWriter {
    fn drop(&mut self) {
        WRITING.set(false);
    }
}

/// Waits until `value` has no other holder, and adds the time to `waited`, which ends at [`PATIENCE`].
#[expect(clippy::disallowed_methods, reason = "bounds a wait for other threads, which the OS schedules")]
fn wait_for_readers<T>(value: &Arc<T>, waited: Duration) -> Duration {
    for _ in 0..64 {
        if Arc::strong_count(value) == 1 {
            return waited;
        }
        std::hint::spin_loop();
    }
    let start = Instant::now();
    loop {
        let own = start.elapsed();
        if Arc::strong_count(value) == 1 || waited + own >= PATIENCE {
            return waited + own;
        }
        if own < YIELDING {
            std::thread::yield_now();
        } else {
            std::thread::park_timeout(Duration::from_micros(100));
        }
    }
}
