//! The strategies by name. Choosing one is choosing one word.

use std::sync::Arc;

use loadbalancer::{
    BoxLoadBalancer, ConsistentHash, DnsSrvPublisher, HotCold, LeastLoaded, LoadBalancer, PeakEwma, Random,
    RoundRobin, Srv, WeightedRandom, WeightedRoundRobin,
};

use crate::client::Client;

type Publisher = Arc<DnsSrvPublisher<Client>>;

/// By its name on the command line, its name in code, and the line that makes it.
const ALL: [Strategy; 11] = [
    Strategy("round-robin", "RoundRobin", |p| RoundRobin::new(p).boxed()),
    Strategy("random", "Random", |p| Random::from_os_rng(p).boxed()),
    Strategy("weighted-round-robin", "WeightedRoundRobin", |p| WeightedRoundRobin::new(p).boxed()),
    Strategy("weighted-random", "WeightedRandom", |p| WeightedRandom::from_os_rng(p).boxed()),
    Strategy("srv", "Srv", |p| Srv::new(p).boxed()),
    Strategy("least-loaded", "LeastLoaded", |p| LeastLoaded::new(p).boxed()),
    Strategy("peak-ewma", "PeakEwma", |p| PeakEwma::new(p).boxed()),
    Strategy("hot-cold", "HotCold", |p| HotCold::new(p).boxed()),
    Strategy("ring", "ConsistentHash::ring", |p| ConsistentHash::ring(p).boxed()),
    Strategy("maglev", "ConsistentHash::maglev", |p| ConsistentHash::maglev(p).boxed()),
    Strategy("rendezvous", "ConsistentHash::rendezvous", |p| ConsistentHash::rendezvous(p).boxed()),
];

#[derive(Clone, Copy)]
pub(crate) struct Strategy(&'static str, &'static str, fn(Publisher) -> BoxLoadBalancer<Client>);

impl Default for Strategy {
    fn default() -> Self {
        ALL[0]
    }
}

impl Strategy {
    pub(crate) fn named(name: &str) -> Result<Self, String> {
        let found = ALL.into_iter().find(|strategy| strategy.0 == name);
        found.ok_or_else(|| format!("no strategy is called {name:?}; there are\n  {}", names("\n  ")))
    }

    /// What it is called in code.
    pub(crate) fn in_code(self) -> &'static str {
        self.1
    }

    pub(crate) fn is_default(self) -> bool {
        self.0 == Self::default().0
    }

    pub(crate) fn over(self, publisher: Publisher) -> BoxLoadBalancer<Client> {
        self.2(publisher)
    }
}

/// The names of all, in lines of five.
pub(crate) fn names(line_break: &str) -> String {
    let names = ALL.map(|strategy| strategy.0);
    names.chunks(5).map(|some| some.join(", ")).collect::<Vec<_>>().join(&format!(",{line_break}"))
}
