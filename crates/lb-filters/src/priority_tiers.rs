use std::fmt;
use std::sync::{Arc, Weak};

use lb_core::support::{log_safely, run_caught};
use lb_core::{
    Derived, EndpointCell, EndpointId, Endpoints, Error, Events, Observer, Publisher, TierChoice, TierChosen,
    TierRule,
};

use crate::LOG;

/// The members of the best tier that is well enough; the others as its
/// [next tiers](lb_core::EndpointSet::next_tier).
///
/// So the backups among SRV records get no traffic while a primary answers, and a request that has tried all primaries
/// goes on with them: RFC 2782, "Priority", has a client attempt the lowest-numbered it can reach.
///
/// Members that another filter has [marked](lb_core::Mark) as unhealthy get no traffic. When less than 50 % of a tier are
/// unmarked, the next tier is chosen; when no tier reaches that, marks are ignored, since few endpoints cannot bear what all
/// did (Envoy's panic threshold). It returns to a better tier at 60 %. [`TierRule`] has the rule in full. A change of state
/// is logged once.
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
    choice: TierChoice,
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

    fn with(publisher: P, rule: TierRule, events: Option<Arc<dyn Events>>) -> Self {
        let service = publisher.name().map(str::to_owned);
        Self(Derived::new(publisher, move |set, before: Option<&Tiers<_>>| {
            let before = before.map(|tiers| tiers.choice);
            let (tiers, choice) = rule.choose(set, before.as_ref());
            tell(service.as_deref(), before, choice, events.as_deref());
            Tiers { cell: EndpointCell::new(tiers), choice }
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
