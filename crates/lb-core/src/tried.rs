use crate::EndpointId;

/// How many ids are kept without an allocation.
const FEW: usize = 4;

/// The endpoints that were tried for one request.
///
/// Cost: no allocation up to four of them; a comparison for each in [`contains`](Self::contains).
///
/// ```
/// use lb_core::{EndpointSet, Instance, Tried};
///
/// let set = EndpointSet::new([(Instance::new("a:80"), 'a')]);
/// let mut tried = Tried::new();
/// let pick = set.pick(0).unwrap();
/// tried.insert(pick.id());
/// assert!(tried.contains(set.id_at(0).unwrap()));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Tried {
    few: [Option<EndpointId>; FEW],
    more: Vec<EndpointId>,
}

impl Tried {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one; once is enough.
    pub fn insert(&mut self, id: EndpointId) {
        if self.contains(id) {
            return;
        }
        match self.few.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = Some(id),
            None => self.more.push(id),
        }
    }

    /// Adds all of `other`.
    pub fn extend(&mut self, other: &Self) {
        other.few.iter().flatten().chain(&other.more).for_each(|id| self.insert(*id));
    }

    /// Whether `id` was tried.
    #[inline]
    pub fn contains(&self, id: EndpointId) -> bool {
        self.few.contains(&Some(id)) || self.more.contains(&id)
    }

    /// Forgets them all, and keeps the memory.
    pub fn clear(&mut self) {
        self.few = [None; FEW];
        self.more.clear();
    }

    /// Whether none was tried.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.few[0].is_none()
    }
}
