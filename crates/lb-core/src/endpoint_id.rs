use std::sync::atomic::{AtomicU64, Ordering};

/// Names one endpoint as made: unique in the process, never reused.
///
/// An endpoint that survives an update keeps its id; one that is made anew for the same instance gets a new one. Two
/// instances at one address (of different hosts) have different ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EndpointId(u64);

impl EndpointId {
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}
