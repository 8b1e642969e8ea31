mod builder;
mod latency;

use std::sync::Arc;

use lb_core::{Derived, EndpointSet, Error, LoadBalancer, Pick, PickRequest, Publisher, StateKey};

pub use builder::PeakEwmaBuilder;

use self::latency::{Latency, Settings};
use crate::forward::{debug_with_publisher, forward_to_derived};
use crate::in_flight::InFlight;
use crate::numbers::Numbers;
use crate::shares::Shares;
use crate::tiers::Tiers;
use crate::two_choices::{two, two_wanted};

/// Picks the better of two endpoints drawn at random: the one with the lower expected latency, by a moving average that
/// follows peaks at once and forgets them slowly.
///
/// The cost of an endpoint is its average latency × (requests in flight + 1) / [weight](lb_core::Instance::weight). A
/// latency above the average replaces it; one below it, and a failure, which counts as a request of 1 s, is averaged in.
/// A cancelled pick may raise the average, and never lowers it. The average is worth less as time passes, with a time
/// constant of 10 s: an endpoint that was slow, or failed, is looked at again once it has decayed to what the others
/// have, however little traffic there is. A newcomer starts at the mean of those that are known. Endpoints are drawn in
/// proportion to their weight; 0 gets nothing, unless all are 0.
///
/// It knows what its own picks took: record outcomes, or call through the pick, which does. The latency is from the pick to
/// the record, so an endpoint that answers with a stream is measured by its first word. An endpoint that fails fast gets
/// next to nothing, unlike with [`LeastLoaded`](crate::LeastLoaded), which is the better choice where latencies differ by
/// request and not by endpoint. Source: Finagle's `p2cPeakEwma`; linkerd2-proxy has it too.
///
/// Cost of a pick, its record and its drop: about 45 ns beside those of a round robin pick, and two looks at the clock. An
/// average is one word, updated by one exchange, which is tried again where another thread was first. Of an update: one
/// pass. Memory: for each balancer a set of its own, and at most 120 bytes an endpoint.
///
/// ```
/// use std::time::Duration;
///
/// use lb_core::{Clock, EndpointCache, Instance, LoadBalancer, Outcome};
/// use lb_strategies::PeakEwma;
///
/// let cache = EndpointCache::new(|i: &Instance| Ok::<_, std::io::Error>(i.address().to_owned()));
/// cache.replace(["fast:80", "slow:80"]);
/// let clock = Clock::manual(); // a program leaves it out
/// let lb = PeakEwma::builder(cache).clock(clock.clone()).seed(7).build();
/// let mut slow = 0;
/// for _ in 0..1000 {
///     let pick = lb.endpoint()?;
///     let is_slow = pick.starts_with("slow");
///     clock.advance(Duration::from_millis(if is_slow { 100 } else { 1 }));
///     pick.record(Outcome::Success);
///     slow += u32::from(is_slow);
/// }
/// assert!(slow < 10);
/// # Ok::<_, lb_core::Error>(())
/// ```
pub struct PeakEwma<P: Publisher> {
    tables: Derived<P, Tiers<P::Endpoint, Table>>,
    settings: Arc<Settings>,
    numbers: Numbers,
}

struct Table {
    shares: Shares,
    in_flight: Box<[Arc<InFlight>]>,
    latencies: Box<[Arc<Latency>]>,
}

impl<P> PeakEwma<P>
where
    P: Publisher + 'static,
    P::Endpoint: Send + Sync,
{
    /// With the defaults: a time constant of 10 s, failures as slow as 1 s, the system's clock, and a generator for each
    /// thread.
    pub fn new(publisher: P) -> Self {
        Self::builder(publisher).build()
    }

    /// To set what has a default.
    pub fn builder(publisher: P) -> PeakEwmaBuilder<P> {
        PeakEwmaBuilder::new(publisher)
    }

    fn with(publisher: P, settings: Settings, numbers: Numbers) -> Self {
        let settings = Arc::new(settings);
        let (in_flight, of_latency) = (StateKey::shared(), Arc::clone(&settings));
        let latencies = StateKey::new(move |_| Latency::new(Arc::clone(&of_latency)));
        let now = settings.clock.clone();
        let derive = move |set: &_, _: Option<&_>| {
            Tiers::derive(set, |tier: &EndpointSet<_>| {
                let (in_flight, latencies) = (tier.states(&in_flight), tier.states(&latencies));
                begin_newcomers(&latencies, now.nanos());
                (
                    tier.observed(&in_flight).observed(&latencies),
                    Table { shares: Shares::of(tier), in_flight, latencies },
                )
            })
        };
        Self { tables: Derived::new(publisher, derive), settings, numbers }
    }
}

/// A newcomer starts at the mean of the known: neither flooded nor shunned.
fn begin_newcomers(latencies: &[Arc<Latency>], now: u64) {
    let known: Vec<f32> = latencies.iter().filter_map(|latency| latency.average(now)).collect();
    if known.is_empty() || known.len() == latencies.len() {
        return;
    }
    #[expect(clippy::cast_precision_loss, reason = "a mean is no exact number")]
    let mean = known.iter().sum::<f32>() / known.len() as f32;
    for latency in latencies {
        latency.begin_with(mean, now);
    }
}

impl Table {
    /// The one of two that costs less; the first where they are alike.
    #[inline]
    fn better(&self, (first, second): (usize, usize), now: u64) -> usize {
        let cost = |index: usize| {
            let cost = self.latencies[index].cost(self.in_flight[index].get(), now);
            if self.shares.are_equal() { cost } else { cost / weight(self.shares.weight(index)) }
        };
        if cost(second) < cost(first) { second } else { first }
    }
}

#[expect(clippy::cast_precision_loss, reason = "24 bits of a weight are enough")]
fn weight(weight: u32) -> f32 {
    weight as f32
}

impl<P> LoadBalancer for PeakEwma<P>
where
    P: Publisher,
    P::Endpoint: Send + Sync,
{
    type Endpoint = P::Endpoint;

    #[inline]
    fn pick(&self, request: &PickRequest<'_>) -> Result<Pick<P::Endpoint>, Error> {
        let tiers = self.tables.load()?;
        let (number, now) = (self.numbers.next(), self.settings.clock.nanos());
        let (tier, index) = tiers.choose(
            request,
            |tier| tier.table.better(two(&tier.table.shares, number), now),
            |tier, untried| Some(tier.table.better(two_wanted(&tier.table.shares, number, untried)?, now)),
        )?;
        tier.pick_at(index, now)
    }

    forward_to_derived!(tables);
}

debug_with_publisher!(PeakEwma, tables, settings);
