use std::sync::Arc;

/// What any part of a user's code may fail with.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why there is no endpoint to pick.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The set is known, and it is empty: discovery found no instance, or the factory failed for each of them, of which
    /// warnings (`log`) tell.
    #[error("no endpoints available")]
    NoEndpoints,
    /// Discovery has not answered yet.
    #[error("discovery has not answered yet")]
    NotReady,
    /// Discovery failed, and there is no set to fall back on: there never was one, or it has expired.
    #[error("discovery failed: {source}")]
    Discovery {
        /// What discovery failed with.
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
}
