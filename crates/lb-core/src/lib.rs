//! The traits and the endpoint set of the loadbalancer crates: no I/O, no runtime.
