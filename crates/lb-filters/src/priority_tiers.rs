use std::collections::BTreeMap;
use std::sync::Weak;

use lb_core::{Derived, EndpointCell, EndpointId, EndpointSet, Endpoints, Error, Observer, Publisher};

/// The members of the best tier, those with the lowest priority value present; the others as its
/// [next tiers](EndpointSet::next_tier).
///
/// So the backups among SRV records get no traffic while a primary answers, and a request that has tried all primaries
/// goes on with them: RFC 2782, "Priority", has a client attempt the lowest-numbered it can reach. This is the plain form:
/// it looks at what is published, not at health.
///
/// Cost: of a pick, one more load than without; of an update, one pass over the set.
///
/// ```
/// use lb_core::{Instance, Publisher};
/// use lb_filters::PriorityTiers;
/// use lb_static::FixedPublisher;
///
/// let backup = Instance::new("backup:80").with_priority(20);
/// let primary = Instance::new("primary:80").with_priority(10);
/// let tiers = PriorityTiers::new(FixedPublisher::new([(backup, ()), (primary, ())]));
/// assert_eq!(tiers.endpoints()?.instances().map(Instance::address).collect::<Vec<_>>(), ["primary:80"]);
/// # Ok::<_, lb_core::Error>(())
/// ```
#[derive(Debug)]
pub struct PriorityTiers<P: Publisher>(Derived<P, EndpointCell<P::Endpoint>>);

impl<P> PriorityTiers<P>
where
    P: Publisher + 'static,
    P::Endpoint: Send + Sync,
{
    /// Filters `publisher`. To share a publisher between several filters, give each an `Arc` of it.
    pub fn new(publisher: P) -> Self {
        Self(Derived::new(publisher, |set, _| EndpointCell::new(tiers(set))))
    }
}

impl<P> Publisher for PriorityTiers<P>
where
    P: Publisher,
    P::Endpoint: Send + Sync,
{
    type Endpoint = P::Endpoint;

    #[inline]
    fn endpoints(&self) -> Result<Endpoints<P::Endpoint>, Error> {
        Ok(self.0.load()?.load())
    }

    fn subscribe(&self, observer: Weak<dyn Observer>) -> bool {
        self.0.subscribe(observer)
    }

    fn name(&self) -> Option<&str> {
        self.0.publisher().name()
    }

    fn renew(&self, id: EndpointId) -> bool {
        self.0.publisher().renew(id)
    }
}

/// A tier for each priority value present, the lowest first. A set that has tiers already keeps them.
fn tiers<E>(set: &EndpointSet<E>) -> EndpointSet<E> {
    let mut by_priority: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
    for (index, instance) in set.instances().enumerate() {
        by_priority.entry(instance.priority()).or_default().push(index);
    }
    if by_priority.len() <= 1 || set.next_tier().is_some() {
        return set.to_set();
    }
    // From the last to the first: each becomes what the one before goes on with.
    let tiers = by_priority.into_values().rev().map(|indices| set.select(indices));
    tiers.reduce(|next, tier| tier.or_else(next)).unwrap_or_else(|| set.to_set())
}
