mod closing;
mod following;

use std::fmt;
use std::mem::discriminant;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::{Duration, Instant};

use lb_core::{
    Context, EndpointCell, EndpointId, EndpointSet, EndpointWriter, Endpoints, Error, Factory, Maker,
    Observer, RetiredSet,
};

pub(crate) use closing::Closer;

use crate::DiscoveryError;
use crate::board::News;
use crate::disposer::Disposer;
use crate::error::SharedError;
use crate::gate::Gate;
use crate::making::{Making, Outcome};
use crate::notifier::Notifier;
use crate::sync::{Condvar, Mutex, lock};

/// For how long a published change waits for the destructors of what it removed, before it is said to be done.
const MOMENT: Duration = Duration::from_millis(5);

/// One set of endpoints that follows discovery. Its endpoints are made on threads of their own (`makers.rs`), and dropped
/// on others.
pub(crate) struct Feed<E> {
    pub(crate) name: Arc<str>,
    pub(crate) gate: Arc<Gate>,
    cell: EndpointCell<E>,
    /// `None` once closed.
    maker: Mutex<Option<Arc<Maker<E>>>>,
    usable: AtomicBool,
    /// Why the set may not be used; means nothing while it may.
    reason: RwLock<Error>,
    notifier: Arc<Notifier>,
    renewals: Mutex<Vec<EndpointId>>,
    pub(crate) state: Mutex<State<E>>,
    /// The state has changed.
    pub(crate) changed: Condvar,
    /// Held for the swap of a set: once this is true, none is published. No code of the user's runs under this lock.
    stopped: Mutex<bool>,
    /// The parent of all calls of the factory.
    pub(crate) ctx: Context,
    disposer: Arc<Disposer>,
}

pub(crate) struct State<E> {
    pub(crate) writer: EndpointWriter<E>,
    pub(crate) making: Making,
    pub(crate) outcome: Outcome,
    /// Whether a thread in the background looks after the calls under way.
    pub(crate) supervised: bool,
    /// The news that was applied last.
    news: News,
    /// Whether the latest answer has been published, as far as its endpoints are made.
    pub(crate) settled: bool,
    /// Whether an empty set waits for a first endpoint to be published with.
    withheld: bool,
}

impl<E: Send + Sync + 'static> Feed<E> {
    pub(crate) fn new(
        name: Arc<str>,
        ctx: Context,
        limit: Duration,
        factory: impl Factory<Endpoint = E> + 'static,
    ) -> Arc<Self> {
        let state = State {
            writer: EndpointWriter::new(),
            making: Making::new(limit),
            outcome: Outcome::default(),
            supervised: false,
            news: News::default(),
            settled: false,
            withheld: false,
        };
        Arc::new(Self {
            gate: Arc::new(Gate::new(Arc::clone(&name))),
            name,
            cell: EndpointCell::new(EndpointSet::new([])),
            maker: Mutex::new(Some(Arc::new(Maker::new(factory)))),
            usable: AtomicBool::new(false),
            reason: RwLock::new(Error::NotReady),
            notifier: Arc::default(),
            renewals: Mutex::new(Vec::new()),
            state: Mutex::new(state),
            changed: Condvar::new(),
            stopped: Mutex::new(false),
            ctx,
            disposer: Arc::default(),
        })
    }

    pub(crate) fn is_stopped(&self) -> bool {
        *lock(&self.stopped)
    }

    /// `None`: the feed is closed.
    pub(crate) fn maker(&self) -> Option<Arc<Maker<E>>> {
        lock(&self.maker).clone()
    }

    /// Publishes what has come, if it is time to, and lets the set be used or not.
    pub(crate) fn settle(&self, now: Instant) {
        let mut retired = None;
        let changed = {
            let mut state = lock(&self.state);
            if !self.is_stopped() && state.making.publish_at().is_some_and(|at| at <= now) {
                retired = self.publish(&mut state, now);
            }
            let swapped = retired.is_some() && self.usable.load(Ordering::Relaxed);
            self.set_use(&state) || swapped
        };
        let gone = retired.is_some();
        self.retire(retired);
        if changed {
            self.notifier.notify();
        }
        if gone {
            // The change is published; ordinary destructors have run when it is said to be.
            self.disposer.wait(MOMENT);
        }
    }

    fn publish(&self, state: &mut State<E>, now: Instant) -> Option<RetiredSet<E>> {
        let idle = state.making.is_idle();
        let set = match state.writer.take_set() {
            // What served so far goes on until a first endpoint stands.
            Some(set) if set.is_empty() && !idle => {
                state.withheld = true;
                state.making.withheld();
                return None;
            }
            None if state.withheld && idle => Some(EndpointSet::new([])),
            set => set,
        };
        state.making.published(now);
        state.settled |= set.is_some() || !state.withheld;
        let set = set?;
        (state.withheld, state.settled) = (false, true);
        state.outcome.endpoints = set.len();
        self.swap(set)
    }

    /// `None`: the feed was stopped.
    fn swap(&self, set: EndpointSet<E>) -> Option<RetiredSet<E>> {
        let stopped = lock(&self.stopped);
        if !*stopped {
            return Some(self.cell.replace(set));
        }
        drop(stopped);
        self.disposer.dispose(set);
        None
    }

    fn retire(&self, retired: Option<RetiredSet<E>>) {
        if let Some(retired) = retired {
            self.disposer.dispose(retired);
        }
    }

    /// Lets the set be used, or not; returns whether that is new.
    fn set_use(&self, state: &State<E>) -> bool {
        let ready = state.settled && (state.outcome.endpoints > 0 || state.making.is_idle());
        match &state.news.unusable {
            Some(reason) => {
                // First those who wait: who is let through finds a set.
                if self.usable.load(Ordering::Relaxed) {
                    self.gate.tell(false, state.news.error.clone());
                }
                let same = self.replace_reason(reason.clone());
                // AcqRel: readers that see it unusable see the reason, and those that see it usable the set.
                self.usable.swap(false, Ordering::AcqRel) || !same
            }
            // AcqRel: as above.
            None if ready => !self.usable.swap(true, Ordering::AcqRel),
            None => false,
        }
    }

    /// Returns whether the new reason is of the same kind: the words may change with every failure.
    fn replace_reason(&self, reason: Error) -> bool {
        let mut current = self.reason.write().unwrap_or_else(PoisonError::into_inner);
        let same = discriminant(&*current) == discriminant(&reason);
        *current = reason;
        same
    }

    /// Tells those who wait what there is now.
    pub(crate) fn tell_gate(&self) {
        let state = lock(&self.state);
        let (news, outcome, idle) = (&state.news, state.outcome.clone(), state.making.is_idle());
        let (unusable, error, refreshes) = (news.unusable.is_some(), news.error.clone(), news.refreshes);
        let ended = news.ended;
        drop(state);
        if refreshes == 0 {
            return;
        }
        if unusable || ended {
            self.gate.tell(false, error);
            if ended {
                self.gate.stop();
            }
            return;
        }
        if !self.usable.load(Ordering::Acquire) {
            // The first endpoint is still being made.
            return;
        }
        if outcome.endpoints > 0 || outcome.wanted == 0 {
            self.gate.tell(true, error);
        } else if idle {
            self.gate.tell(false, Some(self.all_failed(&outcome)));
        }
    }

    fn all_failed(&self, outcome: &Outcome) -> SharedError {
        let reason = outcome.failure.clone().unwrap_or_else(|| "the factory failed".into());
        Arc::new(DiscoveryError::NoEndpoints {
            name: Arc::clone(&self.name),
            instances: outcome.wanted,
            reason,
        })
    }
}

impl<E> Feed<E> {
    /// The current set: one atomic load more than the cell's own.
    #[inline]
    pub(crate) fn endpoints(&self) -> Result<Endpoints<E>, Error> {
        // Acquire: who sees that it may be used sees the set for which that was said.
        if self.usable.load(Ordering::Acquire) {
            return Ok(self.cell.load());
        }
        Err(self.reason.read().unwrap_or_else(PoisonError::into_inner).clone())
    }

    pub(crate) fn subscribe(&self, observer: Weak<dyn Observer>) {
        self.notifier.observers.subscribe(observer);
    }

    /// Marks an endpoint to be made anew. `false`: it is no member.
    pub(crate) fn renew(&self, id: EndpointId) -> bool {
        let known = self.cell.load().contains(id);
        let mut renewals = lock(&self.renewals);
        if known && !renewals.contains(&id) {
            renewals.push(id);
        }
        known
    }

    pub(crate) fn outcome(&self) -> Outcome {
        lock(&self.state).outcome.clone()
    }
}

impl<E> fmt::Debug for Feed<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("cell", &self.cell).field("usable", &self.usable).finish_non_exhaustive()
    }
}
