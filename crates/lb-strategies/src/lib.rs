//! Load balancers: the strategies that choose one endpoint of a publisher's set for each request.
//!
//! | strategy | rule | cost of a pick beside the set's | when another is better |
//! |---|---|---|---|
//! | [`RoundRobin`] | each in turn | one add on a counter of the thread's own | endpoints of unequal capacity |
//! | [`Random`] | uniform | one step of a generator of the thread's own | few requests: the spread is as √n |
//!
//! Both ignore weight and priority, as Go kit's do. Both pick again while an untried endpoint is left when a request says
//! which it has [tried](lb_core::PickRequest::with_tried), and then from the [next tier](lb_core::EndpointSet::next_tier). A pick takes no lock, allocates nothing and logs nothing.

mod draw;
mod random;
mod round_robin;
mod split_mix;
mod sync;
mod turns;

pub use random::Random;
pub use round_robin::RoundRobin;
