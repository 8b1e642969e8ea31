use std::sync::atomic::Ordering;

use lb_core::PickObserver;

use crate::sync::AtomicU32;

/// How many requests an endpoint is working on: the picks on it that have not been dropped.
///
/// A state that endpoints carry for whoever looks ([`StateKey::shared`](lb_core::StateKey::shared)): two balancers on one
/// publisher share it.
///
/// ```
/// use lb_core::{EndpointCache, Instance, LoadBalancer, Publisher, StateKey};
/// use lb_strategies::{InFlight, LeastLoaded};
///
/// let cache = std::sync::Arc::new(EndpointCache::new(|_: &Instance| Ok::<_, std::io::Error>(())));
/// cache.replace(["a:80"]);
/// let (one, other) = (LeastLoaded::new(cache.clone()), LeastLoaded::new(cache.clone()));
/// let picks = (one.endpoint()?, other.endpoint()?);
/// let states = cache.endpoints()?.states(&StateKey::<InFlight>::shared());
/// assert_eq!(states[0].get(), 2);
/// # drop(picks);
/// # Ok::<_, lb_core::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct InFlight {
    count: AtomicU32,
    /// With the counts of its `Arc` it fills a cache line, so that two endpoints' counters never share one.
    _padding: [u64; 5],
}

impl InFlight {
    /// How many there are now.
    #[inline]
    pub fn get(&self) -> u32 {
        // Relaxed, as all here: a count that nothing else is read by.
        self.count.load(Ordering::Relaxed)
    }
}

impl PickObserver for InFlight {
    #[inline]
    fn picked(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    #[inline]
    fn dropped(&self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}
