//! Publishers made from publishers.
//!
//! - [`PriorityTiers`]: the members of the best tier, the others once all of those were tried.

mod priority_tiers;

pub use priority_tiers::PriorityTiers;
