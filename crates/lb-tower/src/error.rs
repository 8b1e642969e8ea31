use std::sync::Arc;

use lb_core::{BoxError, EndpointId, Error};

/// Why a call through [`Balance`](crate::Balance) failed.
///
/// It names the address, and keeps the cause as its [`source`](std::error::Error::source): downcast it to the service's
/// own error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BalanceError {
    /// There was no endpoint to call.
    #[error("{}{source}", prefix(.service.as_deref(), source))]
    Pick {
        /// The name of the service, if it has one.
        service: Option<Arc<str>>,
        /// Why there was none.
        source: Error,
    },
    /// The service failed before it was ready for the request, which was not sent.
    #[error("{address}: not ready: {source}")]
    NotReady {
        /// The endpoint, to be avoided by another attempt.
        id: EndpointId,
        /// The address of the instance picked.
        address: Arc<str>,
        /// What the service's `poll_ready` failed with.
        source: BoxError,
    },
    /// The call failed.
    #[error("{address}: {source}")]
    Call {
        /// The endpoint, to be avoided by another attempt.
        id: EndpointId,
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
            Self::Pick { .. } => None,
            Self::NotReady { address, .. } | Self::Call { address, .. } => Some(address),
        }
    }

    /// The endpoint that failed, for a [`Tried`](lb_core::Tried); `None` when none could be picked.
    pub fn id(&self) -> Option<EndpointId> {
        match self {
            Self::Pick { .. } => None,
            Self::NotReady { id, .. } | Self::Call { id, .. } => Some(*id),
        }
    }

    /// Whether no server has seen the request: there was no endpoint, or none was ready. For gRPC that is the code
    /// `UNAVAILABLE`, and tonic is to be told so, for it takes what it does not know for `UNKNOWN`:
    ///
    /// ```text
    /// let balance = balance.map_err(|error: BalanceError| match error {
    ///     error if error.is_unavailable() => BoxError::from(tonic::Status::unavailable(error.to_string())),
    ///     error => error.into(),
    /// });
    /// ```
    pub fn is_unavailable(&self) -> bool {
        !matches!(self, Self::Call { .. })
    }
}

/// The service's name before an error that does not name it.
fn prefix(service: Option<&str>, source: &Error) -> String {
    match (service, source) {
        (None, _) | (_, Error::Discovery { .. }) => String::new(),
        (Some(name), _) => format!("{name}: "),
    }
}
