use std::sync::Arc;

use lb_core::{Derived, EndpointSet, Error, LoadBalancer, Pick, PickRequest, Publisher, StateKey};

use crate::forward::{debug_with_publisher, forward_to_derived};
use crate::in_flight::InFlight;
use crate::numbers::Numbers;
use crate::shares::Shares;
use crate::tiers::Tiers;
use crate::two_choices::{less_in_flight, two, two_wanted};

/// Picks the less loaded of two endpoints drawn at random: the one with fewer requests in flight by weight.
///
/// A request is in flight from its pick until the pick is dropped, so keep the pick for as long as the request lasts. Two
/// balancers on one publisher share the counts ([`InFlight`]). Endpoints are drawn in proportion to their
/// [weight](lb_core::Instance::weight), and (requests in flight + 1) / weight is compared, unless both are idle: then it is
/// the first that was drawn. 0 gets nothing, unless all are 0. A newcomer has nothing in flight, and two choices keep it from being flooded: it is one of the two in 2/*n* of the
/// picks.
///
/// With it a slow endpoint gets less, whatever makes it slow. One that fails fast looks fast, and draws traffic: of ten
/// endpoints that one gets 19 % instead of 10 at load 0.6 where one client sends all requests (11 % where twenty do, each
/// of which knows its own alone), so put an ejection of outliers before it, or take [`PeakEwma`](crate::PeakEwma). Source: Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing" (2001);
/// gRPC A48 has the same rule.
///
/// Cost of a pick: the set's load, one reference count, one step of a generator, two reads of counts that other threads
/// write, one add and one subtraction on the count of the endpoint. Of an update: one pass. Memory: 64 bytes an endpoint
/// for all balancers, and for each a set of its own and at most 36 bytes an endpoint.
///
/// ```
/// use lb_core::{EndpointCache, Instance, LoadBalancer};
/// use lb_strategies::LeastLoaded;
///
/// let cache = EndpointCache::new(|i: &Instance| Ok::<_, std::io::Error>(i.address().to_owned()));
/// cache.replace(["a:80", "b:80"]);
/// let lb = LeastLoaded::new(cache);
/// let busy = lb.endpoint()?;
/// assert!((0..100).all(|_| lb.endpoint().unwrap().address() != busy.address()));
/// # Ok::<_, lb_core::Error>(())
/// ```
pub struct LeastLoaded<P: Publisher> {
    tables: Derived<P, Tiers<P::Endpoint, Table>>,
    numbers: Numbers,
}

#[derive(Debug)]
struct Table {
    shares: Shares,
    in_flight: Box<[Arc<InFlight>]>,
}

impl<P> LeastLoaded<P>
where
    P: Publisher + 'static,
    P::Endpoint: Send + Sync,
{
    /// Draws with a generator for each thread, seeded by the operating system.
    pub fn new(publisher: P) -> Self {
        Self::with(publisher, Numbers::PerThread)
    }

    /// Draws from one sequence for a `seed`, whichever threads pick: for tests and simulations.
    pub fn with_seed(publisher: P, seed: u64) -> Self {
        Self::with(publisher, Numbers::seeded(seed))
    }

    fn with(publisher: P, numbers: Numbers) -> Self {
        let key = StateKey::shared();
        let derive = move |set: &_, _: Option<&_>| {
            Tiers::derive(set, |tier: &EndpointSet<_>| {
                let in_flight = tier.states(&key);
                (tier.observed(&in_flight), Table { shares: Shares::of(tier), in_flight })
            })
        };
        Self { tables: Derived::new(publisher, derive), numbers }
    }
}

impl Table {
    #[inline]
    fn less_loaded(&self, drawn: (usize, usize)) -> usize {
        less_in_flight(&self.shares, &self.in_flight, drawn)
    }
}

impl<P> LoadBalancer for LeastLoaded<P>
where
    P: Publisher,
    P::Endpoint: Send + Sync,
{
    type Endpoint = P::Endpoint;

    #[inline]
    fn pick(&self, request: &PickRequest<'_>) -> Result<Pick<P::Endpoint>, Error> {
        let tiers = self.tables.load()?;
        let number = self.numbers.next();
        let (tier, index) = tiers.choose(
            request,
            |tier| tier.table.less_loaded(two(&tier.table.shares, number)),
            |tier, untried| Some(tier.table.less_loaded(two_wanted(&tier.table.shares, number, untried)?)),
        )?;
        tier.pick(index)
    }

    forward_to_derived!(tables);
}

debug_with_publisher!(LeastLoaded, tables);
