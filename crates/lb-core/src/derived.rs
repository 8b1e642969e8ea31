use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Weak};

use arc_swap::Guard;

use crate::panics::caught;
use crate::swap::Swap;
use crate::sync::{Mutex, lock};
use crate::{Endpoints, Error, LOG, Observer, Publisher};

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
/// let total = Derived::new(cache.clone(), |set| set.instances().map(|i| i.weight()).sum::<u32>());
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
    /// Derives with `derive`, now and after each change. It runs on the writer's thread and must not replace the set
    /// it was given; if it panics, loads fail with [`Error::Discovery`] until the next change.
    pub fn new(publisher: P, derive: impl Fn(&Endpoints<P::Endpoint>) -> T + Send + Sync + 'static) -> Self {
        let shared = Arc::new(Shared {
            publisher,
            derive: Box::new(derive),
            current: Swap::new(Arc::new(Version { set: None, value: Err(Error::NotReady) })),
            rebuilding: Mutex::new(()),
        });
        let observer: Arc<dyn Observer> = shared.clone();
        let notified = shared.publisher.subscribe(Arc::downgrade(&observer));
        // After subscribing, so that no change falls between.
        shared.rebuild();
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

    /// Has `observer` told after each change, once the derived value is rebuilt; see [`Publisher::subscribe`]. A filter
    /// forwards to this.
    pub fn subscribe(&self, observer: Weak<dyn Observer>) -> bool {
        self.shared.publisher.subscribe(observer)
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

type Derive<E, T> = Box<dyn Fn(&Endpoints<E>) -> T + Send + Sync>;

struct Shared<P: Publisher, T> {
    publisher: P,
    derive: Derive<P::Endpoint, T>,
    current: Swap<Version<T>>,
    rebuilding: Mutex<()>,
}

/// A value beside the id of the set it was derived from.
struct Version<T> {
    set: Option<u64>,
    value: Result<T, Error>,
}

impl<P: Publisher, T> Shared<P, T> {
    /// Rebuilds if the publisher has another set, or no set, by now.
    fn catch_up(&self) {
        let set = self.publisher.endpoints().ok().map(|endpoints| endpoints.id());
        if set.is_none() || set != self.current.load().set {
            self.rebuild();
        }
    }

    /// Derives from the publisher's newest set. One at a time: the last to get the lock sees the last set.
    fn rebuild(&self) {
        let retired = {
            let _one_at_a_time = lock(&self.rebuilding);
            let version = match self.publisher.endpoints() {
                Ok(endpoints) if Some(endpoints.id()) == self.current.load().set => return,
                Ok(endpoints) => Version { set: Some(endpoints.id()), value: self.derive(&endpoints) },
                Err(error) => Version { set: None, value: Err(error) },
            };
            self.current.swap(Arc::new(version))
        };
        // Outside the lock: this may run destructors of the user's.
        if let Err(error) = caught("the destructor of what was derived", || drop(retired)) {
            log::error!(target: LOG, error:%; "{error}");
        }
    }

    fn derive(&self, endpoints: &Endpoints<P::Endpoint>) -> Result<T, Error> {
        caught("what derives from the endpoint set", || (self.derive)(endpoints)).map_err(|error| {
            log::error!(target: LOG, error:%; "{error}");
            Error::Discovery { source: error.into() }
        })
    }
}

impl<P: Publisher, T: Send + Sync> Observer for Shared<P, T> {
    fn changed(&self) {
        self.rebuild();
    }
}
