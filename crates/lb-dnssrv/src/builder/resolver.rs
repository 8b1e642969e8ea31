//! The settings of the lookup behind the feature `hickory`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use lb_dns::Resolver;

use super::DnsSrvBuilder;
use crate::dns_lookup::DnsLookup;
use crate::{DnsSrvError, Families, SrvLookup};

impl DnsSrvBuilder {
    /// Adds a name server. They are asked in the order given: one that does not answer, or answers with a failure
    /// (SERVFAIL, REFUSED, garbage), is followed by the next; "no such name" is an answer. One that did not answer is asked
    /// last for the next refreshes. Without any, those of resolv.conf are asked.
    pub fn name_server(mut self, address: SocketAddr) -> Self {
        self.resolver = self.resolver.name_server(address);
        self
    }

    /// Sets how long to wait for each name server, once for each question. More than zero, and an hour at most; the default
    /// is that of resolv.conf (`options timeout:`), or 5 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.resolver = self.resolver.timeout(timeout);
        self
    }

    /// Sets the file with the system's resolver configuration: the search list along which relative names are asked for
    /// and, where none are given, the name servers; see [`Resolver`] for its options. It is read again when it changes. The
    /// default is `/etc/resolv.conf`; on a system without such a file (Windows) give name servers, and absolute names.
    pub fn resolv_conf(mut self, path: impl Into<PathBuf>) -> Self {
        self.resolver = self.resolver.resolv_conf(path);
        self
    }

    /// Sets which IP versions of targets are asked for, and which count, where
    /// [`resolve_targets`](Self::resolve_targets) has them resolved. The default is [`Families::Both`].
    pub fn families(mut self, families: Families) -> Self {
        self.resolver = self.resolver.families(families);
        self
    }

    pub(super) fn default_lookup(&mut self) -> Result<Box<dyn SrvLookup>, DnsSrvError> {
        let settings = std::mem::take(&mut self.resolver);
        settings.check()?;
        Ok(Box::new(DnsLookup(Resolver::new(settings))))
    }
}
