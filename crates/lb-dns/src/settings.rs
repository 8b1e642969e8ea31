use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::Families;
use crate::error::InvalidSetting;

/// The clock ends somewhere; nobody waits for a name server for longer.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(3600);

/// Which servers a [`Resolver`](crate::Resolver) asks, for what, and how long it waits for each. What is not given comes from
/// resolv.conf.
#[derive(Clone, Debug)]
#[must_use = "settings do nothing"]
pub struct ResolverSettings {
    pub(crate) name_servers: Vec<SocketAddr>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) resolv_conf: PathBuf,
    pub(crate) families: Families,
}

impl Default for ResolverSettings {
    fn default() -> Self {
        Self {
            name_servers: Vec::new(),
            timeout: None,
            resolv_conf: "/etc/resolv.conf".into(),
            families: Families::default(),
        }
    }
}

impl ResolverSettings {
    /// The servers, the timeout and the search list of `/etc/resolv.conf`, and both IP versions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a name server; they are asked in the order given.
    pub fn name_server(mut self, address: SocketAddr) -> Self {
        self.name_servers.push(address);
        self
    }

    /// Sets how long to wait for each name server, once for each question: more than zero, an hour at most.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the file with the system's configuration.
    pub fn resolv_conf(mut self, path: impl Into<PathBuf>) -> Self {
        self.resolv_conf = path.into();
        self
    }

    /// Sets which IP versions are asked for.
    pub fn families(mut self, families: Families) -> Self {
        self.families = families;
        self
    }

    /// Checks what could not be meant.
    ///
    /// # Errors
    ///
    /// A timeout of zero or of more than an hour; a name server whose port is 0.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        let timeout = self.timeout.unwrap_or(LONGEST_TIMEOUT);
        if timeout.is_zero() {
            return Err(InvalidSetting::Timeout { timeout, rule: "it must be more than zero" });
        }
        if timeout > LONGEST_TIMEOUT {
            return Err(InvalidSetting::Timeout { timeout, rule: "it must be no longer than an hour" });
        }
        match self.name_servers.iter().find(|address| address.port() == 0) {
            Some(&address) => Err(InvalidSetting::NameServer { address, rule: "its port must not be 0" }),
            None => Ok(()),
        }
    }
}
