//! Load balancers: the strategies that choose one endpoint of a publisher's set for each request.
//!
//! | strategy | rule | cost of a pick beside the set's | when another is better |
//! |---|---|---|---|
//! | [`RoundRobin`] | each in turn | one add on a counter of the thread's own | endpoints of unequal capacity |
//! | [`Random`] | uniform | one step of a generator of the thread's own | few requests: the spread is as √n |
//! | [`WeightedRoundRobin`] | each in turn, as often as its weight says | the same as `RoundRobin`, and a look at a table | weights that do not fit the endpoints |
//! | [`WeightedRandom`] | by weight | the same as `Random`, and a look at a table | few requests |
//! | [`Srv`] | RFC 2782: the lowest priority, by weight | as `WeightedRandom` | records without weights |
//! | [`LeastLoaded`] | the less loaded of two, by requests in flight | two counts that other threads write, two adds | endpoints that fail fast |
//! | [`PeakEwma`] | the faster of two, by a moving average | two looks at the clock, one exchange, two adds | latencies that differ by request |
//! | [`HotCold`] | the fastest that is not hot, by what servers report | two looks at the clock, four endpoints' reports | servers that report nothing |
//! | [`ConsistentHash`] | the endpoint of the request's key | a look at a table | requests that are all alike |
//!
//! `RoundRobin` and `Random` ignore the weight, as Go kit's do; the others know it. Priority is known to `Srv`, and to the
//! filter `PriorityTiers`. All pick again while an untried endpoint is left when a request says which it has
//! [tried](lb_core::PickRequest::with_tried), and then from the [next tier](lb_core::EndpointSet::next_tier). A pick takes
//! no lock, allocates nothing and logs nothing.

mod circle;
mod consistent_hash;
mod draw;
mod ewma;
mod forward;
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
