use std::sync::Weak;

use lb_core::{EndpointId, Error, LoadBalancer, Observer, Pick, PickRequest, Publisher};

use crate::draw;
use crate::turns::Turns;

/// Picks each endpoint in turn, in the order of the set.
///
/// - [`new`](Self::new) starts at a random place, so that a fleet of clients does not begin at the same endpoint, and
///   has up to 16 counters, so that threads do not fight for one. One thread gets the sequence, which skips one place
///   after 256 picks at least, between two rounds: else a program that picks twice for each request would give all second
///   calls to one half of an even number of endpoints. The counters start spread over the set: a few picks in a row are of
///   different endpoints, whichever threads pick. Over any number of picks from an unchanged set the counts of two
///   endpoints differ by no more than 16.
/// - [`starting_at`](Self::starting_at) has one counter: the exact sequence, whichever threads pick.
///
/// Weight and priority are ignored. It is the better choice than [`Random`](crate::Random) where endpoints are alike: it
/// spreads evenly even over few requests. Cost of a pick: the set's load, one reference count, one uncontended add.
///
/// ```
/// use lb_core::{EndpointCache, Instance, LoadBalancer};
/// use lb_strategies::RoundRobin;
///
/// let cache = EndpointCache::new(|i: &Instance| Ok::<_, std::io::Error>(i.address().to_owned()));
/// cache.replace(["a:80", "b:80", "c:80"]);
/// let lb = RoundRobin::starting_at(cache, 1);
/// let picks = [lb.endpoint()?, lb.endpoint()?, lb.endpoint()?];
/// assert_eq!(picks.map(|pick| pick.address().to_owned()), ["b:80", "c:80", "a:80"]);
/// # Ok::<_, lb_core::Error>(())
/// ```
#[derive(Debug)]
pub struct RoundRobin<P> {
    publisher: P,
    turns: Turns,
}

impl<P: Publisher> RoundRobin<P> {
    /// Starts at a random place, with a counter for each of up to 16 threads.
    pub fn new(publisher: P) -> Self {
        Self { publisher, turns: Turns::sharded() }
    }

    /// Starts at `offset` (modulo the number of endpoints), with one counter for all threads.
    pub fn starting_at(publisher: P, offset: usize) -> Self {
        Self { publisher, turns: Turns::strict(offset) }
    }
}

impl<P: Publisher> LoadBalancer for RoundRobin<P> {
    type Endpoint = P::Endpoint;

    #[inline]
    fn pick(&self, request: &PickRequest<'_>) -> Result<Pick<P::Endpoint>, Error> {
        let endpoints = self.publisher.endpoints()?;
        draw::pick(&endpoints, request, |len| self.turns.next(len))
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
