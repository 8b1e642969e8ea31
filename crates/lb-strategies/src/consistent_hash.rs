mod bounded;
mod explanation;
mod hashing;
mod maglev;
mod rendezvous;
mod ring;
mod table;

use std::sync::{Arc, Mutex, PoisonError};

use lb_core::support::log_safely;
use lb_core::{Derived, EndpointSet, Error, LoadBalancer, Pick, PickRequest, Publisher, StateKey};

pub use explanation::Explanation;

use self::bounded::{Bound, Load};
use self::table::{Method, Places, Table};
use crate::LOG;
use crate::forward::{debug_with_publisher, forward_to_derived};
use crate::numbers::Numbers;
use crate::sync::AtomicU64;
use crate::tiers::{Tier, Tiers};

/// Picks the endpoint that a request's [key](PickRequest::with_key) belongs to, so that caches stay warm: the keys of an
/// endpoint that leaves are spread over the others, and most other keys stay where they are.
///
/// | rule | when one of *n* leaves | spread of the load | pick | memory |
/// |---|---|---|---|---|
/// | [`ring`](Self::ring) | 1/*n* of the keys move | 320 points an endpoint: ± 6 %; 40 (from 5,001 to 10,000 endpoints): 0.47 to 1.8 times the mean | two reads on average | 7 kB an endpoint (up to twice that by weight), 9 MB at 10,000 |
/// | [`maglev`](Self::maglev) | about twice as many | ± 1 % | one read | 0.26 MB, 0.5 MB from 5,042 endpoints on |
/// | [`rendezvous`](Self::rendezvous) | 1/*n* | exact | one step an endpoint: for up to 128 | 8 bytes an endpoint |
///
/// All know the [weight](lb_core::Instance::weight): 0 gets nothing, unless all are 0. All are functions of the present set
/// alone: two clients that see the same set agree, whatever came before. Hashes are specified and stay the same between
/// processes, platforms and versions: XXH64 with seed 0, of the key's 8 bytes (the lowest first) and of the endpoint's
/// address. A request without a key gets any endpoint, by weight. One that has tried the endpoint of its key goes to
/// another place that its hash names, so the keys of a dead endpoint are spread over all others.
///
/// Sources: Karger et al. (1997) and Ketama, also gRPC A42, for the ring; Eisenbud et al., "Maglev" (NSDI 2016, section
/// 3.4); Thaler and Ravishankar (1998) for rendezvous.
///
/// ```
/// use lb_core::{EndpointCache, Instance, LoadBalancer, PickRequest};
/// use lb_strategies::ConsistentHash;
///
/// let cache = EndpointCache::new(|i: &Instance| Ok::<_, std::io::Error>(i.address().to_owned()));
/// cache.replace(["a:80", "b:80", "c:80"]);
/// let lb = ConsistentHash::maglev(cache);
/// let request = PickRequest::new().with_key(42);
/// let first = lb.pick(&request)?.to_string();
/// assert!((0..100).all(|_| *lb.pick(&request).unwrap() == first));
/// assert_eq!(*lb.explain(42)?.address, *first);
/// # Ok::<_, lb_core::Error>(())
/// ```
pub struct ConsistentHash<P: Publisher> {
    tables: Derived<P, Tiers<P::Endpoint, Table>>,
    settings: Arc<Mutex<Settings>>,
    bound: Option<Bound>,
    /// For requests without a key.
    numbers: Numbers,
}

/// What the tables are derived by.
#[derive(Debug)]
struct Settings {
    method: Method,
    hash_key: Option<String>,
    /// The load of each endpoint, where it is bounded.
    loads: Option<StateKey<Load>>,
}

impl<P> ConsistentHash<P>
where
    P: Publisher + 'static,
    P::Endpoint: Send + Sync,
{
    /// By a ring of 320 points an endpoint; from 1,251 endpoints on of half as many, and so on, so that the ring stays below
    /// a million: about half of the keys move when the set grows beyond such a number.
    pub fn ring(publisher: P) -> Self {
        Self::with(publisher, Method::Ring)
    }

    /// By Maglev's table.
    pub fn maglev(publisher: P) -> Self {
        Self::with(publisher, Method::Maglev)
    }

    /// By the greatest of a number for each endpoint. Cost of a pick: 2 ns an endpoint, 10 ns where weights differ: for up
    /// to 128 endpoints.
    pub fn rendezvous(publisher: P) -> Self {
        Self::with(publisher, Method::Rendezvous)
    }

    /// Bounds what an endpoint may have in flight to `c` times its share of all that this balancer has in flight, rounded
    /// up: 1.25 is usual. A key whose endpoint is full goes to another place that its hash names. While several threads
    /// pick at once, an endpoint may get one more for each of them. While little is in flight the bound is 1: then two
    /// requests of one key at once go to two endpoints.
    ///
    /// `c` is 1 or more. A smaller one, or NaN, could not hold all requests: it counts as 1, and a warning says so.
    ///
    /// Cost: of a pick, two reads and four adds that threads share.
    #[must_use]
    pub fn bounded_load(mut self, c: f64) -> Self {
        if Bound::new(c).is_none() {
            log_safely(|| {
                log::warn!(target: LOG, "bounded_load({c}): the factor must be 1 or more; 1 is taken");
            });
        }
        self.bound = Bound::new(c.max(1.0));
        let all = Arc::new(AtomicU64::new(0));
        let loads = StateKey::new(move |_| Load::new(Arc::clone(&all)));
        self.set(|settings| settings.loads = Some(loads));
        self
    }

    /// Names an endpoint by this metadata instead of its address, so that a restarted one, which has another address,
    /// keeps its keys (gRPC A76). Instances without it are named by their address.
    #[must_use]
    pub fn hash_key(self, metadata_key: impl Into<String>) -> Self {
        let hash_key = Some(metadata_key.into());
        self.set(|settings| settings.hash_key = hash_key);
        self
    }

    fn with(publisher: P, method: Method) -> Self {
        let settings = Arc::new(Mutex::new(Settings { method, hash_key: None, loads: None }));
        let of_derive = Arc::clone(&settings);
        let derive = move |set: &_, _: Option<&_>| {
            let settings = of_derive.lock().unwrap_or_else(PoisonError::into_inner);
            Tiers::derive(set, |tier| settings.tier(tier))
        };
        Self { tables: Derived::new(publisher, derive), settings, bound: None, numbers: Numbers::PerThread }
    }

    fn set(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.settings.lock().unwrap_or_else(PoisonError::into_inner));
        self.tables.refresh();
    }
}

impl Settings {
    fn tier<E>(&self, tier: &EndpointSet<E>) -> (EndpointSet<E>, Table) {
        let loads = self.loads.as_ref().map(|key| tier.states(key));
        let observed = loads.as_ref().map_or_else(|| tier.to_set(), |loads| tier.observed(loads));
        (observed, Table::new(tier, self.method, self.hash_key.as_deref(), loads))
    }
}

impl<P: Publisher> ConsistentHash<P> {
    /// Which endpoint `key` has, and why. Load and tried endpoints aside: it is where the key belongs.
    ///
    /// # Errors
    ///
    /// As [`pick`](LoadBalancer::pick).
    pub fn explain(&self, key: u64) -> Result<Explanation, Error> {
        let tiers = self.tables.load()?;
        let Tier { set, table } = tiers.first().ok_or(Error::NoEndpoints)?;
        let hash = hashing::of_key(key);
        let index = table.owner(hash);
        let reason = match &table.places {
            Places::Ring(_) => "the last point of the ring before the hash is its own".to_owned(),
            Places::Maglev(maglev) => {
                format!("slot {} of the table's {} is its own", maglev.slot(hash), maglev.len())
            }
            Places::Rendezvous(_) => format!("its number for the key is the greatest of {}", set.len()),
        };
        let endpoint = set.handle(index).ok_or(Error::NoEndpoints)?;
        Ok(Explanation { key, hash, address: endpoint.shared_address(), id: endpoint.id(), reason })
    }

    /// Where a request without tried endpoints goes.
    #[inline]
    fn index(&self, table: &Table, key: Option<u64>) -> usize {
        let number = key.map_or_else(|| self.numbers.next(), hashing::of_key);
        match (self.bound, &table.loads) {
            (Some(bound), Some(loads)) => bound.owner(table, loads, number, &|_| true).unwrap_or_default(),
            _ if key.is_some() => table.owner(number),
            _ => table.shares.draw(number),
        }
    }

    /// Where a request goes that wants one of those that `untried` says yes of.
    fn index_among(&self, table: &Table, key: Option<u64>, untried: &dyn Fn(usize) -> bool) -> Option<usize> {
        let number = key.map_or_else(|| self.numbers.next(), hashing::of_key);
        match (self.bound, &table.loads) {
            (Some(bound), Some(loads)) => bound.owner(table, loads, number, untried),
            _ if key.is_some() => table.owner_among(number, untried),
            _ => table.shares.draw_wanted(number, untried),
        }
    }
}

impl<P> LoadBalancer for ConsistentHash<P>
where
    P: Publisher,
    P::Endpoint: Send + Sync,
{
    type Endpoint = P::Endpoint;

    #[inline]
    fn pick(&self, request: &PickRequest<'_>) -> Result<Pick<P::Endpoint>, Error> {
        let tiers = self.tables.load()?;
        let key = request.key();
        let (tier, index) = tiers.choose(
            request,
            |tier| self.index(&tier.table, key),
            |tier, untried| self.index_among(&tier.table, key, untried),
        )?;
        tier.pick(index)
    }

    forward_to_derived!(tables);
}

debug_with_publisher!(ConsistentHash, tables, settings);
