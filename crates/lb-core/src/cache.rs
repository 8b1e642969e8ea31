use std::fmt;
use std::sync::{Arc, Weak};

use crate::member::Member;
use crate::merge::{in_order, merge, unchanged};
use crate::panics::caught;
use crate::sync::{Mutex, lock};
use crate::{
    BoxError, EndpointCell, Endpoints, Error, Factory, Instance, LOG, Observer, Observers, Publisher,
};

/// A publisher that discovery feeds: it makes the endpoints of new instances, keeps those of surviving ones untouched,
/// and drops those of removed ones when their last pick ends.
///
/// *made = live + draining + dropped*, at all times.
///
/// ```
/// use lb_core::{EndpointCache, Instance, Publisher};
///
/// let cache = EndpointCache::new(|i: &Instance| Ok::<_, std::io::Error>(i.address().to_owned()));
/// cache.replace(["a:80", "b:80"]);
/// let first = cache.endpoints()?.id();
/// cache.replace(["b:80", "a:80"]); // nothing changed: the id stays
/// assert_eq!(cache.endpoints()?.id(), first);
/// # Ok::<_, lb_core::Error>(())
/// ```
pub struct EndpointCache<E> {
    cell: EndpointCell<E>,
    writer: Mutex<Writer<E>>,
    observers: Observers,
}

impl<E> EndpointCache<E> {
    /// An empty set, to be filled through `factory`.
    pub fn new(factory: impl Factory<Endpoint = E> + 'static) -> Self {
        Self {
            cell: EndpointCell::new(Endpoints::from_members(Vec::new())),
            writer: Mutex::new(Writer { factory: Box::new(factory), failing: Vec::new() }),
            observers: Observers::new(),
        }
    }

    /// Makes `instances` the set, in any order.
    ///
    /// - An instance (address and host) that stays keeps its endpoint; changed attributes take effect, and the endpoint
    ///   is made anew only where [`Factory::reusable`] says no.
    /// - Given twice, the first counts.
    /// - One whose factory fails or panics, or that has no address, is left out, and tried again at the next replace; a
    ///   warning names it, once until it recovers.
    /// - If nothing changed, the set and its id stay, and nobody is told.
    ///
    /// Readers see the old set or the new one, and wait for nothing. Concurrent replaces come one after the other, each
    /// whole. Removed endpoints are dropped here unless a pick holds them; a destructor's panic is logged.
    ///
    /// Cost: linear when `instances` are in order (by address, then host), else a sort. When someone holds an
    /// [`Endpoints`] of the old set, up to 20 ms are spent waiting for it.
    ///
    /// A factory must not call this on its own cache: it would wait for itself.
    pub fn replace<I>(&self, instances: I)
    where
        I: IntoIterator,
        I::Item: Into<Instance>,
    {
        let instances = in_order(instances.into_iter().map(Into::into).collect());
        let retired = {
            let mut writer = lock(&self.writer);
            let current = self.cell.load();
            let Some(next) = writer.next_set(current.members(), instances) else { return };
            drop(current);
            self.cell.swap(next)
        };
        self.observers.notify();
        drop(retired);
    }
}

impl<E: Send + Sync> Publisher for EndpointCache<E> {
    type Endpoint = E;

    #[inline]
    fn endpoints(&self) -> Result<Endpoints<E>, Error> {
        Ok(self.cell.load())
    }

    fn subscribe(&self, observer: Weak<dyn Observer>) -> bool {
        self.observers.subscribe(observer);
        true
    }
}

impl<E> fmt::Debug for EndpointCache<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointCache").field("cell", &self.cell).finish_non_exhaustive()
    }
}

/// What one replace at a time works with.
struct Writer<E> {
    factory: Box<dyn Factory<Endpoint = E>>,
    /// The instances left out by the last replace, ordered by identity: each has had its warning.
    failing: Vec<Instance>,
}

impl<E> Writer<E> {
    /// The set after this one; `None` when it is the same.
    fn next_set(&mut self, members: &[Arc<Member<E>>], instances: Vec<Instance>) -> Option<Endpoints<E>> {
        if unchanged(members, &instances) {
            self.failing.clear();
            return None;
        }
        let warned = std::mem::take(&mut self.failing);
        let next = merge(members, instances, |instance, old| self.make(instance, old, &warned));
        let same = next.len() == members.len() && next.iter().zip(members).all(|(a, b)| Arc::ptr_eq(a, b));
        (!same).then(|| Endpoints::from_members(next))
    }

    fn make(
        &mut self,
        instance: Instance,
        old: Option<&Member<E>>,
        warned: &[Instance],
    ) -> Option<Arc<Member<E>>> {
        if let Some(old) = old
            && self.reusable(old.instance(), &instance)
        {
            return Some(old.renewed(instance));
        }
        let known = warned.binary_search_by(|other| other.cmp_identity(&instance)).is_ok();
        let address = instance.address();
        match self.create(&instance) {
            Ok(endpoint) => {
                if known {
                    log::info!(target: LOG, instance = address; "{address}: its endpoint could be made again");
                }
                Some(Member::new(instance, endpoint))
            }
            Err(error) => {
                if !known {
                    log::warn!(target: LOG, instance = address, error:%; "{address}: left out, no endpoint: {error}");
                }
                self.failing.push(instance);
                None
            }
        }
    }

    fn create(&self, instance: &Instance) -> Result<E, BoxError> {
        if instance.address().is_empty() {
            return Err("the address of an instance must not be empty".into());
        }
        // The error's `Display` is the user's code too.
        Ok(caught("the factory", || self.factory.create(instance).map_err(|error| error.to_string()))??)
    }

    fn reusable(&self, old: &Instance, new: &Instance) -> bool {
        caught("the factory's reusable()", || self.factory.reusable(old, new)).unwrap_or_else(|error| {
            let instance = new.address();
            log::warn!(target: LOG, instance, error:%; "{instance}: {error}; the endpoint is made anew");
            false
        })
    }
}
