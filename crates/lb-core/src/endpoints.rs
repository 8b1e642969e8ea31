use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::Guard;

use crate::member::Member;
use crate::{Instance, Pick, lanes};

/// A cheap, consistent view of one endpoint set.
///
/// The set behind it is immutable and ordered by address; whatever a writer does meanwhile, the view stays. Views are
/// meant to be short: one that is kept keeps its whole set alive, removed endpoints included. To keep an endpoint for
/// the time of a request, take a [`Pick`].
///
/// ```
/// use lb_core::{Endpoints, Instance};
///
/// let set = Endpoints::new([(Instance::new("b:80"), 'b'), (Instance::new("a:80"), 'a')]);
/// assert_eq!(set.instances().map(Instance::address).collect::<Vec<_>>(), ["a:80", "b:80"]);
/// assert_eq!(*set.pick(1).unwrap(), 'b');
/// assert!(set.pick(2).is_none());
/// ```
pub struct Endpoints<E>(Guard<Arc<EndpointSet<E>>>);

pub(crate) struct EndpointSet<E> {
    id: u64,
    len: usize,
    lanes: usize,
    /// Lane by lane, each of `len` members in order.
    members: Box<[Arc<Member<E>>]>,
}

impl<E> Endpoints<E> {
    /// A set of these members, with a new id. Of two members with the same address and host the first counts.
    /// For those who write a publisher. Cost: a sort.
    pub fn new(members: impl IntoIterator<Item = (Instance, E)>) -> Self {
        let mut members: Vec<_> =
            members.into_iter().map(|(instance, endpoint)| Member::new(instance, endpoint)).collect();
        members.sort_by(|a, b| a.instance().cmp_identity(b.instance()));
        members.dedup_by(|later, first| later.instance().cmp_identity(first.instance()).is_eq());
        Self::from_members(members)
    }

    /// A set of the members at `indices`, with a new id. An index past the end selects nothing, one given twice selects
    /// once. For those who write a filter; it shares the endpoints. Cost: a sort of the indices.
    #[must_use]
    pub fn select(&self, indices: impl IntoIterator<Item = usize>) -> Self {
        let indices: BTreeSet<usize> = indices.into_iter().filter(|index| *index < self.len()).collect();
        Self::from_members(indices.into_iter().filter_map(|index| self.member(index)).cloned().collect())
    }

    /// The set's id: unique in the process, never reused.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// How many members it has.
    #[inline]
    pub fn len(&self) -> usize {
        self.0.len
    }

    /// Whether it has none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.len == 0
    }

    /// The instance at `index`; `None` past the end.
    pub fn instance(&self, index: usize) -> Option<&Instance> {
        self.member(index).map(|member| member.instance())
    }

    /// The instances, ordered by address.
    pub fn instances(&self) -> impl Iterator<Item = &Instance> {
        self.members().iter().map(|member| member.instance())
    }

    /// Picks the member at `index`; `None` past the end. For those who write a strategy. Cost: one reference count.
    #[inline]
    pub fn pick(&self, index: usize) -> Option<Pick<E>> {
        let set = &*self.0;
        if index >= set.len {
            return None;
        }
        let member = set.members.get(lanes::of_thread(set.lanes) * set.len + index)?;
        Some(Pick::new(Arc::clone(member)))
    }

    /// `members` must be ordered by identity, each once.
    pub(crate) fn from_members(mut members: Vec<Arc<Member<E>>>) -> Self {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        let len = members.len();
        let lanes = lanes::of_set(len);
        for place in len..lanes * len {
            let copy = members[place - len].renewed(members[place - len].instance().clone());
            members.push(copy);
        }
        Self(Guard::from_inner(Arc::new(EndpointSet { id, len, lanes, members: members.into() })))
    }

    #[inline]
    pub(crate) fn from_guard(guard: Guard<Arc<EndpointSet<E>>>) -> Self {
        Self(guard)
    }

    /// The set for a cell that has it to itself: where others hold it, a copy under the same id.
    pub(crate) fn into_unshared(self) -> Arc<EndpointSet<E>> {
        let set = Guard::into_inner(self.0);
        if Arc::strong_count(&set) == 1 {
            return set;
        }
        Arc::new(EndpointSet { members: set.members.clone(), ..*set })
    }

    /// Those of the first lane, by which a set is known.
    pub(crate) fn members(&self) -> &[Arc<Member<E>>] {
        &self.0.members[..self.0.len]
    }

    fn member(&self, index: usize) -> Option<&Arc<Member<E>>> {
        self.members().get(index)
    }
}

/// Another view of the same set. Cost: one reference count that all clones share; where many threads read, load each
/// view from an [`EndpointCell`](crate::EndpointCell) instead.
impl<E> Clone for Endpoints<E> {
    fn clone(&self) -> Self {
        Self(Guard::from_inner(Arc::clone(&self.0)))
    }
}

impl<E> fmt::Debug for Endpoints<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instances: Vec<_> = self.instances().collect();
        f.debug_struct("Endpoints").field("id", &self.id()).field("instances", &instances).finish()
    }
}
