use std::sync::Arc;

use lb_core::{EndpointSet, Instance};

use super::bounded::Load;
use super::hashing;
use super::maglev::Maglev;
use super::rendezvous::Rendezvous;
use super::ring;
use crate::circle::Circle;
use crate::shares::Shares;

/// By which rule a key finds its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Ring,
    Maglev,
    Rendezvous,
}

/// What is derived from one tier.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) shares: Shares,
    /// The sum of the weights.
    pub(super) total_weight: u64,
    pub(super) places: Places,
    /// What each endpoint is working on, where the load is bounded.
    pub(super) loads: Option<Box<[Arc<Load>]>>,
}

#[derive(Debug)]
pub(super) enum Places {
    Ring(Circle),
    Maglev(Maglev),
    Rendezvous(Rendezvous),
}

impl Table {
    pub(super) fn new<E>(
        tier: &EndpointSet<E>,
        method: Method,
        name: Option<&str>,
        loads: Option<Box<[Arc<Load>]>>,
    ) -> Self {
        let (shares, hashes) = (Shares::of(tier), hashing::of_endpoints(tier, name));
        let places = match method {
            Method::Ring => {
                let weights: Vec<u32> = tier.instances().map(Instance::weight).collect();
                Places::Ring(ring::new(&hashes, &weights))
            }
            Method::Maglev => Places::Maglev(Maglev::new(&hashes, &shares)),
            Method::Rendezvous => Places::Rendezvous(Rendezvous::new(hashes)),
        };
        Self { total_weight: shares.total(), shares, places, loads }
    }

    /// The endpoint that a hash belongs to.
    #[inline]
    pub(super) fn owner(&self, at: u64) -> usize {
        match &self.places {
            Places::Ring(circle) => circle.owner(at),
            Places::Maglev(maglev) => maglev.owner(at),
            Places::Rendezvous(rendezvous) => rendezvous.owner(at, &self.shares),
        }
    }

    /// The endpoint of a hash among those that `wanted` says yes of: a key whose endpoint is not wanted goes to a place
    /// that its hash names, so that the keys of one endpoint are spread over all others.
    pub(super) fn owner_among(&self, hash: u64, wanted: impl Fn(usize) -> bool) -> Option<usize> {
        /// So many places are tried.
        const PLACES: u64 = 16;
        let mut places = std::iter::once(hash).chain((0..PLACES).map(|n| hashing::further(hash, n)));
        let found = places.find_map(|at| Some(self.owner(at)).filter(|index| wanted(*index)));
        found.or_else(|| self.shares.draw_wanted(hash, wanted))
    }
}
