use std::fmt;
use std::sync::Arc;

use lb_core::EndpointId;

/// Which endpoint a key has, and why; see [`ConsistentHash::explain`](crate::ConsistentHash::explain).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Explanation {
    /// The key.
    pub key: u64,
    /// Its hash.
    pub hash: u64,
    /// The address of its endpoint.
    pub address: Arc<str>,
    /// The endpoint.
    pub id: EndpointId,
    /// How the rule comes to that endpoint, in words.
    pub reason: String,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, hash, address, reason, .. } = self;
        write!(f, "key {key} (hash {hash:#018x}) has {address}: {reason}")
    }
}
