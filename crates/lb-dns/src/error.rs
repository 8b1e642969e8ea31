use std::net::SocketAddr;
use std::time::Duration;

use lb_discovery::DiscoveryError;

/// Why a [`DnsPublisher`](crate::DnsPublisher) cannot be made, or is not ready.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DnsError {
    /// The name cannot be one in DNS, or has no port.
    #[error("invalid DNS name {name:?}: {rule}")]
    InvalidName {
        /// The name.
        name: String,
        /// What it must be.
        rule: &'static str,
    },
    /// A setting of the lookup cannot be meant.
    #[error(transparent)]
    InvalidSetting(#[from] InvalidSetting),
    /// Discovery could not begin, did not get its first answer, or was not ready in time.
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
}

/// A setting of a lookup that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSetting {
    /// The timeout.
    #[error("invalid timeout {timeout:?}: {rule}")]
    Timeout {
        /// The timeout.
        timeout: Duration,
        /// What it must be.
        rule: &'static str,
    },
    /// A name server.
    #[error("invalid name server {address}: {rule}")]
    NameServer {
        /// Its address.
        address: SocketAddr,
        /// What it must be.
        rule: &'static str,
    },
}
