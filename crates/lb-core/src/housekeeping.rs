use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock, OnceLock, Weak};
use std::thread::{self, Thread};
use std::time::Duration;

use crate::clock::nanos_of;
use crate::support::{caught, drop_caught, lock, log_safely};
use crate::sync::{AtomicBool, Mutex};
use crate::{Clock, LOG};

/// What filters have to do because time has passed, or because an outcome says so: end an ejection, raise the weight of a
/// newcomer. It derives again ([`Derived::refresh`](crate::Derived::refresh)), so that no request's thread has to.
pub trait Chore: Send + Sync {
    /// Does what is due at `now`, in nanoseconds of the housekeeper's clock, and says after which time it is to run again;
    /// `None`: once it is woken.
    fn run(&self, now: u64) -> Option<Duration>;
}

/// Runs [chores](Chore) on one thread, which all filters of a process share, and which is started with the first chore.
///
/// A chore runs when it is added, after the time it asked for, and when it is [woken](ChoreWaker::wake). One that panics is
/// logged and runs again when it is woken. One that hangs holds the others up. An idle thread does not wake up.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
/// use std::time::Duration;
///
/// use lb_core::{Chore, Clock, Housekeeper};
///
/// struct Count(AtomicU32);
///
/// impl Chore for Count {
///     fn run(&self, _now: u64) -> Option<Duration> {
///         self.0.fetch_add(1, Relaxed);
///         Some(Duration::from_secs(1))
///     }
/// }
///
/// let clock = Clock::manual(); // as a test has it; a program takes `Housekeeper::of_process()`
/// let housekeeper = Housekeeper::scripted(clock.clone());
/// let count = Arc::new(Count(AtomicU32::new(0)));
/// let waker = housekeeper.add(Arc::<Count>::downgrade(&count));
/// housekeeper.run_due();
/// clock.advance(Duration::from_secs(1));
/// housekeeper.run_due();
/// housekeeper.run_due(); // nothing is due
/// waker.wake();
/// housekeeper.run_due();
/// assert_eq!(count.0.load(Relaxed), 3);
/// ```
#[derive(Clone)]
pub struct Housekeeper(Arc<Shared>);

struct Shared {
    clock: Clock,
    chores: Mutex<Vec<Entry>>,
    /// Whether it has a thread of its own, or is run by hand.
    threaded: bool,
    thread: OnceLock<Thread>,
}

struct Entry {
    chore: Weak<dyn Chore>,
    /// When it is to run, by the clock.
    due: Option<u64>,
    woken: Arc<AtomicBool>,
}

/// Has one chore run soon.
#[derive(Clone)]
pub struct ChoreWaker {
    woken: Arc<AtomicBool>,
    housekeeper: Weak<Shared>,
}

impl ChoreWaker {
    /// Has the chore run as soon as can be. For a request's thread: no lock; one atomic where it is woken already, else
    /// one system call.
    pub fn wake(&self) {
        // Release: what was written before is seen by the chore, which takes the word with Acquire. No look before the
        // swap: one that finds the word of somebody else orders nothing, and the chore could take that word and miss what
        // was written here.
        if self.woken.swap(true, Ordering::Release) {
            return;
        }
        if let Some(thread) = self.housekeeper.upgrade().as_ref().and_then(|shared| shared.thread.get()) {
            thread.unpark();
        }
    }
}

impl Housekeeper {
    /// The one of this process, by the system's clock. A process that forks has none in the child.
    pub fn of_process() -> Self {
        static OF_PROCESS: LazyLock<Housekeeper> = LazyLock::new(|| Housekeeper::new(Clock::system(), true));
        OF_PROCESS.clone()
    }

    /// One without a thread, for tests and simulations: [`run_due`](Self::run_due) runs what is due by `clock`.
    pub fn scripted(clock: Clock) -> Self {
        Self::new(clock, false)
    }

    fn new(clock: Clock, threaded: bool) -> Self {
        let (chores, thread) = (Mutex::new(Vec::new()), OnceLock::new());
        Self(Arc::new(Shared { clock, chores, threaded, thread }))
    }

    /// The clock by which chores are due.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Runs `chore` from now on, until it is dropped.
    pub fn add(&self, chore: Weak<dyn Chore>) -> ChoreWaker {
        let woken = Arc::new(AtomicBool::new(false));
        let waker = ChoreWaker { woken: Arc::clone(&woken), housekeeper: Arc::downgrade(&self.0) };
        lock(&self.0.chores).push(Entry { chore, due: None, woken });
        if self.0.threaded {
            self.start();
        }
        waker.wake();
        waker
    }

    /// Runs the chores that are due or woken, on this thread. Does nothing to that [of the process](Self::of_process), whose
    /// own thread runs them.
    pub fn run_due(&self) {
        if self.0.thread.get().is_none() {
            self.0.run_due();
        }
    }

    /// Starts the thread, if it does not run. Without one, chores do not run: a warning says so.
    fn start(&self) {
        // One at a time: two who add at once must not start two.
        let _chores = lock(&self.0.chores);
        if self.0.thread.get().is_some() {
            return;
        }
        let shared = Arc::clone(&self.0);
        match thread::Builder::new().name("lb-housekeeping".to_owned()).spawn(move || shared.run()) {
            Ok(thread) => {
                // Nobody else sets it: the lock is held.
                let _ = self.0.thread.set(thread.thread().clone());
            }
            Err(error) => log_safely(
                || log::warn!(target: LOG, error:%; "no thread for what filters do in time: {error}"),
            ),
        }
    }
}

impl Shared {
    /// The thread: for as long as the process lives.
    fn run(&self) {
        loop {
            let Some(due) = self.run_due() else {
                thread::park();
                continue;
            };
            thread::park_timeout(Duration::from_nanos(due.saturating_sub(self.clock.nanos())));
        }
    }

    /// Runs what is due, with no lock held; returns when to look again.
    fn run_due(&self) -> Option<u64> {
        for (chore, woken) in self.take_due(self.clock.nanos()) {
            let again =
                caught("a chore of a filter", || chore.run(self.clock.nanos())).unwrap_or_else(|error| {
                    log_safely(|| log::error!(target: LOG, error:%; "{error}"));
                    None
                });
            let due = again.map(|after| self.clock.nanos().saturating_add(nanos_of(after)));
            if let Some(entry) = lock(&self.chores).iter_mut().find(|entry| Arc::ptr_eq(&entry.woken, &woken))
            {
                entry.due = due;
            }
            // It may be the last that holds it.
            drop_caught("a chore of a filter", chore);
        }
        // A chore that waits for something may have used up the word to the thread that another was woken: so the thread
        // looks for itself before it sleeps. Who comes after this look finds the thread's word untouched.
        let next = |entry: &Entry| if entry.woken.load(Ordering::Relaxed) { Some(0) } else { entry.due };
        lock(&self.chores).iter().filter_map(next).min()
    }

    /// What is due or woken at `now`. Chores that are gone are forgotten.
    fn take_due(&self, now: u64) -> Vec<(Arc<dyn Chore>, Arc<AtomicBool>)> {
        let mut chores = lock(&self.chores);
        chores.retain(|entry| entry.chore.strong_count() > 0);
        let due = |entry: &mut Entry| {
            // Acquire: see `ChoreWaker::wake`.
            let woken = entry.woken.swap(false, Ordering::Acquire);
            if !woken && entry.due.is_none_or(|due| due > now) {
                return None;
            }
            entry.due = None;
            Some((entry.chore.upgrade()?, Arc::clone(&entry.woken)))
        };
        chores.iter_mut().filter_map(due).collect()
    }
}

impl fmt::Debug for Housekeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Housekeeper").field("clock", &self.0.clock).finish_non_exhaustive()
    }
}

impl fmt::Debug for ChoreWaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChoreWaker").finish_non_exhaustive()
    }
}
