//! Publishers made from publishers.
//!
//! - [`PriorityTiers`]: only the members of the best tier.

mod priority_tiers;

pub use priority_tiers::PriorityTiers;
