use lb_core::{Derived, Error, LoadBalancer, Pick, PickRequest, Publisher};

use crate::forward::{debug_with_publisher, forward_to_derived};
use crate::numbers::Numbers;
use crate::shares::Shares;
use crate::tiers::Tiers;

/// Picks at random, each endpoint in proportion to its [weight](lb_core::Instance::weight).
///
/// Weight 0 gets nothing, unless all are 0, which means that all are equal. Weights may be anything up to `u32::MAX`.
/// After *m* picks the count of an endpoint of share *p* is *mp* give or take √(*mp*): over few requests
/// [`WeightedRoundRobin`](crate::WeightedRoundRobin) is more even. Bias: an endpoint's share is off by 2⁻⁶³ at most.
///
/// A request that has tried endpoints gets one of the others, in proportion to their weights; those of weight 0 do not
/// count.
///
/// Cost of a pick: the set's load, one reference count, one step of a generator, a look at a table (two reads on average).
/// Of an update: one pass. Memory: at most 28 bytes an endpoint, whatever the weights. Source of the table: see Devroye,
/// "Non-Uniform Random Variate Generation", III.2.4.
///
/// ```
/// use lb_core::{EndpointCache, Instance, LoadBalancer};
/// use lb_strategies::WeightedRandom;
///
/// let cache = EndpointCache::new(|i: &Instance| Ok::<_, std::io::Error>(i.weight()));
/// cache.replace([Instance::new("a:80").with_weight(9), Instance::new("b:80").with_weight(1)]);
/// let lb = WeightedRandom::new(cache, 7);
/// let heavy = (0..1000).filter(|_| *lb.endpoint().unwrap() == 9).count();
/// assert!((850..950).contains(&heavy));
/// ```
pub struct WeightedRandom<P: Publisher> {
    shares: Derived<P, Tiers<P::Endpoint, Shares>>,
    numbers: Numbers,
}

impl<P> WeightedRandom<P>
where
    P: Publisher + 'static,
    P::Endpoint: Send + Sync,
{
    /// One sequence for a `seed`, whichever threads pick: for tests and simulations. Threads share one counter.
    pub fn new(publisher: P, seed: u64) -> Self {
        Self::with(publisher, Numbers::seeded(seed))
    }

    /// A generator for each thread, seeded by the operating system: no contention.
    pub fn from_os_rng(publisher: P) -> Self {
        Self::with(publisher, Numbers::PerThread)
    }

    fn with(publisher: P, numbers: Numbers) -> Self {
        let derive = |set: &_, _: Option<&_>| Tiers::derive(set, |tier| (tier.to_set(), Shares::of(tier)));
        Self { shares: Derived::new(publisher, derive), numbers }
    }
}

impl<P> LoadBalancer for WeightedRandom<P>
where
    P: Publisher,
    P::Endpoint: Send + Sync,
{
    type Endpoint = P::Endpoint;

    #[inline]
    fn pick(&self, request: &PickRequest<'_>) -> Result<Pick<P::Endpoint>, Error> {
        let tiers = self.shares.load()?;
        let number = self.numbers.next();
        let (tier, index) = tiers.choose(
            request,
            |tier| tier.table.draw(number),
            |tier, untried| tier.table.draw_wanted(number, untried),
        )?;
        tier.pick(index)
    }

    forward_to_derived!(shares);
}

debug_with_publisher!(WeightedRandom, shares);
