//! The settings of the lookup behind the feature `hickory`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::DnsSrvBuilder;
use crate::hickory::HickoryLookup;
use crate::{DnsSrvError, SrvLookup};

/// The clock ends somewhere; nobody waits for a name server for longer.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(3600);

impl DnsSrvBuilder {
    /// Adds a name server. They are asked in the order given: one that does not answer, or answers with a failure
    /// (SERVFAIL, REFUSED, garbage), is followed by the next; "no such name" is an answer. One that did not answer is asked
    /// last for the next refreshes. Without any, those of resolv.conf are asked.
    pub fn name_server(mut self, address: SocketAddr) -> Self {
        self.resolver.name_servers.push(address);
        self
    }

    /// Sets how long to wait for each name server, once for each question. More than zero, and an hour at most; the default
    /// is that of resolv.conf (`options timeout:`), or 5 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.resolver.timeout = Some(timeout);
        self
    }

    /// Sets the file with the system's resolver configuration: the search list along which relative names are asked for
    /// and, where none are given, the name servers. It is read again when it changes. The default is `/etc/resolv.conf`; on
    /// a system without such a file (Windows) give name servers, and absolute names.
    pub fn resolv_conf(mut self, path: impl Into<PathBuf>) -> Self {
        self.resolver.resolv_conf = path.into();
        self
    }

    pub(super) fn default_lookup(&mut self) -> Result<Box<dyn SrvLookup>, DnsSrvError> {
        let settings = std::mem::take(&mut self.resolver);
        if let Some(timeout) = settings.timeout {
            check_timeout(timeout)?;
        }
        if let Some(&address) = settings.name_servers.iter().find(|address| address.port() == 0) {
            return Err(DnsSrvError::InvalidNameServer { address, rule: "its port must not be 0" });
        }
        Ok(Box::new(HickoryLookup::new(settings)))
    }
}

fn check_timeout(timeout: Duration) -> Result<(), DnsSrvError> {
    if timeout.is_zero() {
        return Err(DnsSrvError::InvalidTimeout { timeout, rule: "it must be more than zero" });
    }
    if timeout > LONGEST_TIMEOUT {
        return Err(DnsSrvError::InvalidTimeout { timeout, rule: "it must be no longer than an hour" });
    }
    Ok(())
}
