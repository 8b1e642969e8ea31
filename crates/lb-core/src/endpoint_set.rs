use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::member::Member;
use crate::{EndpointId, Instance, Mark, Pick, PickObserver, StateKey, lanes};

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
    /// Whether any member has observers: else a pick need not look at its member, whose cache line it does not touch.
    is_observed: bool,
    /// Lane by lane, each of `len` members in order.
    members: Box<[Arc<Member<E>>]>,
    /// One for each member, if any has one.
    marks: Option<Arc<[Option<Mark>]>>,
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
    /// Their marks and the [next tier](Self::next_tier) stay. For those who write a filter; it shares the endpoints.
    /// Cost: a sort of the indices.
    #[must_use]
    pub fn select(&self, indices: impl IntoIterator<Item = usize>) -> Self {
        let indices: BTreeSet<usize> = indices.into_iter().filter(|index| *index < self.len).collect();
        let marks =
            self.marks.as_ref().map(|marks| indices.iter().map(|index| marks[*index].clone()).collect());
        let members = indices.into_iter().filter_map(|index| self.member(index)).cloned().collect();
        Self { marks, next: self.next.clone(), ..Self::from_members(members) }
    }

    /// The same members, marks and next tiers, with a new id: for those who keep a set. Cost: one reference count a
    /// member.
    #[must_use]
    pub fn to_set(&self) -> Self {
        let (members, marks, next) = (self.members.clone(), self.marks.clone(), self.next.clone());
        Self { id: next_id(), members, marks, next, ..*self }
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
        let member = Arc::clone(self.member_of_lane(index)?);
        Some(if self.is_observed { Pick::new(member) } else { Pick::unobserved(member) })
    }

    /// The pick at a time that was read already, in nanoseconds of its observers' clock; else as [`pick`](Self::pick).
    #[inline]
    pub fn pick_at(&self, index: usize, nanos: u64) -> Option<Pick<E>> {
        let member = Arc::clone(self.member_of_lane(index)?);
        Some(if self.is_observed { Pick::new_at(member, nanos) } else { Pick::unobserved(member) })
    }

    /// A handle on the member at `index` that no observer is told of: for probes and health checks, which would count as
    /// requests else.
    pub fn handle(&self, index: usize) -> Option<Pick<E>> {
        self.member(index).map(|member| Pick::unobserved(Arc::clone(member)))
    }

    /// `members` must be ordered by identity, each once.
    pub(crate) fn from_members(mut members: Vec<Arc<Member<E>>>) -> Self {
        let len = members.len();
        let lanes = lanes::of_set(len);
        let is_observed = members.iter().any(|member| member.observers().is_some());
        members.reserve_exact(lanes * len - len);
        for place in len..lanes * len {
            let copy = members[place - len].renewed(members[place - len].instance().clone());
            members.push(copy);
        }
        Self { id: next_id(), len, lanes, is_observed, members: members.into(), marks: None, next: None }
    }

    /// Those of the first lane, by which a set is known.
    pub(crate) fn members(&self) -> &[Arc<Member<E>>] {
        &self.members[..self.len]
    }

    fn member(&self, index: usize) -> Option<&Arc<Member<E>>> {
        self.members().get(index)
    }

    /// In the lane of this thread.
    #[inline]
    fn member_of_lane(&self, index: usize) -> Option<&Arc<Member<E>>> {
        if index >= self.len {
            return None;
        }
        self.members.get(lanes::of_thread(self.lanes) * self.len + index)
    }
}

/// What filters and strategies add to the members of a set. Each yields a set with a new id, which shares the endpoints and
/// keeps the next tiers as they are. None of them is for a request's thread.
impl<E> EndpointSet<E> {
    /// Each endpoint's state of a kind, by index; those that have none yet get theirs. Cost: one look a
    /// member, and three allocations for each that is new.
    pub fn states<T: Send + Sync + 'static>(&self, key: &StateKey<T>) -> Box<[Arc<T>]> {
        self.members().iter().map(|member| member.state(key)).collect()
    }

    /// Has the pick of each member tell the observer of its index, beside those that are told already. One that observes
    /// a member already is not told twice. With fewer observers than members the last members get none.
    #[must_use]
    pub fn observed<T: PickObserver>(&self, observers: &[Arc<T>]) -> Self {
        let observed = |(index, member): (usize, &Arc<Member<E>>)| match observers.get(index) {
            Some(observer) => member.observed_by(Arc::<T>::clone(observer)),
            None => Arc::clone(member),
        };
        self.with_members(self.members().iter().enumerate().map(observed).collect())
    }

    /// Marks the members that `healthy` says no of. Marks that are there already stay.
    #[must_use]
    pub fn with_health(&self, healthy: impl Fn(usize, &Instance) -> bool) -> Self {
        self.with_marks(|index, instance| {
            (!healthy(index, instance)).then(|| Mark::new("health", "not healthy"))
        })
    }

    /// Marks the members for which `mark` yields one. A member that is marked already keeps its mark.
    #[must_use]
    pub fn with_marks(&self, mark: impl Fn(usize, &Instance) -> Option<Mark>) -> Self {
        let of = |(index, instance)| self.mark(index).cloned().or_else(|| mark(index, instance));
        let marks: Arc<[_]> = self.instances().enumerate().map(of).collect();
        let marks = marks.iter().any(Option::is_some).then_some(marks);
        Self { marks, ..self.to_set() }
    }

    /// The same members without their marks.
    #[must_use]
    pub fn without_marks(&self) -> Self {
        Self { marks: None, ..self.to_set() }
    }

    /// The same members under the weights that `weight` yields.
    #[must_use]
    pub fn with_weights(&self, weight: impl Fn(usize, &Instance) -> u32) -> Self {
        let weighted = |(index, member): (usize, &Arc<Member<E>>)| {
            let (instance, weight) = (member.instance(), weight(index, member.instance()));
            if weight == instance.weight() {
                Arc::clone(member)
            } else {
                member.renewed(instance.clone().with_weight(weight))
            }
        };
        self.with_members(self.members().iter().enumerate().map(weighted).collect())
    }

    /// Whether the member at `index` is there and has no mark.
    pub fn is_healthy(&self, index: usize) -> bool {
        index < self.len && self.mark(index).is_none()
    }

    /// The mark of the member at `index`, if it has one.
    pub fn mark(&self, index: usize) -> Option<&Mark> {
        self.marks.as_ref()?.get(index)?.as_ref()
    }

    /// Other members for the same endpoints, one for one.
    fn with_members(&self, members: Vec<Arc<Member<E>>>) -> Self {
        Self { marks: self.marks.clone(), next: self.next.clone(), ..Self::from_members(members) }
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
