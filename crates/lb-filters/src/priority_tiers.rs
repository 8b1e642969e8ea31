use std::sync::Weak;

use lb_core::{Derived, EndpointCell, Endpoints, Error, Instance, Observer, Publisher};

/// Only the members of the best tier: those with the lowest priority value present.
///
/// So the backups among SRV records (RFC 2782, "Priority": a client must attempt the lowest-numbered it can reach) get
/// no traffic while a primary stands in the set. This is the plain form: it looks at what is published, not at health.
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
        Self(Derived::new(publisher, |endpoints| EndpointCell::new(best_tier(endpoints))))
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
}

/// The members of the lowest priority value; the set itself when there is one tier.
fn best_tier<E>(endpoints: &Endpoints<E>) -> Endpoints<E> {
    let best = endpoints.instances().map(Instance::priority).min();
    let in_best = |instance: &Instance| Some(instance.priority()) == best;
    if endpoints.instances().all(in_best) {
        return endpoints.clone();
    }
    endpoints.select(endpoints.instances().enumerate().filter(|(_, i)| in_best(i)).map(|(index, _)| index))
}
