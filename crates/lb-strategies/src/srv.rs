use lb_core::{
    Derived, EndpointSet, Error, LoadBalancer, Pick, PickRequest, Publisher, TierChoice, TierRule,
};

use crate::forward::{debug_with_publisher, forward_to_derived};
use crate::numbers::Numbers;
use crate::shares::Shares;
use crate::split_mix::below;
use crate::tiers::Tiers;

/// Picks as RFC 2782 has it for SRV records: from the lowest priority that can be reached, in proportion to weight.
///
/// It needs no filter before it: the tiers of priority are its own. A request that has tried endpoints goes on within the
/// tier, without replacement, then with the next tier. Members of weight 0 come last in their tier, after all others were
/// tried; where all are 0 they are alike. Where filters [mark](lb_core::Mark) members, it follows [`TierRule`], at 50 %, as
/// `PriorityTiers` does.
///
/// The choice is unbiased: the next of those left comes in proportion to its weight. The RFC's own procedure
/// ([`as_the_rfc_says`](Self::as_the_rfc_says)) draws from 0 to the sum, both included, and gives what comes first a share
/// too many: {1, 1} becomes 2/3 to 1/3, {0, 1, 1} a third each. With large weights the difference is small.
///
/// Cost of a pick: the set's load, one reference count, one step of a generator, a look at a table. With a tried-list: up
/// to two passes over the tier. Of an update: one pass. Memory: at most 28 bytes an endpoint, whatever the weights.
///
/// ```
/// use lb_core::{EndpointCache, Instance, LoadBalancer};
/// use lb_strategies::Srv;
///
/// let cache = EndpointCache::new(|i: &Instance| Ok::<_, std::io::Error>(i.address().to_owned()));
/// let backup = Instance::new("backup:80").with_priority(20);
/// let heavy = Instance::new("heavy:80").with_priority(10).with_weight(3);
/// let light = Instance::new("light:80").with_priority(10).with_weight(1);
/// cache.replace([backup, heavy, light]);
/// let lb = Srv::with_seed(cache, 7);
/// let heavy = (0..1000).filter(|_| *lb.endpoint().unwrap() == "heavy:80").count();
/// assert!((700..800).contains(&heavy));
/// ```
pub struct Srv<P: Publisher> {
    tables: Derived<P, Table<P::Endpoint>>,
    numbers: Numbers,
    as_the_rfc_says: bool,
}

struct Table<E> {
    choice: TierChoice,
    tiers: Tiers<E, Tier>,
}

/// One tier: its shares, and those that the RFC's running sums come to.
#[derive(Debug)]
struct Tier {
    shares: Shares,
    weights: Box<[u32]>,
}

impl<P> Srv<P>
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

    /// The same with the RFC's procedure to the letter, bias included: those of weight 0 first, then by address; a number
    /// from 0 to the sum of weights, both included; the first whose running sum is not below it. Cost of a pick: a pass over
    /// the tier.
    #[must_use]
    pub fn as_the_rfc_says(mut self) -> Self {
        self.as_the_rfc_says = true;
        self
    }

    fn with(publisher: P, numbers: Numbers) -> Self {
        let derive = |set: &EndpointSet<P::Endpoint>, before: Option<&Table<P::Endpoint>>| {
            let (set, choice) = TierRule::default().choose(set, before.map(|table| &table.choice));
            let tiers = Tiers::derive(&set, |tier| {
                let weights = tier.instances().map(lb_core::Instance::weight).collect();
                (tier.to_set(), Tier { shares: Shares::of(tier), weights })
            });
            Table { choice, tiers }
        };
        Self { tables: Derived::new(publisher, derive), numbers, as_the_rfc_says: false }
    }
}

impl Tier {
    /// One of those that `wanted` says yes of, those of weight 0 last.
    fn draw(&self, number: u64, wanted: &dyn Fn(usize) -> bool) -> Option<usize> {
        self.shares.draw_wanted(number, wanted).or_else(|| {
            let zeros =
                || (0..self.weights.len()).filter(|index| self.weights[*index] == 0 && wanted(*index));
            let count = zeros().count();
            (count > 0).then(|| zeros().nth(below(number, count)))?
        })
    }

    /// As RFC 2782, "Weight", has it: the running sums of those left, the ones of weight 0 first.
    #[expect(clippy::cast_possible_truncation, reason = "sums of u32, on a platform of 64 bits")]
    fn draw_by_running_sums(&self, number: u64, wanted: &dyn Fn(usize) -> bool) -> Option<usize> {
        let of = |zero: bool| {
            let weights = self.weights.iter().enumerate();
            weights.filter(move |(index, weight)| (**weight == 0) == zero && wanted(*index))
        };
        let total: u64 = of(false).map(|(_, weight)| u64::from(*weight)).sum();
        let drawn = below(number, total as usize + 1) as u64;
        let mut sum = 0;
        of(true).chain(of(false)).find_map(|(index, weight)| {
            sum += u64::from(*weight);
            (sum >= drawn).then_some(index)
        })
    }
}

impl<P> LoadBalancer for Srv<P>
where
    P: Publisher,
    P::Endpoint: Send + Sync,
{
    type Endpoint = P::Endpoint;

    #[inline]
    fn pick(&self, request: &PickRequest<'_>) -> Result<Pick<P::Endpoint>, Error> {
        let table = self.tables.load()?;
        let number = self.numbers.next();
        let (tier, index) = table.tiers.choose(
            request,
            |tier| {
                if self.as_the_rfc_says {
                    return tier.table.draw_by_running_sums(number, &|_| true).unwrap_or_default();
                }
                tier.table.shares.draw(number)
            },
            |tier, untried| {
                if self.as_the_rfc_says {
                    return tier.table.draw_by_running_sums(number, untried);
                }
                tier.table.draw(number, untried)
            },
        )?;
        tier.pick(index)
    }

    forward_to_derived!(tables);
}

debug_with_publisher!(Srv, tables);
