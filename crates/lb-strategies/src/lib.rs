//! Load balancers: round robin and random.
