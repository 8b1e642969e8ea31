use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Weak};

use arc_swap::Guard;

use crate::support::{caught, drop_caught, lock, log_safely};
use crate::swap::{Retired, Swap, as_writer};
use crate::sync::Mutex;
use crate::{EndpointSet, Error, LOG, Observer, Observers, Publisher};

/// What a filter or a strategy derives from a set (a smaller set, a weight table, a hash ring), kept current.
///
/// A publisher that notifies has it rebuilt on the writer's thread, after each swap: no request waits for it, and an
/// idle balancer keeps no removed endpoint alive. A publisher that cannot tell is looked at on each
/// [`load`](Self::load), and the first request after a change rebuilds.
///
/// Cost of a load: as one of an [`EndpointCell`](crate::EndpointCell), plus the publisher's where it cannot tell.
///
/// ```
/// use lb_core::{Derived, EndpointCache, Instance};
/// # fn factory(_: &Instance) -> Result<(), std::io::Error> { Ok(()) }
///
/// let cache = std::sync::Arc::new(EndpointCache::new(factory));
/// let total = Derived::new(cache.clone(), |set, _before| set.instances().map(|i| i.weight()).sum::<u32>());
/// cache.replace([Instance::new("a:80").with_weight(3), Instance::new("b:80").with_weight(4)]);
/// assert_eq!(*total.load()?, 7);
/// # Ok::<_, lb_core::Error>(())
/// ```
pub struct Derived<P: Publisher, T> {
    shared: Arc<Shared<P, T>>,
    notified: bool,
}

impl<P, T> Derived<P, T>
where
    P: Publisher + 'static,
    T: Send + Sync + 'static,
{
    /// Derives with `derive`, now and after each change: from the set, and from the value before, if there is one. It runs
    /// on the writer's thread and must not replace the set it was given; if it panics, loads fail with [`Error::Derive`]
    /// until the next change.
    pub fn new(
        publisher: P,
        derive: impl Fn(&EndpointSet<P::Endpoint>, Option<&T>) -> T + Send + Sync + 'static,
    ) -> Self {
        let shared = Arc::new(Shared {
            publisher,
            derive: Box::new(derive),
            current: Swap::new(Arc::new(Version { set: None, value: Err(Error::NotReady) })),
            rebuilding: Mutex::new(()),
            observers: Observers::new(),
        });
        let observer: Arc<dyn Observer> = shared.clone();
        let notified = shared.publisher.subscribe(Arc::downgrade(&observer));
        // After subscribing, so that no change falls between.
        as_writer(|| shared.rebuild(When::Changed));
        Self { shared, notified }
    }
}

impl<P: Publisher, T> Derived<P, T> {
    /// What was derived from the current set. Keep the reference no longer than a pick takes.
    ///
    /// # Errors
    ///
    /// Those of the publisher.
    #[inline]
    pub fn load(&self) -> Result<DerivedRef<T>, Error> {
        if !self.notified {
            self.shared.catch_up();
        }
        let version = self.shared.current.load();
        match &version.value {
            Ok(_) => Ok(DerivedRef(version)),
            Err(error) => Err(error.clone()),
        }
    }

    /// The publisher it derives from.
    pub fn publisher(&self) -> &P {
        &self.shared.publisher
    }

    /// Has `observer` told after each change and each [`refresh`](Self::refresh), once the derived value stands; see
    /// [`Publisher::subscribe`]. `false` where the publisher cannot tell: it is told of a refresh alone. A filter forwards
    /// to this.
    pub fn subscribe(&self, observer: Weak<dyn Observer>) -> bool {
        self.shared.observers.subscribe(observer);
        self.notified
    }

    /// Derives again, from the same set where it has not changed: because health or time has. Not for a request's
    /// thread.
    pub fn refresh(&self) {
        as_writer(|| {
            self.shared.rebuild(When::Always);
            self.shared.observers.notify();
        });
    }
}

impl<P: Publisher + fmt::Debug, T> fmt::Debug for Derived<P, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Derived").field("publisher", self.publisher()).finish_non_exhaustive()
    }
}

/// A short look at a derived value.
pub struct DerivedRef<T>(Guard<Arc<Version<T>>>);

impl<T> Deref for DerivedRef<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        match &self.0.value {
            Ok(value) => value,
            Err(_) => unreachable!("load() returns a reference to a value alone"),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for DerivedRef<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

type Derive<E, T> = Box<dyn Fn(&EndpointSet<E>, Option<&T>) -> T + Send + Sync>;

struct Shared<P: Publisher, T> {
    publisher: P,
    derive: Derive<P::Endpoint, T>,
    current: Swap<Version<T>>,
    rebuilding: Mutex<()>,
    observers: Observers,
}

/// A value beside the id of the set it was derived from.
struct Version<T> {
    set: Option<u64>,
    value: Result<T, Error>,
}

/// When to derive.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    /// If the publisher has another set by now.
    Changed,
    Always,
}

impl<P: Publisher, T> Shared<P, T> {
    /// Rebuilds if the publisher has another set, or no set, by now. On a request's thread: it waits for no reader and
    /// tells nobody.
    fn catch_up(&self) {
        let set = self.publisher.endpoints().ok().map(|endpoints| endpoints.id());
        if set.is_none() || set != self.current.load().set {
            self.rebuild(When::Changed);
        }
    }

    /// Derives from the publisher's newest set. One at a time: the last to get the lock sees the last set.
    fn rebuild(&self, when: When) {
        // Dropped outside of the lock: this may run destructors of the user's.
        if let Some(retired) = self.swap_next(when) {
            drop_caught("the derived value", retired);
        }
    }

    fn swap_next(&self, when: When) -> Option<Retired<Version<T>>> {
        let _one_at_a_time = lock(&self.rebuilding);
        let version = match self.publisher.endpoints() {
            Ok(set) => {
                let before = self.current.load();
                if when == When::Changed && before.set == Some(set.id()) {
                    return None;
                }
                Version { set: Some(set.id()), value: self.derive(&set, before.value.as_ref().ok()) }
            }
            Err(error) => Version { set: None, value: Err(error) },
        };
        Some(self.current.swap(Arc::new(version)))
    }

    fn derive(&self, set: &EndpointSet<P::Endpoint>, before: Option<&T>) -> Result<T, Error> {
        caught("what derives from the endpoint set", || (self.derive)(set, before)).map_err(|error| {
            log_safely(|| log::error!(target: LOG, error:%; "{error}"));
            Error::derive(error)
        })
    }
}

impl<P: Publisher, T: Send + Sync> Observer for Shared<P, T> {
    fn changed(&self) {
        as_writer(|| {
            self.rebuild(When::Changed);
            self.observers.notify();
        });
    }
}
