//! Publishers made from publishers: PriorityTiers.
