use std::fmt;
use std::sync::Arc;

use crate::swap::{Retired, Swap, as_writer};
use crate::{EndpointSet, Endpoints};

/// The place a publisher keeps its current set in: readers load, a writer swaps.
///
/// Every look at a set comes from a cell: a load touches nothing that another thread writes. Cost of a load: a few
/// nanoseconds, no lock, no allocation, whatever the writer does.
///
/// A publisher makes its cell once. One that makes a new set and cell for each call works, but no derived value can
/// follow it.
///
/// ```
/// use lb_core::{EndpointCell, EndpointSet, Instance};
///
/// let cell = EndpointCell::new(EndpointSet::new([(Instance::new("a:80"), ())]));
/// cell.store(EndpointSet::new([(Instance::new("b:80"), ())]));
/// assert_eq!(cell.load().instance(0).unwrap().address(), "b:80");
/// ```
pub struct EndpointCell<E>(Swap<EndpointSet<E>>);

impl<E> EndpointCell<E> {
    /// A cell that holds `set`.
    pub fn new(set: EndpointSet<E>) -> Self {
        Self(Swap::new(Arc::new(set)))
    }

    /// A look at the current set.
    #[inline]
    pub fn load(&self) -> Endpoints<E> {
        Endpoints::new(self.0.load())
    }

    /// Swaps the set, and frees the old one on this thread once the readers that are in the middle of a pick have left
    /// it. Endpoints that nobody else holds are dropped here. When someone holds an [`Endpoints`] of the old set, the
    /// caller included, up to 20 ms are spent waiting for it, and its holder frees the set.
    pub fn store(&self, set: EndpointSet<E>) {
        drop(self.replace(set));
    }

    /// Swaps the set as [`store`](Self::store) does; the old one is freed where the returned value is dropped, on any
    /// thread.
    pub fn replace(&self, set: EndpointSet<E>) -> RetiredSet<E> {
        RetiredSet(Some(self.0.swap(Arc::new(set))))
    }
}

/// Frees the set as [`store`](EndpointCell::store) does where a writer drops it: a filter's cell ends while others may
/// read. Anybody else waits for nobody.
impl<E> Drop for EndpointCell<E> {
    fn drop(&mut self) {
        drop(self.0.swap(Arc::new(EndpointSet::from_members(Vec::new()))));
    }
}

impl<E> fmt::Debug for EndpointCell<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EndpointCell").field(&self.load()).finish()
    }
}

/// A set that was swapped out of its cell. Dropping it runs the destructors of the endpoints that nobody else holds,
/// after a wait of up to 20 ms for readers in the middle of a pick.
#[must_use = "dropping it runs destructors of the user's"]
pub struct RetiredSet<E>(Option<Retired<EndpointSet<E>>>);

impl<E> Drop for RetiredSet<E> {
    fn drop(&mut self) {
        let retired = self.0.take();
        as_writer(|| drop(retired));
    }
}

impl<E> fmt::Debug for RetiredSet<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetiredSet").finish_non_exhaustive()
    }
}
