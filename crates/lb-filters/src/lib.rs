//! Publishers made from publishers.
//!
//! - [`PriorityTiers`]: the members of the best tier that is well enough, the others once all of those were tried; or the
//!   traffic split between tiers by their health.

mod priority_tiers;
mod smooth;

pub use priority_tiers::PriorityTiers;

/// The `log` target of this crate.
const LOG: &str = "lb-filters";
