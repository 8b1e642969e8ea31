//! Load balancers: the strategies that choose one endpoint of a publisher's set for each request.
//!
//! | strategy | knows | rule | cost of a pick beside the set's | when another is better |
//! |---|---|---|---|---|
//! | [`RoundRobin`] | nothing | each in turn | one add on a counter of the thread's own | endpoints of unequal capacity |
//! | [`Random`] | nothing | uniform | one step of a generator of the thread's own | few requests: the spread is as √n |
//! | [`WeightedRoundRobin`] | weight | each in turn, as often as its weight says | as `RoundRobin`, and a look at a table | capacities that are not known, or change |
//! | [`WeightedRandom`] | weight | in proportion to weight | as `Random`, and a look at a table | few requests |
//! | [`Srv`] | weight, priority | as RFC 2782 has it | as `WeightedRandom` | tiers that `PriorityTiers` has chosen already: `WeightedRandom` |
//! | [`LeastLoaded`] | weight, requests in flight | the less loaded of two drawn | as `Random`, and four looks at counts that threads share | endpoints that fail fast |
//! | [`PeakEwma`] | these, latency and failures | of two drawn, the one with the lower expected latency | as `LeastLoaded`, an average, and two looks at the clock | latencies that differ by request, not by endpoint |
//! | [`HotCold`] | these, and what servers report | the fastest that is not hot, of eight drawn | as `PeakEwma`, and the reports of eight | servers that report nothing: `LeastLoaded` |
//! | [`ConsistentHash`] | weight, the request's key | the endpoint that the key belongs to | one or two reads; by rendezvous a step an endpoint | endpoints that keep nothing for a key |
//!
//! `RoundRobin` and `Random` ignore weight and priority, as Go kit's do. All pick again while an untried endpoint is left
//! when a request says which it has [tried](lb_core::PickRequest::with_tried), and then from the
//! [next tier](lb_core::EndpointSet::next_tier). A pick takes no lock, allocates nothing and logs nothing.

mod circle;
mod consistent_hash;
mod draw;
mod ewma;
mod forward;
#[cfg(all(any(test, fuzzing), not(loom)))]
#[doc(hidden)]
pub mod fuzzing;
mod hot_cold;
mod in_flight;
mod least_loaded;
mod numbers;
mod peak_ewma;
mod random;
mod round_robin;
mod shares;
mod split_mix;
mod srv;
mod sync;
mod tiers;
mod turns;
mod turns_by_weight;
mod two_choices;
mod weighted_random;
mod weighted_round_robin;

pub use consistent_hash::{ConsistentHash, Explanation};
pub use hot_cold::{HotCold, HotColdBuilder};
pub use in_flight::InFlight;
pub use least_loaded::LeastLoaded;
pub use peak_ewma::{PeakEwma, PeakEwmaBuilder};
pub use random::Random;
pub use round_robin::RoundRobin;
pub use srv::Srv;
pub use weighted_random::WeightedRandom;
pub use weighted_round_robin::WeightedRoundRobin;

/// The `log` target of this crate.
const LOG: &str = "lb-strategies";
