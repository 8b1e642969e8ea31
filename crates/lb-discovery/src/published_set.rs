//! One set of endpoints that follows discovery.
//!
//! Readers see `usable` and the cell. Everything else is behind one lock, under which no code of the user's runs: an update
//! thread, there only while there is something to do, makes all changes (`update.rs`); factories are called by threads of
//! their own (`make.rs`); endpoints are dropped and observers are told by others (`background.rs`). The set is swapped under
//! the lock, and never once the state is `Stopped` or the context is cancelled.
//!
//! `usable` is stored with Release after the swap of the set for which it is true, and loaded with Acquire: a reader that
//! sees true sees that set or a later one. A reader that misses a change to false gets the set that was good a moment ago.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use lb_core::support::{drop_caught, lock};
use lb_core::{
    Context, EndpointCell, EndpointId, EndpointSet, EndpointWriter, Endpoints, Error, Factory, Instance,
    Maker, Observer, Observers,
};

use crate::background::Background;
use crate::calls::{Call, Calls};
use crate::shared::{Report, Shared, Snapshot, Subscriber};
use crate::sync::{Condvar, Mutex, MutexGuard, now, wait_while};

/// How many threads may hang in destructors at a time.
const MAX_DISPOSALS: usize = 64;

/// How long stopping waits for calls of the factory, which are told to end.
const WAIT_FOR_CALLS: Duration = Duration::from_millis(20);

/// How long closing waits for the destructors of the endpoints.
const WAIT_FOR_DISPOSALS: Duration = Duration::from_millis(30);

/// A set of endpoints, and what keeps it in step with discovery.
pub(crate) struct PublishedSet<E> {
    pub(crate) shared: Arc<Shared>,
    /// Of the subscription.
    pub(crate) id: u64,
    pub(crate) cell: EndpointCell<E>,
    pub(crate) usable: AtomicBool,
    pub(crate) observers: Arc<Observers>,
    pub(crate) notifications: Arc<Background>,
    pub(crate) disposals: Arc<Background>,
    /// The parent of all calls of the factory.
    pub(crate) ctx: Context,
    pub(crate) state: Mutex<State<E>>,
    pub(crate) changed: Condvar,
}

pub(crate) struct State<E> {
    /// `None` once closed.
    pub(crate) factory: Option<Arc<Maker<E>>>,
    pub(crate) writer: EndpointWriter<E>,
    pub(crate) calls: Calls,
    /// The latest one.
    pub(crate) snapshot: Snapshot,
    /// What is to have an endpoint, and the version that says so.
    pub(crate) wanted: (Arc<[Instance]>, u64),
    /// Whether the endpoints are to be compared with the snapshot.
    pub(crate) stale: bool,
    /// Pairs of instances: an endpoint made from the first serves the second.
    pub(crate) reusable: HashSet<(Instance, Instance)>,
    /// The version that is published, as far as its endpoints are made.
    pub(crate) published: u64,
    /// The version whose endpoints were waited for, whether or not there was one to publish.
    pub(crate) awaited: u64,
    pub(crate) usage: Usage,
    pub(crate) endpoints: usize,
    /// What the first factory that failed has failed with.
    pub(crate) failure: Option<Arc<str>>,
    /// Whether an empty set waits for a first endpoint to be published with.
    pub(crate) withheld: bool,
    pub(crate) activity: Activity,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activity {
    Idle,
    /// There is an update thread.
    Updating,
    Stopped,
}

/// Whether the set may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Usage {
    NotReady,
    Usable,
    Expired,
}

impl<E: Send + Sync + 'static> PublishedSet<E> {
    /// A set that follows `shared` from now on. One call of the factory may take as long as `limit`.
    pub(crate) fn new(
        shared: &Arc<Shared>,
        ctx: Context,
        limit: Duration,
        factory: impl Factory<Endpoint = E> + 'static,
    ) -> Arc<Self> {
        let set = Arc::new_cyclic(|weak: &Weak<Self>| Self {
            shared: Arc::clone(shared),
            id: shared.subscribe(Weak::<Self>::clone(weak)),
            cell: EndpointCell::new(EndpointSet::new([])),
            usable: AtomicBool::new(false),
            observers: Arc::default(),
            notifications: Background::new("lb-notify", 1),
            disposals: Background::new("lb-dispose", MAX_DISPOSALS),
            ctx,
            state: Mutex::new(State::new(factory, limit)),
            changed: Condvar::new(),
        });
        set.report();
        Arc::clone(&set).update(&shared.snapshot());
        set
    }

    /// Marks an endpoint to be made anew. `false`: it is no member.
    pub(crate) fn renew(self: &Arc<Self>, id: EndpointId) -> bool {
        let mut state = lock(&self.state);
        let known = state.writer.renew(id);
        if known {
            state.stale = true;
            // Where no thread can be had, the next update makes it anew.
            self.begin_update(state, false);
        }
        known
    }

    pub(crate) fn report(&self) {
        self.shared.report(self.id, || self.state());
    }

    /// Has the update thread do what there is to do; where no thread can be had, this one, if it may wait.
    fn begin_update(self: &Arc<Self>, mut state: MutexGuard<'_, State<E>>, may_wait: bool) {
        if !state.stale {
            state.wanted.1 = state.snapshot.version;
            if state.activity == Activity::Idle {
                state.published = state.snapshot.version;
            }
        }
        let has_work = state.stale || state.usage != state.next_usage();
        let begins = has_work && state.activity == Activity::Idle;
        if begins {
            state.activity = Activity::Updating;
        }
        drop(state);
        if !begins {
            self.changed.notify_all();
            return self.report();
        }
        let set = Arc::clone(self);
        let thread = thread::Builder::new().name("lb-update".into());
        match thread.spawn(move || set.run_updates()) {
            Ok(_) => {}
            Err(_) if may_wait => self.run_updates(),
            Err(_) => lock(&self.state).end_update(),
        }
    }

    /// Lets go of what was not published, once the calls under way have returned, for which it waits a moment.
    fn release(&self) {
        let (calls, writer) = {
            let state = &mut *lock(&self.state);
            (state.calls.clear(), std::mem::take(&mut state.writer))
        };
        calls.iter().for_each(Call::cancel);
        drop_caught("an endpoint", writer);
        let has_threads = |state: &State<E>| state.calls.has_threads();
        drop(wait_while(&self.changed, lock(&self.state), WAIT_FOR_CALLS, has_threads));
    }

    /// Lets go of what was published, and of the factory.
    fn clear(&self) {
        drop_caught("an endpoint", self.cell.replace(EndpointSet::new([])));
        let factory = lock(&self.state).factory.take();
        drop_caught("the factory", factory);
    }
}

impl<E: Send + Sync + 'static> Subscriber for PublishedSet<E> {
    fn update(self: Arc<Self>, snapshot: &Snapshot) {
        let mut state = lock(&self.state);
        if state.activity == Activity::Stopped || snapshot.version <= state.snapshot.version {
            return;
        }
        if let Some(instances) = snapshot.instances.as_ref().filter(|_| !snapshot.expired) {
            state.stale |= *instances != state.wanted.0 || state.writer.missing() > 0;
        }
        state.snapshot = snapshot.clone();
        self.begin_update(state, true);
    }

    fn stop(self: Arc<Self>) {
        let before = std::mem::replace(&mut lock(&self.state).activity, Activity::Stopped);
        self.changed.notify_all();
        if before != Activity::Stopped {
            let disposals = Arc::clone(&self.disposals);
            disposals.run(move || self.release());
        }
    }

    fn wait_stopped(&self, until: Instant) {
        self.disposals.wait(until.saturating_duration_since(now()));
    }

    fn close(self: Arc<Self>) {
        self.shared.unsubscribe(self.id);
        Arc::clone(&self).stop();
        let disposals = Arc::clone(&self.disposals);
        disposals.run(move || self.clear());
        disposals.wait(WAIT_FOR_DISPOSALS);
    }
}

impl<E> PublishedSet<E> {
    /// The current set: one atomic load more than the cell's own.
    #[inline]
    pub(crate) fn endpoints(&self) -> Result<Endpoints<E>, Error> {
        // Acquire: pairs with the Release in `publish`.
        if self.usable.load(Ordering::Acquire) {
            return Ok(self.cell.load());
        }
        Err(self.shared.unusable())
    }

    /// Whether nothing may be published any more.
    pub(crate) fn is_over(&self, state: &State<E>) -> bool {
        state.activity == Activity::Stopped || self.ctx.is_cancelled()
    }

    /// How far the set has come.
    pub(crate) fn state(&self) -> Report {
        lock(&self.state).report()
    }

    pub(crate) fn subscribe(&self, observer: Weak<dyn Observer>) {
        self.observers.subscribe(observer);
    }
}

impl<E> State<E> {
    fn new(factory: impl Factory<Endpoint = E> + 'static, limit: Duration) -> Self {
        Self {
            factory: Some(Arc::new(Maker::new(factory))),
            writer: EndpointWriter::new(),
            calls: Calls::new(limit),
            snapshot: Snapshot::default(),
            wanted: (Arc::new([]), 0),
            stale: false,
            reusable: HashSet::new(),
            published: 0,
            awaited: 0,
            usage: Usage::NotReady,
            endpoints: 0,
            failure: None,
            withheld: false,
            activity: Activity::Idle,
        }
    }

    /// Whether the set may be used, now that this much is published.
    pub(crate) fn next_usage(&self) -> Usage {
        if self.snapshot.expired {
            return Usage::Expired;
        }
        let follows = self.snapshot.instances.is_some() && self.published == self.snapshot.version;
        if follows && (self.endpoints > 0 || self.calls.is_idle()) { Usage::Usable } else { self.usage }
    }

    pub(crate) fn end_update(&mut self) {
        if self.activity == Activity::Updating {
            self.activity = Activity::Idle;
        }
    }

    fn report(&self) -> Report {
        Report {
            version: self.published.max(self.awaited),
            usable: self.usage == Usage::Usable,
            idle: self.calls.is_idle(),
            wanted: self.wanted.0.len(),
            endpoints: self.endpoints,
            failure: self.failure.clone(),
        }
    }
}

impl<E> fmt::Debug for PublishedSet<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut set = f.debug_struct("PublishedSet");
        set.field("cell", &self.cell).field("usable", &self.usable).finish_non_exhaustive()
    }
}
