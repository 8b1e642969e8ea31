use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Select, bounded};
use lb_core::{Context, EndpointId, Instance};

use crate::LOG;
use crate::error::Reason;
use crate::hand_off::HandOff;
use crate::held_threads::HeldThreads;
use crate::logged_state::LoggedState;
use crate::session::End;
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
    held_threads: Arc<HeldThreads>,
    saturated: LoggedState,
}

/// A caller's claim on the result of an attempt. An `Err` is the payload of a panic.
pub(crate) struct Ticket<T> {
    answer: Receiver<thread::Result<T>>,
    hand_off: Arc<HandOff>,
}

impl Workers {
    pub(crate) fn new() -> Self {
        Self::retiring_after(RETIRE_AFTER)
    }

    fn retiring_after(retire_after: Duration) -> Self {
        Self {
            pool: Arc::new(ThreadPool::new(retire_after)),
            held_threads: Arc::default(),
            saturated: LoggedState::default(),
        }
    }

    pub(crate) fn held_threads(&self) -> &HeldThreads {
        &self.held_threads
    }

    /// Runs `work`, an attempt at `endpoint`, on a worker.
    ///
    /// # Errors
    ///
    /// [`Reason::Saturated`], or [`Reason::NoThread`]; `work` is dropped then.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        endpoint: EndpointId,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Ticket<T>, Reason> {
        if self.is_saturated() {
            return Err(Reason::Saturated);
        }
        let (sender, answer) = bounded(1);
        let hand_off = Arc::new(HandOff::new(endpoint, Arc::clone(&self.held_threads)));
        let workers = Arc::clone(&hand_off);
        self.pool.execute(Box::new(move |slot| {
            let result = catch_unwind(AssertUnwindSafe(work));
            if workers.finish() {
                // Before the answer: the caller's next attempt is to find this worker, which is still awake.
                slot.free();
                let _ = sender.send(result);
            } else {
                discard(result);
                workers.release();
                slot.free();
            }
        }))?;
        Ok(Ticket { answer, hand_off })
    }

    fn is_saturated(&self) -> bool {
        let saturated = self.held_threads.total() >= MAX_ABANDONED;
        self.saturated.set(saturated, || {
            if saturated {
                log::warn!(
                    target: LOG,
                    "{MAX_ABANDONED} abandoned attempts hold a thread each: new attempts are refused"
                );
            } else {
                log::info!(target: LOG, "abandoned attempts have returned: attempts are made again");
            }
        });
        saturated
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

impl<T> Ticket<T> {
    /// Waits for the result, the deadline or the caller's cancellation; resumes the endpoint's panic.
    pub(crate) fn wait(&self, ctx: &Context, deadline: Option<Instant>, instance: &Instance) -> End<T> {
        let mut select = Select::new();
        let answered = select.recv(&self.answer);
        select.recv(ctx.cancelled());
        let ready = match deadline {
            Some(deadline) => select.ready_deadline(deadline),
            None => Ok(select.ready()),
        };
        let given_up = match ready {
            Ok(index) if index == answered => return self.result(),
            Ok(_) => End::Cancelled,
            Err(_) => End::TimedOut,
        };
        if self.hand_off.abandon(instance.address()) { given_up } else { self.result() }
    }

    /// The result, which is there or about to be.
    fn result(&self) -> End<T> {
        match self.answer.recv() {
            Ok(Ok(result)) => End::Returned(result),
            Ok(Err(panic)) => resume_unwind(panic),
            // Workers hand over every result that is not abandoned; were one lost, waiting would not bring it back.
            Err(_) => End::TimedOut,
        }
    }
}

#[cfg(test)]
mod stress;
#[cfg(test)]
mod tests;
