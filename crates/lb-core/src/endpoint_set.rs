use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::member::Member;
use crate::{EndpointId, Instance, Pick, lanes};

/// An immutable set of endpoints, ordered by address: what writers make, cells take and tables keep.
///
/// ```
/// use lb_core::{EndpointSet, Instance};
///
/// let set = EndpointSet::new([(Instance::new("b:80"), 'b'), (Instance::new("a:80"), 'a')]);
/// assert_eq!(set.instances().map(Instance::address).collect::<Vec<_>>(), ["a:80", "b:80"]);
/// assert_eq!(*set.pick(1).unwrap(), 'b');
/// assert!(set.pick(2).is_none());
/// ```
pub struct EndpointSet<E> {
    id: u64,
    len: usize,
    lanes: usize,
    /// Lane by lane, each of `len` members in order.
    members: Box<[Arc<Member<E>>]>,
    next: Option<Arc<EndpointSet<E>>>,
}

impl<E> EndpointSet<E> {
    /// A set of these members, with a new id. Of two members with the same address and host the first counts.
    /// For those who write a publisher. Cost: a sort.
    pub fn new(members: impl IntoIterator<Item = (Instance, E)>) -> Self {
        let mut members: Vec<_> =
            members.into_iter().map(|(instance, endpoint)| Member::new(instance, endpoint)).collect();
        members.sort_by(|a, b| a.instance().cmp_identity(b.instance()));
        members.dedup_by(|later, first| later.instance().cmp_identity(first.instance()).is_eq());
        Self::from_members(members)
    }

    /// The members at `indices`, with a new id. An index past the end selects nothing, one given twice selects once.
    /// The [next tier](Self::next_tier) stays. For those who write a filter; it shares the endpoints. Cost: a sort of the
    /// indices.
    #[must_use]
    pub fn select(&self, indices: impl IntoIterator<Item = usize>) -> Self {
        let indices: BTreeSet<usize> = indices.into_iter().filter(|index| *index < self.len).collect();
        let members = indices.into_iter().filter_map(|index| self.member(index)).cloned().collect();
        Self { next: self.next.clone(), ..Self::from_members(members) }
    }

    /// The same members and next tiers, with a new id: for those who keep a set. Cost: one reference count a member.
    #[must_use]
    pub fn to_set(&self) -> Self {
        Self { id: next_id(), members: self.members.clone(), next: self.next.clone(), ..*self }
    }

    /// This set, with `next` to go on with once all members here were tried for a request. Where it has a next tier
    /// already, `next` comes after the last. Cost: the tiers before the last are copied.
    #[must_use]
    pub fn or_else(self, next: Self) -> Self {
        let next = match &self.next {
            Some(tier) => tier.to_set().or_else(next),
            None => next,
        };
        Self { next: Some(Arc::new(next)), ..self }
    }

    /// The set to go on with once all members here were tried.
    #[inline]
    pub fn next_tier(&self) -> Option<&Self> {
        self.next.as_deref()
    }

    /// The set's id: unique in the process, never reused.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// How many members it has, those of next tiers aside.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The instance at `index`; `None` past the end.
    pub fn instance(&self, index: usize) -> Option<&Instance> {
        self.member(index).map(|member| member.instance())
    }

    /// The instances, ordered by address.
    pub fn instances(&self) -> impl Iterator<Item = &Instance> {
        self.members().iter().map(|member| member.instance())
    }

    /// The id of the endpoint at `index`; `None` past the end.
    pub fn id_at(&self, index: usize) -> Option<EndpointId> {
        self.member(index).map(|member| member.id())
    }

    /// Whether the endpoint `id` is a member here, next tiers aside. Cost: one comparison a member.
    pub fn contains(&self, id: EndpointId) -> bool {
        self.members().iter().any(|member| member.id() == id)
    }

    /// Picks the member at `index`; `None` past the end. For those who write a strategy. Cost: one reference count.
    #[inline]
    pub fn pick(&self, index: usize) -> Option<Pick<E>> {
        if index >= self.len {
            return None;
        }
        let member = self.members.get(lanes::of_thread(self.lanes) * self.len + index)?;
        Some(Pick::new(Arc::clone(member)))
    }

    /// `members` must be ordered by identity, each once.
    pub(crate) fn from_members(mut members: Vec<Arc<Member<E>>>) -> Self {
        let len = members.len();
        let lanes = lanes::of_set(len);
        members.reserve_exact(lanes * len - len);
        for place in len..lanes * len {
            let copy = members[place - len].renewed(members[place - len].instance().clone());
            members.push(copy);
        }
        Self { id: next_id(), len, lanes, members: members.into(), next: None }
    }

    /// Those of the first lane, by which a set is known.
    pub(crate) fn members(&self) -> &[Arc<Member<E>>] {
        &self.members[..self.len]
    }

    fn member(&self, index: usize) -> Option<&Arc<Member<E>>> {
        self.members().get(index)
    }
}

fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl<E> fmt::Debug for EndpointSet<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instances: Vec<_> = self.instances().collect();
        let mut set = f.debug_struct("EndpointSet");
        set.field("id", &self.id).field("instances", &instances);
        if let Some(next) = &self.next {
            set.field("next_tier", next);
        }
        set.finish_non_exhaustive()
    }
}
