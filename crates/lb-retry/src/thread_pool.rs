use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, SendError, Sender, bounded};

use crate::LOG;
use crate::blocking::now;
use crate::error::Reason;
use crate::logged_state::LoggedState;

/// Threads that do jobs: as many as there are jobs at the same time. Who became idle last works first, so that a single
/// caller keeps one worker awake and the others retire.
pub(crate) struct ThreadPool {
    idle: Mutex<Idle>,
    retire_after: Duration,
    /// Whether the operating system refused the last thread that was asked for.
    refused: LoggedState,
}

/// How long a worker spins for its next job before it parks, if its last one came sooner than that. About twice what it
/// costs to park a thread and to wake it: a caller in a loop never has to wake its worker, and with less traffic none
/// spins. Source: A. Karlin et al., "Empirical Studies of Competitive Spinning", SOSP 1991.
const SPIN: Duration = Duration::from_micros(100);

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
            refused: LoggedState::default(),
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
        self.refused.set(spawned.is_err(), || match &spawned {
            Ok(_) => log::info!(target: LOG, "there are threads for attempts again"),
            Err(error) => log::warn!(target: LOG, error:% = error; "no thread for an attempt: {error}"),
        });
        spawned.map(drop).map_err(|_| Reason::NoThread)
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn work(pool: Arc<ThreadPool>, first: Message) {
    let (sender, messages) = bounded(1);
    let slot = Slot { pool, sender };
    let mut message = first;
    let mut jobs_come_often = false;
    while let Some(job) = message {
        job(&slot);
        let idle_since = now();
        message =
            spin_for_next(&messages, idle_since, jobs_come_often).unwrap_or_else(|| slot.next(&messages));
        jobs_come_often = now().duration_since(idle_since) < SPIN;
    }
}

/// Spins briefly while jobs arrive often.
fn spin_for_next(messages: &Receiver<Message>, since: Instant, jobs_come_often: bool) -> Option<Message> {
    while jobs_come_often && now().duration_since(since) < SPIN {
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
