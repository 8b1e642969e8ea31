use std::fmt;
use std::mem::discriminant;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};

use lb_core::{EndpointCache, EndpointId, Endpoints, Error, Factory, Observer, Observers, Publisher};

use crate::board::{Board, Follower};
use crate::sync::{Mutex, lock};

/// One set of endpoints that follows discovery.
pub(crate) struct Feed<E> {
    cache: EndpointCache<E>,
    usable: AtomicBool,
    /// Why the set may not be used; means nothing while it may.
    reason: RwLock<Error>,
    observers: Observers,
    /// The edition of the board that was applied last. Whoever holds it is applying one: factories, destructors and
    /// observers run meanwhile, none of which can come back here.
    edition: Mutex<u64>,
}

impl<E: Send + Sync + 'static> Feed<E> {
    pub(crate) fn new(factory: impl Factory<Endpoint = E> + 'static) -> Arc<Self> {
        let feed = Arc::new(Self {
            cache: EndpointCache::new(factory),
            usable: AtomicBool::new(false),
            reason: RwLock::new(Error::NotReady),
            observers: Observers::new(),
            edition: Mutex::new(0),
        });
        let itself: Weak<dyn Observer> = Arc::downgrade(&feed) as Weak<dyn Observer>;
        feed.cache.subscribe(itself);
        feed
    }

    /// The current set: one atomic load more than the cache's own.
    #[inline]
    pub(crate) fn endpoints(&self) -> Result<Endpoints<E>, Error> {
        if self.usable.load(Ordering::Acquire) {
            return self.cache.endpoints();
        }
        Err(self.reason.read().unwrap_or_else(PoisonError::into_inner).clone())
    }

    pub(crate) fn subscribe(&self, observer: Weak<dyn Observer>) {
        self.observers.subscribe(observer);
    }

    /// Marks an endpoint to be made anew at the next edition. `false`: it is no member.
    pub(crate) fn renew(&self, id: EndpointId) -> bool {
        self.cache.renew(id)
    }

    /// Sets why the set may not be used, `None` when it may, and tells the observers if that is new.
    fn set_unusable(&self, unusable: Option<Error>) {
        let changed = match unusable {
            None => !self.usable.swap(true, Ordering::AcqRel),
            Some(reason) => {
                let same = self.replace_reason(reason);
                self.usable.swap(false, Ordering::AcqRel) || !same
            }
        };
        if changed {
            self.observers.notify();
        }
    }

    /// Returns whether the new reason is of the same kind: the words may change with every failure.
    fn replace_reason(&self, reason: Error) -> bool {
        let mut current = self.reason.write().unwrap_or_else(PoisonError::into_inner);
        let same = discriminant(&*current) == discriminant(&reason);
        *current = reason;
        same
    }
}

impl<E: Send + Sync + 'static> Follower for Feed<E> {
    fn follow(&self, board: &Board) {
        let mut edition = lock(&self.edition);
        let news = board.news();
        if news.edition <= *edition {
            return;
        }
        *edition = news.edition;
        // An unchanged list is given to the cache too: it tries again the instances whose factory failed.
        if let Some(instances) = &news.instances {
            self.cache.replace(instances.iter().cloned());
        }
        self.set_unusable(news.unusable);
    }
}

impl<E: Send + Sync> Observer for Feed<E> {
    /// The cache's set has changed. A set that may not be used yet is no news; that it may will be.
    fn changed(&self) {
        if self.usable.load(Ordering::Acquire) {
            self.observers.notify();
        }
    }
}

impl<E> fmt::Debug for Feed<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed")
            .field("cache", &self.cache)
            .field("usable", &self.usable)
            .finish_non_exhaustive()
    }
}
