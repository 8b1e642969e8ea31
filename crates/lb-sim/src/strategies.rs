//! The strategies of this project, as they are simulated.

use lb_strategies::{
    ConsistentHash, HotCold, LeastLoaded, PeakEwma, Random, RoundRobin, Srv, WeightedRandom,
    WeightedRoundRobin,
};

use crate::strategy::{ClientSetup, Strategy};

impl Strategy {
    /// All that follow, with their defaults.
    pub fn all() -> Vec<Self> {
        vec![
            Self::round_robin(),
            Self::random(),
            Self::weighted_round_robin(),
            Self::weighted_random(),
            Self::srv(),
            Self::ring(),
            Self::maglev(),
            Self::rendezvous(),
            Self::bounded_maglev(),
            Self::least_loaded(),
            Self::peak_ewma(),
            Self::hot_cold(),
        ]
    }

    /// [`RoundRobin`], each client starting at a place of its own.
    pub fn round_robin() -> Self {
        Self::new("RoundRobin", |client| RoundRobin::starting_at(client.publisher(), offset(client)))
    }

    /// [`Random`].
    pub fn random() -> Self {
        Self::new("Random", |client| Random::new(client.publisher(), client.seed()))
    }

    /// [`WeightedRoundRobin`], each client starting at a place of its own.
    pub fn weighted_round_robin() -> Self {
        Self::new("WeightedRoundRobin", |client| {
            WeightedRoundRobin::starting_at(client.publisher(), offset(client))
        })
    }

    /// [`WeightedRandom`].
    pub fn weighted_random() -> Self {
        Self::new("WeightedRandom", |client| WeightedRandom::new(client.publisher(), client.seed()))
    }

    /// [`Srv`].
    pub fn srv() -> Self {
        Self::new("Srv", |client| Srv::with_seed(client.publisher(), client.seed()))
    }

    /// [`ConsistentHash::ring`].
    pub fn ring() -> Self {
        Self::new("ConsistentHash::ring", |client| ConsistentHash::ring(client.publisher()))
    }

    /// [`ConsistentHash::maglev`].
    pub fn maglev() -> Self {
        Self::new("ConsistentHash::maglev", |client| ConsistentHash::maglev(client.publisher()))
    }

    /// [`ConsistentHash::rendezvous`].
    pub fn rendezvous() -> Self {
        Self::new("ConsistentHash::rendezvous", |client| ConsistentHash::rendezvous(client.publisher()))
    }

    /// [`ConsistentHash::maglev`] with a load bounded to 1.25 times the mean.
    pub fn bounded_maglev() -> Self {
        Self::new("maglev, bounded load", |client| {
            ConsistentHash::maglev(client.publisher()).bounded_load(1.25)
        })
    }

    /// [`LeastLoaded`].
    pub fn least_loaded() -> Self {
        Self::new("LeastLoaded", |client| LeastLoaded::with_seed(client.publisher(), client.seed()))
    }

    /// [`PeakEwma`].
    pub fn peak_ewma() -> Self {
        Self::new("PeakEwma", |client| {
            PeakEwma::builder(client.publisher()).clock(client.clock()).seed(client.seed()).build()
        })
    }

    /// [`HotCold`]: it is what it should be where servers [report](crate::Clients::reports).
    pub fn hot_cold() -> Self {
        Self::new("HotCold", |client| {
            HotCold::builder(client.publisher()).clock(client.clock()).seed(client.seed()).build()
        })
    }
}

/// Far apart for different clients.
fn offset(client: &ClientSetup) -> usize {
    usize::try_from(client.seed() >> 33).unwrap_or_default()
}
