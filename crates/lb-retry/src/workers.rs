use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};
use lb_core::support::log_safely;

use crate::LOG;
use crate::error::Reason;
use crate::handover::Handover;
use crate::sync::{AtomicBool, AtomicUsize, Ordering};
use crate::thread_pool::ThreadPool;

/// How many abandoned attempts may hold a thread before new ones are refused.
pub(crate) const MAX_ABANDONED: usize = 256;

/// How long a worker waits for its next attempt.
const RETIRE_AFTER: Duration = Duration::from_secs(5);

/// Makes attempts on threads that are used again, and lets callers walk away from them.
///
/// There is no upper bound on threads but the number of callers and [`MAX_ABANDONED`]: attempts that make attempts
/// cannot deadlock.
pub(crate) struct Workers {
    pool: Arc<ThreadPool>,
    abandoned: Arc<AtomicUsize>,
    saturated: AtomicBool,
}

/// A caller's claim on the result of an attempt. An `Err` is the payload of a panic.
pub(crate) struct Ticket<T> {
    pub(crate) answer: Receiver<thread::Result<T>>,
    pub(crate) handover: Arc<Handover>,
}

impl Workers {
    pub(crate) fn new() -> Self {
        Self::retiring_after(RETIRE_AFTER)
    }

    fn retiring_after(retire_after: Duration) -> Self {
        Self {
            pool: Arc::new(ThreadPool::new(retire_after)),
            abandoned: Arc::new(AtomicUsize::new(0)),
            saturated: AtomicBool::new(false),
        }
    }

    /// Runs `work` on a worker. `released` is called where the attempt was abandoned and has returned.
    ///
    /// # Errors
    ///
    /// [`Reason::Saturated`], or [`Reason::NoThread`]; `work` is dropped then.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
        released: impl FnOnce() + Send + 'static,
    ) -> Result<Ticket<T>, Reason> {
        self.check_saturation()?;
        let (sender, answer) = bounded(1);
        let handover = Arc::new(Handover::new(Arc::clone(&self.abandoned)));
        let workers = Arc::clone(&handover);
        self.pool.execute(Box::new(move |slot| {
            let result = catch_unwind(AssertUnwindSafe(work));
            if workers.finish() {
                // Before the answer: the caller's next attempt is to find this worker, which is still awake.
                slot.free();
                let _ = sender.send(result);
            } else {
                discard(result);
                workers.release();
                released();
                slot.free();
            }
        }))?;
        Ok(Ticket { answer, handover })
    }
}

impl Workers {
    /// One warning when it begins, one line when it is over.
    fn check_saturation(&self) -> Result<(), Reason> {
        // Acquire: pairs with the release of the thread that was held, which is to be seen as free with it.
        let saturated = self.abandoned.load(Ordering::Acquire) >= MAX_ABANDONED;
        // Relaxed: who logs is all that is decided by it.
        if saturated != self.saturated.load(Ordering::Relaxed)
            && self.saturated.swap(saturated, Ordering::Relaxed) != saturated
        {
            log_safely(|| {
                if saturated {
                    log::warn!(
                        target: LOG,
                        "{MAX_ABANDONED} abandoned attempts hold a thread each: new attempts are refused"
                    );
                } else {
                    log::info!(target: LOG, "abandoned attempts have returned: attempts are made again");
                }
            });
        }
        if saturated { Err(Reason::Saturated) } else { Ok(()) }
    }
}

impl Drop for Workers {
    /// Ends the idle workers; the busy ones leave when their attempt ends. Waits for none.
    fn drop(&mut self) {
        self.pool.shut_down();
    }
}

/// Drops what an abandoned attempt came to; a destructor's panic (its message was printed) must not end the worker.
fn discard<T>(result: T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(result))) {
        std::mem::forget(payload);
    }
}

#[cfg(test)]
mod stress;
#[cfg(test)]
mod tests;
