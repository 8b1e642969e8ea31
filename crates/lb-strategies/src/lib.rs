//! Load balancers: the strategies that choose one endpoint of a publisher's set for each request.
//!
//! | strategy | rule | cost of a pick beside the set's | when another is better |
//! |---|---|---|---|
//! | [`RoundRobin`] | each in turn | one add on a counter of the thread's own | endpoints of unequal capacity |
//! | [`Random`] | uniform | one step of a generator of the thread's own | few requests: the spread is as √n |
//!
//! Both ignore weight and priority, as Go kit's do. Both pick again while an untried endpoint is left when a request says
//! which it has [tried](lb_core::PickRequest::with_tried), and then from the [next tier](lb_core::EndpointSet::next_tier). A pick takes no lock, allocates nothing and logs nothing.

mod circle;
mod consistent_hash;
mod draw;
mod ewma;
mod forward;
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
