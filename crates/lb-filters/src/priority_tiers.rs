use std::fmt;
use std::sync::{Arc, Weak};

use lb_core::support::{log_safely, run_caught};
use lb_core::{
    Derived, EndpointCell, EndpointId, Endpoints, Error, Events, Observer, Publisher, TierChoice, TierChosen,
    TierRule,
};

use crate::LOG;
use crate::smooth::{self, Share};

/// The members of the best tier that is well enough; the others as its
/// [next tiers](lb_core::EndpointSet::next_tier).
///
/// So the backups among SRV records get no traffic while a primary answers, and a request that has tried all primaries
/// goes on with them: RFC 2782, "Priority", has a client attempt the lowest-numbered it can reach.
///
/// Members that another filter has [marked](lb_core::Mark) as unhealthy get no traffic. The best tier of which at least
/// half are unmarked is chosen. When no tier reaches that, marks are ignored: few endpoints cannot bear what all did (Envoy's
/// panic threshold). From a worse tier that is well it goes back to a better one at 60 %, so that a tier at the threshold
/// does not send the traffic back and forth. [`TierRule`] has the rule in full. Each change of tier is logged once, and each
/// time that marks begin or cease to be ignored.
///
/// Cost: of a pick, one more load than without; of an update, one pass over the set.
///
/// ```
/// use lb_core::{Instance, Publisher};
/// use lb_filters::PriorityTiers;
/// use lb_static::FixedPublisher;
///
/// let backup = Instance::new("backup:80").with_priority(20);
/// let primary = Instance::new("primary:80").with_priority(10);
/// let tiers = PriorityTiers::new(FixedPublisher::new([(backup, ()), (primary, ())]));
/// assert_eq!(tiers.endpoints()?.instances().map(Instance::address).collect::<Vec<_>>(), ["primary:80"]);
/// # Ok::<_, lb_core::Error>(())
/// ```
pub struct PriorityTiers<P: Publisher>(Derived<P, Tiers<P::Endpoint>>);

struct Tiers<E> {
    cell: EndpointCell<E>,
    chosen: Chosen,
}

/// What the next choice starts from.
enum Chosen {
    Tier(TierChoice),
    Split(Vec<Share>),
}

impl<P> PriorityTiers<P>
where
    P: Publisher + 'static,
    P::Endpoint: Send + Sync,
{
    /// Filters `publisher`, with a threshold of 50 %. To share a publisher between several filters, give each an `Arc` of
    /// it.
    pub fn new(publisher: P) -> Self {
        Self::with(publisher, TierRule::default(), None)
    }

    /// The same with a threshold of `percent`, 0 to 100 (above counts as 100): how much of a tier must be unmarked. At 0
    /// marks are always honoured, even if the set is empty then.
    pub fn with_panic_threshold(publisher: P, percent: u8) -> Self {
        Self::with(publisher, TierRule::new(percent), None)
    }

    /// The same, by this rule, and `events` are told of every tier that is chosen.
    pub fn with_events(publisher: P, rule: TierRule, events: Arc<dyn Events>) -> Self {
        Self::with(publisher, rule, Some(events))
    }

    /// Splits the traffic between the tiers by their health, instead of choosing one: a better tier gives up as much as its
    /// marked members cannot bear, and no more.
    ///
    /// As Envoy has it: a tier is taken to bear 140 % of its unmarked share, so the health of a tier is min(100, 140 ·
    /// unmarked / members) per cent. The best tier gets its health in per cent of the traffic, the next what is left up to
    /// its own health, and so on: with 50 of 100 unmarked it is 70 %, and 30 % go to the next tier. When the health of all
    /// is less than 100 together, the shares are in proportion to it, and a tier of which less than 50 % are unmarked gets
    /// its share with marks ignored; when that goes for all tiers, the shares are in proportion to their sizes.
    ///
    /// The set it yields has the members of all tiers that get a share, under weights that add up to those shares: within a
    /// tier in proportion to their own, and at least 1 where they had any. So a strategy that knows weights must come after
    /// it; round-robin and random choice ignore them and would split by the number of members. Tiers without a share are
    /// the next tiers. While one tier gets all, weights stay as they are.
    ///
    /// ```
    /// use lb_core::{EndpointSet, Instance, Publisher};
    /// use lb_filters::PriorityTiers;
    /// use lb_test::ScriptedPublisher;
    ///
    /// let at = |address, priority| (Instance::new(address).with_priority(priority), ());
    /// let members = EndpointSet::new([at("a:80", 1), at("b:80", 1), at("c:80", 2)]);
    /// let publisher = ScriptedPublisher::new([("", ()); 0]);
    /// publisher.set_endpoints(members.with_health(|_, instance| instance.address() != "b:80"));
    /// let tiers = PriorityTiers::smooth(publisher);
    /// let set = tiers.endpoints()?;
    /// let share = |index| f64::from(set.instance(index).unwrap().weight()) / f64::from(u32::MAX);
    /// assert_eq!(set.instances().map(Instance::address).collect::<Vec<_>>(), ["a:80", "c:80"]);
    /// assert!((share(0) - 0.7).abs() < 1e-6 && (share(1) - 0.3).abs() < 1e-6);
    /// # Ok::<_, lb_core::Error>(())
    /// ```
    pub fn smooth(publisher: P) -> Self {
        let service = publisher.name().map(str::to_owned);
        Self(Derived::new(publisher, move |set, before: Option<&Tiers<_>>| {
            let before = before.and_then(|tiers| match &tiers.chosen {
                Chosen::Split(shares) => Some(shares.as_slice()),
                Chosen::Tier(_) => None,
            });
            let (tiers, shares) = smooth::split(set);
            smooth::tell(service.as_deref(), before, &shares);
            Tiers { cell: EndpointCell::new(tiers), chosen: Chosen::Split(shares) }
        }))
    }

    fn with(publisher: P, rule: TierRule, events: Option<Arc<dyn Events>>) -> Self {
        let service = publisher.name().map(str::to_owned);
        Self(Derived::new(publisher, move |set, before: Option<&Tiers<_>>| {
            let before = before.and_then(|tiers| match tiers.chosen {
                Chosen::Tier(choice) => Some(choice),
                Chosen::Split(_) => None,
            });
            let (tiers, choice) = rule.choose(set, before.as_ref());
            tell(service.as_deref(), before, choice, events.as_deref());
            Tiers { cell: EndpointCell::new(tiers), chosen: Chosen::Tier(choice) }
        }))
    }
}

/// Logs a change of state, and tells the listener.
fn tell(service: Option<&str>, before: Option<TierChoice>, now: TierChoice, events: Option<&dyn Events>) {
    let state = |choice: TierChoice| (choice.priority, choice.ignores_marks);
    // Of an empty set nothing was chosen.
    let before = before.filter(|before| before.members > 0);
    if before.map(state) == Some(state(now)) || now.members == 0 {
        return;
    }
    let name = service.unwrap_or("a service without a name");
    let TierChoice { priority, unmarked, members, ignores_marks, .. } = now;
    if ignores_marks {
        log_safely(|| {
            log::warn!(target: LOG, name; "{name}: too many endpoints are marked as unhealthy ({unmarked} of {members} of priority {priority} are not): marks are ignored");
        });
    } else if before.is_some() {
        log_safely(|| {
            log::info!(target: LOG, name; "{name}: the endpoints of priority {priority} are picked from, {unmarked} of {members} are healthy");
        });
    }
    if let Some(events) = events {
        run_caught("a listener of events", || events.tier_chosen(&TierChosen::new(service, now)));
    }
}

impl<P> Publisher for PriorityTiers<P>
where
    P: Publisher,
    P::Endpoint: Send + Sync,
{
    type Endpoint = P::Endpoint;

    #[inline]
    fn endpoints(&self) -> Result<Endpoints<P::Endpoint>, Error> {
        Ok(self.0.load()?.cell.load())
    }

    fn subscribe(&self, observer: Weak<dyn Observer>) -> bool {
        self.0.subscribe(observer)
    }

    fn name(&self) -> Option<&str> {
        self.0.publisher().name()
    }

    fn renew(&self, id: EndpointId) -> bool {
        self.0.publisher().renew(id)
    }
}

impl<P: Publisher + fmt::Debug> fmt::Debug for PriorityTiers<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PriorityTiers").field("publisher", self.0.publisher()).finish_non_exhaustive()
    }
}
