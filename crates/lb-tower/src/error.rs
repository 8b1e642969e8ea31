use std::sync::Arc;

use lb_core::BoxError;

/// Why a call through [`Balance`](crate::Balance) failed.
///
/// It names the address, and keeps the cause as its [`source`](std::error::Error::source): downcast it to the service's
/// own error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BalanceError {
    /// There was no endpoint to call.
    #[error("no endpoint to call: {0}")]
    Pick(#[from] lb_core::Error),
    /// The service failed before it was ready for the request, which was not sent.
    #[error("{address}: not ready: {source}")]
    NotReady {
        /// The address of the instance picked.
        address: Arc<str>,
        /// What the service's `poll_ready` failed with.
        source: BoxError,
    },
    /// The call failed.
    #[error("{address}: {source}")]
    Call {
        /// The address of the instance called.
        address: Arc<str>,
        /// What the service failed with.
        source: BoxError,
    },
}

impl BalanceError {
    /// The address of the instance that failed; `None` when none could be picked.
    pub fn address(&self) -> Option<&str> {
        match self {
            Self::Pick(_) => None,
            Self::NotReady { address, .. } | Self::Call { address, .. } => Some(address),
        }
    }
}
