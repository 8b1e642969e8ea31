use std::net::SocketAddr;
use std::time::Duration;

use lb_discovery::DiscoveryError;

/// Why a [`DnsSrvPublisher`](crate::DnsSrvPublisher) cannot be made, or is not ready.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DnsSrvError {
    /// The name cannot be one in DNS.
    #[error("invalid DNS name {name:?}: {rule}")]
    InvalidName {
        /// The name.
        name: String,
        /// What it must be.
        rule: &'static str,
    },
    /// The timeout cannot be meant.
    #[error("invalid timeout {timeout:?}: {rule}")]
    InvalidTimeout {
        /// The timeout.
        timeout: Duration,
        /// What it must be.
        rule: &'static str,
    },
    /// The name server cannot be asked.
    #[error("invalid name server {address}: {rule}")]
    InvalidNameServer {
        /// Its address.
        address: SocketAddr,
        /// What it must be.
        rule: &'static str,
    },
    /// There is nothing to ask DNS with.
    #[error(
        "no way to look up {name:?}: without the feature \"hickory\" a lookup must be given to the builder"
    )]
    NoLookup {
        /// The name.
        name: String,
    },
    /// Discovery could not begin, did not get its first answer, or was not ready in time.
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
}

#[cfg(feature = "hickory")]
impl From<lb_dns::InvalidSetting> for DnsSrvError {
    fn from(error: lb_dns::InvalidSetting) -> Self {
        match error {
            lb_dns::InvalidSetting::NameServer { address, rule } => Self::InvalidNameServer { address, rule },
            lb_dns::InvalidSetting::Timeout { timeout, rule } => Self::InvalidTimeout { timeout, rule },
        }
    }
}
