use std::fmt;

use crate::Endpoints;
use crate::endpoints::EndpointSet;
use crate::swap::{Retired, Swap};

/// The place a publisher keeps its current set in: readers load, a writer swaps.
///
/// Every view of a set comes from a cell: a load touches nothing that another thread writes, where a cloned
/// [`Endpoints`] is one reference count that all threads fight for. Cost of a load: a few nanoseconds, no lock, no
/// allocation, whatever the writer does.
///
/// A cell has its set to itself, so that a writer who waits for readers waits for those of this cell alone: a set that
/// somebody holds already is copied when it is stored (the list of its members, under the same id).
pub struct EndpointCell<E>(Swap<EndpointSet<E>>);

impl<E> EndpointCell<E> {
    /// A cell that holds `endpoints`.
    pub fn new(endpoints: Endpoints<E>) -> Self {
        Self(Swap::new(endpoints.into_unshared()))
    }

    /// The current set.
    #[inline]
    pub fn load(&self) -> Endpoints<E> {
        Endpoints::from_guard(self.0.load())
    }

    /// Swaps the set, and frees the old one on this thread once the readers that are in the middle of a pick have left
    /// it. Endpoints that nobody else holds are dropped here. When someone holds an [`Endpoints`] of the old set, the
    /// caller included, up to 20 ms are spent waiting for it.
    pub fn store(&self, endpoints: Endpoints<E>) {
        drop(self.swap(endpoints));
    }

    /// Swaps the set; the old one is freed where the returned value is dropped.
    pub(crate) fn swap(&self, endpoints: Endpoints<E>) -> Retired<EndpointSet<E>> {
        self.0.swap(endpoints.into_unshared())
    }
}

/// Frees the set as [`store`](EndpointCell::store) does: a filter's cell is dropped by the writer while others may read.
impl<E> Drop for EndpointCell<E> {
    fn drop(&mut self) {
        self.store(Endpoints::from_members(Vec::new()));
    }
}

impl<E> fmt::Debug for EndpointCell<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EndpointCell").field(&self.load()).finish()
    }
}
