use std::sync::Weak;

use lb_core::{EndpointId, Error, LoadBalancer, Observer, Pick, PickRequest, Publisher};

use crate::draw;
use crate::numbers::Numbers;
use crate::split_mix::below;

/// Picks uniformly at random.
///
/// - [`new`](Self::new) draws from one sequence for a seed, whichever threads pick: for tests and simulations.
/// - [`from_os_rng`](Self::from_os_rng) has a generator for each thread, seeded by the operating system: no contention.
///
/// Weight and priority are ignored. After *m* picks from *n* endpoints a count is *m/n* give or take √(*m/n*): over few
/// requests [`RoundRobin`](crate::RoundRobin) is more even. The generator is `SplitMix64`, which is no secret to those
/// who see its output. Cost of a pick: the set's load, one reference count, one step of the generator.
///
/// ```
/// use lb_core::{EndpointCache, Instance, LoadBalancer};
/// use lb_strategies::Random;
///
/// let cache = EndpointCache::new(|i: &Instance| Ok::<_, std::io::Error>(i.address().to_owned()));
/// cache.replace(["a:80", "b:80", "c:80"]);
/// let (one, other) = (Random::new(&cache, 7), Random::new(&cache, 7));
/// assert!((0..100).all(|_| one.endpoint().unwrap().address() == other.endpoint().unwrap().address()));
/// ```
#[derive(Debug)]
pub struct Random<P> {
    publisher: P,
    numbers: Numbers,
}

impl<P: Publisher> Random<P> {
    /// One sequence for a `seed`, whichever threads pick. Threads share one counter.
    pub fn new(publisher: P, seed: u64) -> Self {
        Self { publisher, numbers: Numbers::seeded(seed) }
    }

    /// A generator for each thread, seeded by the operating system.
    pub fn from_os_rng(publisher: P) -> Self {
        Self { publisher, numbers: Numbers::PerThread }
    }
}

impl<P: Publisher> LoadBalancer for Random<P> {
    type Endpoint = P::Endpoint;

    #[inline]
    fn pick(&self, request: &PickRequest<'_>) -> Result<Pick<P::Endpoint>, Error> {
        let endpoints = self.publisher.endpoints()?;
        draw::pick(&endpoints, request, |len| below(self.numbers.next(), len))
    }

    fn subscribe(&self, observer: Weak<dyn Observer>) -> bool {
        self.publisher.subscribe(observer)
    }

    fn name(&self) -> Option<&str> {
        self.publisher.name()
    }

    fn renew(&self, id: EndpointId) -> bool {
        self.publisher.renew(id)
    }
}
