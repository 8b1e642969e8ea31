use std::sync::Arc;
use std::time::Instant;

use crate::error::SharedError;

/// How discovery is doing: a snapshot that [`DiscoveryPublisher::status`](crate::DiscoveryPublisher::status) takes.
///
/// Times are the clock's, or those of the ticks with [`Refresh::On`](crate::Refresh::On).
#[derive(Clone, Debug, Default)]
pub struct Status {
    pub(crate) instances: usize,
    pub(crate) endpoints: usize,
    /// Whether the latest refresh has failed.
    pub(crate) failing: bool,
    pub(crate) last_success: Option<Instant>,
    pub(crate) last_error: Option<SharedError>,
    pub(crate) refreshes: u64,
    pub(crate) failures: u64,
    pub(crate) skipped: u64,
    pub(crate) next_refresh: Option<Instant>,
}

impl Status {
    /// How many different instances (by address and host) the current set is made from. Those whose factory failed
    /// count; they are not among the endpoints.
    pub fn instances(&self) -> usize {
        self.instances
    }

    /// How many endpoints this publisher's set has: fewer than instances while some are being made, or could not be.
    pub fn endpoints(&self) -> usize {
        self.endpoints
    }

    /// When the latest answer came.
    pub fn last_success(&self) -> Option<Instant> {
        self.last_success
    }

    /// What the latest failed refresh failed with, also when discovery has recovered since; or, when discovery does well and
    /// an instance has no endpoint, what its factory failed with. `None`: nothing has failed.
    pub fn last_error(&self) -> Option<&Arc<dyn std::error::Error + Send + Sync>> {
        self.last_error.as_ref()
    }

    /// How many refreshes have ended, the failed ones included.
    pub fn refreshes(&self) -> u64 {
        self.refreshes
    }

    /// How many refreshes have failed.
    pub fn failures(&self) -> u64 {
        self.failures
    }

    /// How many records were unusable, in all refreshes together.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// When the source is asked next. `None`: it is being asked, or a tick or
    /// [`refresh_now`](crate::DiscoveryPublisher::refresh_now) has to cause it, or the publisher was stopped.
    pub fn next_refresh(&self) -> Option<Instant> {
        self.next_refresh
    }
}
