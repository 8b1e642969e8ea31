use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, SendError, Sender, bounded};

use lb_core::support::log_safely;

use crate::LOG;
use crate::blocking::now;
use crate::error::Reason;

/// Threads that do jobs: as many as there are jobs at the same time. Who became idle last works first, so that a single
/// caller keeps one worker awake and the others retire.
pub(crate) struct ThreadPool {
    idle: Mutex<Idle>,
    retire_after: Duration,
    /// Whether the operating system refused the last thread that was asked for.
    refused: AtomicBool,
}

/// About twice what it costs to park a thread and to wake it. A worker whose last job came sooner than that spins for
/// the next one as long before it parks (A. Karlin et al., "Empirical Studies of Competitive Spinning", SOSP 1991): a
/// caller in a loop then never has to wake it, and with less traffic no worker spins at all.
const BRISK: Duration = Duration::from_micros(100);

/// What a worker does next; the job must say when the worker is free again, and must not panic.
pub(crate) type Job = Box<dyn FnOnce(&Slot) + Send>;

/// A job; `None` is the end.
type Message = Option<Job>;

struct Idle {
    slots: Vec<Sender<Message>>,
    shut_down: bool,
}

impl ThreadPool {
    pub(crate) fn new(retire_after: Duration) -> Self {
        Self {
            idle: Mutex::new(Idle { slots: Vec::new(), shut_down: false }),
            retire_after,
            refused: AtomicBool::new(false),
        }
    }

    /// Gives `job` to an idle worker, or to a new one.
    ///
    /// # Errors
    ///
    /// [`Reason::NoThread`] when the operating system refuses a thread.
    pub(crate) fn execute(self: &Arc<Self>, job: Job) -> Result<(), Reason> {
        let idle = self.lock().slots.pop();
        match idle {
            None => self.spawn(Some(job)),
            // A worker leaves no slot behind; were there one, a new worker would do.
            Some(slot) => slot.send(Some(job)).or_else(|SendError(message)| self.spawn(message)),
        }
    }

    /// Ends the idle workers, and the busy ones when they become free.
    pub(crate) fn shut_down(&self) {
        let slots = {
            let mut idle = self.lock();
            idle.shut_down = true;
            std::mem::take(&mut idle.slots)
        };
        for slot in slots {
            let _ = slot.send(None);
        }
    }

    fn spawn(self: &Arc<Self>, first: Message) -> Result<(), Reason> {
        let pool = Arc::clone(self);
        let spawned = thread::Builder::new().name("lb-retry".into()).spawn(move || work(pool, first));
        // Relaxed: who logs is all that is decided by it.
        let refused_before = self.refused.swap(spawned.is_err(), Ordering::Relaxed);
        match spawned {
            Ok(_) if refused_before => {
                log_safely(|| log::info!(target: LOG, "there are threads for attempts again"));
            }
            Err(error) if !refused_before => {
                log_safely(|| log::warn!(target: LOG, error:% = error; "no thread for an attempt: {error}"));
                return Err(Reason::NoThread);
            }
            Err(_) => return Err(Reason::NoThread),
            Ok(_) => {}
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn work(pool: Arc<ThreadPool>, first: Message) {
    let (sender, messages) = bounded(1);
    let slot = Slot { pool, sender };
    let mut message = first;
    let mut brisk = false;
    while let Some(job) = message {
        job(&slot);
        let idle_since = now();
        message = match spin_for_next(&messages, idle_since, brisk) {
            Some(message) => message,
            None => slot.next(&messages),
        };
        brisk = now().duration_since(idle_since) < BRISK;
    }
}

/// Spins briefly while jobs arrive often.
fn spin_for_next(messages: &Receiver<Message>, since: Instant, brisk: bool) -> Option<Message> {
    while brisk && now().duration_since(since) < BRISK {
        if let Ok(message) = messages.try_recv() {
            return Some(message);
        }
        // Whoever is to send it may need this core.
        thread::yield_now();
    }
    None
}

/// One worker's place in its pool.
pub(crate) struct Slot {
    pool: Arc<ThreadPool>,
    sender: Sender<Message>,
}

impl Slot {
    /// From now on the worker may be given a job.
    pub(crate) fn free(&self) {
        let mut idle = self.pool.lock();
        if idle.shut_down {
            let _ = self.sender.try_send(None);
        } else {
            idle.slots.push(self.sender.clone());
        }
    }

    fn next(&self, messages: &Receiver<Message>) -> Message {
        match messages.recv_timeout(self.pool.retire_after) {
            Ok(message) => message,
            Err(_) if self.leave() => None,
            // Somebody has taken the slot meanwhile: a message is on its way.
            Err(_) => messages.recv().ok().flatten(),
        }
    }

    /// Takes the slot away. False: it is taken already.
    fn leave(&self) -> bool {
        let mut idle = self.pool.lock();
        let own = idle.slots.iter().position(|slot| slot.same_channel(&self.sender));
        own.map(|index| idle.slots.remove(index)).is_some()
    }
}
