use std::fmt;
use std::sync::Weak;

use crate::support::lock;
use crate::swap::as_writer;
use crate::sync::Mutex;
use crate::{
    Context, EndpointCell, EndpointId, EndpointSet, EndpointWriter, Endpoints, Error, Factory, Instance,
    Maker, Observer, Observers, Publisher,
};

/// A publisher that its owner feeds: it makes the endpoints of new instances, keeps those of surviving ones untouched,
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
    maker: Maker<E>,
    /// Held while factories run.
    writer: Mutex<EndpointWriter<E>>,
    /// The endpoints that the next replace makes anew.
    renewals: Mutex<Vec<EndpointId>>,
    observers: Observers,
}

impl<E> EndpointCache<E> {
    /// An empty set, to be filled through `factory`.
    pub fn new(factory: impl Factory<Endpoint = E> + 'static) -> Self {
        Self {
            cell: EndpointCell::new(EndpointSet::from_members(Vec::new())),
            maker: Maker::new(factory),
            writer: Mutex::new(EndpointWriter::new()),
            renewals: Mutex::new(Vec::new()),
            observers: Observers::new(),
        }
    }

    /// Makes `instances` the set, in any order.
    ///
    /// - An instance (address and host) that stays keeps its endpoint; changed attributes take effect. It is made anew
    ///   only where [`Factory::reusable`] says no; the old endpoint serves on, under its old attributes, until that has
    ///   worked.
    /// - Given twice, the first counts.
    /// - A new one whose factory fails or panics, or that has no address, is left out, and tried again at the next
    ///   replace; a warning names it, once until it recovers.
    /// - If nothing changed, the set and its id stay, and nobody is told.
    ///
    /// Readers see the old set or the new one, and wait for nothing. Concurrent replaces come one after the other, each
    /// whole. It waits for the factory. Removed endpoints are dropped here, after the swap, unless a pick holds them; a
    /// destructor's panic is logged.
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
        let instances = instances.into_iter().map(Into::into).collect();
        let Some(set) = self.next_set(&mut lock(&self.writer), instances) else { return };
        as_writer(|| {
            self.observers.notify();
            drop(set);
        });
    }

    /// Swaps the next set in, if it differs, and returns the old one.
    fn next_set(
        &self,
        writer: &mut EndpointWriter<E>,
        instances: Vec<Instance>,
    ) -> Option<crate::RetiredSet<E>> {
        for id in std::mem::take(&mut *lock(&self.renewals)) {
            writer.renew(id);
        }
        let reusable = |old: &Instance, new: &Instance| self.maker.reusable(old, new);
        let missing = writer.want(instances, reusable);
        self.maker.retain(&missing);
        let ctx = Context::background();
        for instance in missing {
            if let Ok(endpoint) = self.maker.make(&ctx, &instance) {
                let taken = writer.supply(instance, endpoint, |_, _| true);
                debug_assert!(taken.is_ok(), "what is missing is taken");
            }
        }
        writer.take_set().map(|set| self.cell.replace(set))
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

    /// The next replace makes it anew.
    fn renew(&self, id: EndpointId) -> bool {
        let known = self.cell.load().contains(id);
        let mut renewals = lock(&self.renewals);
        if known && !renewals.contains(&id) {
            renewals.push(id);
        }
        known
    }
}

impl<E> fmt::Debug for EndpointCache<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointCache").field("cell", &self.cell).finish_non_exhaustive()
    }
}
