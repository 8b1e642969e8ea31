//! What every publisher promises, run over `PriorityTiers`: with one tier, with backups behind it, in a chain, and where it
//! splits the traffic.

use std::sync::Arc;

use lb_core::{EndpointCache, Instance, Observer, Publisher};
use lb_filters::PriorityTiers;

type Cache = Arc<EndpointCache<String>>;

fn cache() -> Cache {
    Arc::new(EndpointCache::new(|instance: &Instance| Ok::<_, String>(instance.address().to_owned())))
}

/// The given addresses, and as many backups.
fn with_backups(cache: &Cache, addresses: &[&str]) {
    let backups = addresses.iter().map(|address| Instance::new(format!("backup-{address}")).with_priority(1));
    cache.replace(addresses.iter().map(|address| Instance::new(*address)).chain(backups));
}

/// A filter beside the cache it stands on.
struct Over<P>(P, Cache);

impl<P: Publisher> Publisher for Over<P> {
    type Endpoint = P::Endpoint;

    fn endpoints(&self) -> Result<lb_core::Endpoints<P::Endpoint>, lb_core::Error> {
        self.0.endpoints()
    }

    fn subscribe(&self, observer: std::sync::Weak<dyn Observer>) -> bool {
        self.0.subscribe(observer)
    }
}

fn over<P>(filter: impl Fn(Cache) -> P, addresses: &[&str]) -> Over<P> {
    let cache = cache();
    with_backups(&cache, addresses);
    Over(filter(cache.clone()), cache)
}

lb_test::publisher_contract!(
    one_tier,
    new: |addresses: &[&str]| {
        let cache = cache();
        cache.replace(addresses.iter().copied());
        Over(PriorityTiers::new(cache.clone()), cache)
    },
    change: |Over(_, cache): &Over<_>, addresses: &[&str]| cache.replace(addresses.iter().copied()),
);

lb_test::publisher_contract!(
    with_backups_behind,
    new: |addresses: &[&str]| over(PriorityTiers::new, addresses),
    change: |Over(_, cache): &Over<_>, addresses: &[&str]| with_backups(cache, addresses),
);

lb_test::publisher_contract!(
    chained,
    new: |addresses: &[&str]| over(|cache| PriorityTiers::new(PriorityTiers::new(cache)), addresses),
    change: |Over(_, cache): &Over<_>, addresses: &[&str]| with_backups(cache, addresses),
);

lb_test::publisher_contract!(
    smooth,
    new: |addresses: &[&str]| over(PriorityTiers::smooth, addresses),
    change: |Over(_, cache): &Over<_>, addresses: &[&str]| with_backups(cache, addresses),
);
