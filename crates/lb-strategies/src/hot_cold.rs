mod builder;
mod heard;

use std::sync::Arc;

use lb_core::{Derived, EndpointSet, Error, LoadBalancer, Pick, PickRequest, Publisher, StateKey};

pub use builder::HotColdBuilder;

use self::heard::{Heard, Settings};
use crate::forward::{debug_with_publisher, forward_to_derived};
use crate::in_flight::InFlight;
use crate::numbers::Numbers;
use crate::shares::Shares;
use crate::split_mix::{below, mix, nth};
use crate::tiers::Tiers;
use crate::two_choices::less_in_flight;

/// Picks by what servers say of their own load, in their responses: of eight endpoints drawn at random the fastest that is
/// not hot, or the least loaded if all are.
///
/// A server reports how many requests it works on, or its utilisation, and, if it can, its latency; the caller passes it
/// on with [`Pick::report`]. An endpoint is hot while its load is above a quantile (0.84) of what was heard. A report counts
/// for 1 s: what it says of the load gives way to what is usual meanwhile, what it says of the speed stays, and the
/// balancer's own requests since then are counted at once. The latency of one more request is taken to grow with the
/// requests in flight. Where a report has no latency, what the balancer has measured itself stands in for it; failures add
/// to it, as slow as 1 s each, so that an endpoint that fails gets less than its share whatever it reports.
///
/// An endpoint that has said nothing is picked as [`LeastLoaded`](crate::LeastLoaded) does, when it is drawn first: a
/// silent one gets no more than its share, and where all are silent the strategy is that one. Endpoints are drawn in
/// proportion to their [weight](lb_core::Instance::weight); 0 gets nothing, unless all are 0.
///
/// It is the choice of Prequal (B. Wydrowski et al., "Load is not what you should balance: Introducing Prequal", NSDI 2024,
/// section 4) without its probes: reports ride on the responses. With few requests to each server reports are old, and it
/// is `LeastLoaded` most of the time.
///
/// Cost of a pick, its record and its drop: about 190 ns beside those of a round robin pick, and two looks at the clock; of a
/// report, one more look. Of an update: one pass. Memory: for each balancer a set of its own, and at most 150 bytes an
/// endpoint.
///
/// ```
/// use lb_core::{EndpointCache, Instance, LoadBalancer, Reported};
/// use lb_strategies::HotCold;
///
/// let cache = EndpointCache::new(|i: &Instance| Ok::<_, std::io::Error>(i.address().to_owned()));
/// cache.replace(["busy:80", "idle:80"]);
/// let lb = HotCold::builder(cache).seed(7).build();
/// for _ in 0..100 {
///     let pick = lb.endpoint()?;
///     let in_flight = if pick.starts_with("busy") { 90 } else { 2 };
///     pick.report(&Reported::new().with_in_flight(in_flight));
/// }
/// assert!((0..100).all(|_| *lb.endpoint().unwrap() == "idle:80"));
/// # Ok::<_, lb_core::Error>(())
/// ```
pub struct HotCold<P: Publisher> {
    tables: Derived<P, Tiers<P::Endpoint, Table>>,
    settings: Arc<Settings>,
    numbers: Numbers,
}

struct Table {
    shares: Shares,
    in_flight: Box<[Arc<InFlight>]>,
    heard: Box<[Arc<Heard>]>,
}

/// So many endpoints are drawn for each pick.
const CHOICES: u64 = 8;

impl<P> HotCold<P>
where
    P: Publisher + 'static,
    P::Endpoint: Send + Sync,
{
    /// With the defaults: hot above the 0.84 quantile, reports count for 1 s, the system's clock, and a generator for each
    /// thread.
    pub fn new(publisher: P) -> Self {
        Self::builder(publisher).build()
    }

    /// To set what has a default.
    pub fn builder(publisher: P) -> HotColdBuilder<P> {
        HotColdBuilder::new(publisher)
    }

    fn with(publisher: P, settings: Settings, numbers: Numbers) -> Self {
        let settings = Arc::new(settings);
        let (in_flight, of_heard) = (StateKey::shared(), Arc::clone(&settings));
        let heard = StateKey::new(move |_| Heard::new(Arc::clone(&of_heard)));
        let derive = move |set: &_, _: Option<&_>| {
            Tiers::derive(set, |tier: &EndpointSet<_>| {
                let (in_flight, heard) = (tier.states(&in_flight), tier.states(&heard));
                for (heard, in_flight) in heard.iter().zip(&in_flight) {
                    heard.count_by(in_flight);
                }
                let observed = tier.observed(&in_flight).observed(&heard);
                (observed, Table { shares: Shares::of(tier), in_flight, heard })
            })
        };
        Self { tables: Derived::new(publisher, derive), settings, numbers }
    }
}

impl Table {
    /// Of the endpoints that `draw` yields for 0, 1 and so on the best by what was heard.
    #[inline]
    fn choose(&self, threshold: f32, now: u64, draw: impl Fn(u64) -> Option<usize>) -> Option<usize> {
        let first = draw(0)?;
        let Some(mut best) = self.load(first, now, threshold).map(|load| (first, load)) else {
            let second = draw(1).unwrap_or(first);
            return Some(less_in_flight(&self.shares, &self.in_flight, (first, second)));
        };
        for index in (1..CHOICES).filter_map(&draw) {
            if let Some(load) = self.load(index, now, threshold)
                && load.is_better_than(best.1, threshold)
            {
                best = (index, load);
            }
        }
        Some(best.0)
    }

    /// The n-th endpoint of a pick that drew `number`: by its share, or, where all are equal, by steps of one random length,
    /// so that few are met twice.
    #[inline]
    fn draw(&self, number: u64, n: u64) -> usize {
        let len = self.shares.len();
        if !self.shares.are_equal() || len == 1 {
            return self.shares.draw(further(number, n));
        }
        let step = 1 + below(mix(number), len - 1);
        #[expect(clippy::cast_possible_truncation, reason = "one of a few choices")]
        ((self.shares.draw(number) + n as usize * step) % len)
    }

    #[inline]
    fn load(&self, index: usize, now: u64, threshold: f32) -> Option<heard::Load> {
        self.heard[index].load(self.in_flight[index].get(), now, threshold)
    }
}

/// The n-th number of a pick.
#[inline]
fn further(number: u64, n: u64) -> u64 {
    if n == 0 { number } else { nth(number, n) }
}

impl<P> LoadBalancer for HotCold<P>
where
    P: Publisher,
    P::Endpoint: Send + Sync,
{
    type Endpoint = P::Endpoint;

    #[inline]
    fn pick(&self, request: &PickRequest<'_>) -> Result<Pick<P::Endpoint>, Error> {
        let tiers = self.tables.load()?;
        let (number, now) = (self.numbers.next(), self.settings.clock.nanos());
        let threshold = self.settings.threshold();
        let (tier, index) = tiers.choose(
            request,
            |tier| {
                let draw = |n| Some(tier.table.draw(number, n));
                tier.table.choose(threshold, now, draw).unwrap_or_default()
            },
            |tier, untried| {
                let draw = |n| tier.table.shares.draw_wanted(further(number, n), untried);
                tier.table.choose(threshold, now, draw)
            },
        )?;
        tier.pick_at(index, now)
    }

    forward_to_derived!(tables);
}

debug_with_publisher!(HotCold, tables, settings);
