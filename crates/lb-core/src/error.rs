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
    #[error("discovery failed: {name}: {source}")]
    #[non_exhaustive]
    Discovery {
        /// The name of the service.
        name: Arc<str>,
        /// What discovery failed with.
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// As much is in flight as is allowed: nothing was sent.
    #[error("overloaded: as many requests are in flight as are allowed")]
    Overloaded,
    /// What a filter or a strategy derives from the set could not be derived: its code panicked.
    #[error("nothing could be derived from the endpoint set: {source}")]
    #[non_exhaustive]
    Derive {
        /// What deriving failed with.
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// Discovery of the service `name` failed with `source`.
    ///
    /// ```
    /// let error = lb_core::Error::discovery("_http._tcp.api.test", "no such name");
    /// assert_eq!(error.to_string(), "discovery failed: _http._tcp.api.test: no such name");
    /// ```
    pub fn discovery(name: impl Into<Arc<str>>, source: impl Into<BoxError>) -> Self {
        Self::Discovery { name: name.into(), source: source.into().into() }
    }

    /// Deriving from a set failed with `source`.
    pub fn derive(source: impl Into<BoxError>) -> Self {
        Self::Derive { source: source.into().into() }
    }
}
