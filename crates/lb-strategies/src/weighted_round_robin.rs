use lb_core::{Derived, Error, LoadBalancer, Pick, PickRequest, Publisher};

use crate::forward::{debug_with_publisher, forward_to_derived};
use crate::numbers::Numbers;
use crate::tiers::Tiers;
use crate::turns::Turns;
use crate::turns_by_weight::TurnsByWeight;

/// Picks each endpoint in turn, as often as its [weight](lb_core::Instance::weight) says, without bursts.
///
/// Weight 0 gets nothing, unless all are 0, which means that all are equal. Weights may be anything up to `u32::MAX`.
///
/// - Equal weights: as [`RoundRobin`](crate::RoundRobin).
/// - Weights whose sum, after division by their greatest common divisor, is at most 1,024: an exact cycle. Over any
///   number of turns in a row an endpoint's count is less than 2 from its share; {5, 1, 1} gives `abaacaa`. Source:
///   Tijdeman, "The chairman assignment problem" (1980); Baruah et al., "Proportionate progress" (1996).
/// - All others: each turn goes on around the circle of shares by the golden ratio, whose multiples are spread the most
///   evenly of all (H. Niederreiter, "Random Number Generation and Quasi-Monte Carlo Methods", 1992, section 3.1); over
///   *m* turns a count is off by a few, growing as log *m*. Shares are exact to 2⁻⁶³.
///
/// Where the ratios are known to be even, it is the better choice than [`WeightedRandom`](crate::WeightedRandom): it is
/// even over few requests. [`new`](Self::new) starts at a random place and has up to 16 counters, so that threads do not
/// fight for one; each thread has the sequence from a place of its own. [`starting_at`](Self::starting_at) has one.
///
/// Cost of a pick: as one of `RoundRobin`, and one look at a table. It waits for nothing. Of an update: one pass, and 0.2
/// ms at most for an exact cycle. Memory: 28 bytes an endpoint and 4 kB at most, whatever the
/// weights.
///
/// ```
/// use lb_core::{EndpointCache, Instance, LoadBalancer};
/// use lb_strategies::WeightedRoundRobin;
///
/// let cache = EndpointCache::new(|i: &Instance| Ok::<_, std::io::Error>(i.address().to_owned()));
/// cache.replace([Instance::new("a").with_weight(5), Instance::new("b"), Instance::new("c")]);
/// let lb = WeightedRoundRobin::starting_at(cache, 0);
/// let picked: String = (0..7).map(|_| lb.endpoint().unwrap().to_string()).collect();
/// assert_eq!(picked, "abaacaa");
/// ```
pub struct WeightedRoundRobin<P: Publisher> {
    tables: Derived<P, Tiers<P::Endpoint, TurnsByWeight>>,
    turns: Turns,
    /// For requests that have tried endpoints.
    numbers: Numbers,
}

impl<P> WeightedRoundRobin<P>
where
    P: Publisher + 'static,
    P::Endpoint: Send + Sync,
{
    /// Starts at a random place, with a counter for each of up to 16 threads.
    pub fn new(publisher: P) -> Self {
        Self::with(publisher, Turns::sharded())
    }

    /// Starts at turn `offset`, with one counter for all threads: the exact sequence, whichever threads pick.
    pub fn starting_at(publisher: P, offset: usize) -> Self {
        Self::with(publisher, Turns::strict(offset))
    }

    fn with(publisher: P, turns: Turns) -> Self {
        let derive =
            |set: &_, _: Option<&_>| Tiers::derive(set, |tier| (tier.to_set(), TurnsByWeight::of(tier)));
        Self { tables: Derived::new(publisher, derive), turns, numbers: Numbers::PerThread }
    }
}

impl<P> LoadBalancer for WeightedRoundRobin<P>
where
    P: Publisher,
    P::Endpoint: Send + Sync,
{
    type Endpoint = P::Endpoint;

    #[inline]
    fn pick(&self, request: &PickRequest<'_>) -> Result<Pick<P::Endpoint>, Error> {
        let tiers = self.tables.load()?;
        let (tier, index) = tiers.choose(
            request,
            |tier| tier.table.member(self.turns.next(tier.table.len())),
            |tier, untried| tier.table.shares().draw_wanted(self.numbers.next(), untried),
        )?;
        tier.pick(index)
    }

    forward_to_derived!(tables);
}

debug_with_publisher!(WeightedRoundRobin, tables);
