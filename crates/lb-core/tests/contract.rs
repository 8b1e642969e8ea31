//! What every publisher promises, run over `EndpointCache`, plain and shared.

use std::sync::Arc;

use lb_core::{EndpointCache, Instance};

type Cache = EndpointCache<String>;

fn of(addresses: &[&str]) -> Cache {
    let cache = Cache::new(|instance: &Instance| Ok::<_, String>(instance.address().to_owned()));
    cache.replace(addresses.iter().copied());
    cache
}

fn change(cache: &Cache, addresses: &[&str]) {
    cache.replace(addresses.iter().copied());
}

lb_test::publisher_contract!(endpoint_cache, new: of, change: change);

lb_test::publisher_contract!(
    shared_endpoint_cache,
    new: |addresses: &[&str]| Arc::new(of(addresses)),
    change: |cache: &Arc<Cache>, addresses: &[&str]| change(cache, addresses),
);
