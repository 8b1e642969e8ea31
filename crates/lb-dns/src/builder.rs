use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use lb_core::Factory;
use lb_discovery::{DiscoveryBuilder, OnEmpty, OnShrink, Refresh};

use crate::host_port::HostPort;
use crate::source::AddressSource;
use crate::{DnsError, DnsPublisher, Families, Resolver, ResolverSettings};

/// Collects the settings of a [`DnsPublisher`].
#[must_use = "a builder starts nothing"]
#[derive(Debug)]
pub struct DnsBuilder {
    name: String,
    resolver: ResolverSettings,
    discovery: DiscoveryBuilder,
}

impl DnsBuilder {
    pub(crate) fn new(name: String) -> Self {
        let discovery = DiscoveryBuilder::without_source(name.as_str());
        Self { name, resolver: ResolverSettings::new(), discovery }
    }

    /// Adds a name server. They are asked in the order given: one that does not answer, or answers with a failure, is
    /// followed by the next; "no such name" is an answer. Without any, those of resolv.conf are asked.
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

    /// Sets the file with the system's resolver configuration; see [`Resolver`]. It is read again when it changes. The
    /// default is `/etc/resolv.conf`.
    pub fn resolv_conf(mut self, path: impl Into<PathBuf>) -> Self {
        self.resolver = self.resolver.resolv_conf(path);
        self
    }

    /// Sets which IP versions are asked for, and which count. The default is [`Families::Both`].
    pub fn families(mut self, families: Families) -> Self {
        self.resolver = self.resolver.families(families);
        self
    }

    /// Sets when DNS is asked again. The default is [`Refresh::Every`] 30 seconds; [`Refresh::Ttl`] follows the shortest TTL
    /// of everything that led to the set, and of an answer without records the negative TTL (RFC 2308).
    pub fn refresh(mut self, refresh: Refresh) -> Self {
        self.discovery = self.discovery.refresh(refresh);
        self
    }

    /// Has [`build`](Self::build) return a publisher even if the first lookup fails. Such a publisher answers
    /// [`NotReady`](lb_core::Error::NotReady), and keeps trying.
    pub fn allow_initial_failure(mut self) -> Self {
        self.discovery = self.discovery.allow_initial_failure();
        self
    }

    /// Takes the set out of use once lookups have been failing for longer than this:
    /// [`Error::Discovery`](lb_core::Error::Discovery) until one succeeds. More than zero; the default is never.
    pub fn expire_after(mut self, limit: Duration) -> Self {
        self.discovery = self.discovery.expire_after(limit);
        self
    }

    /// Sets what an authoritative answer without addresses (NXDOMAIN, NODATA) does. The default is [`OnEmpty::KeepLast`]; for
    /// a headless Kubernetes service, which has no addresses while no pod is ready, [`OnEmpty::EmptyAfter`] is right.
    pub fn on_empty(mut self, on_empty: OnEmpty) -> Self {
        self.discovery = self.discovery.on_empty(on_empty);
        self
    }

    /// Sets what a set that shrinks at once does. The default is [`OnShrink::Follow`].
    pub fn on_shrink(mut self, on_shrink: OnShrink) -> Self {
        self.discovery = self.discovery.on_shrink(on_shrink);
        self
    }

    /// Sets the shortest time from one lookup to the next, whatever asks for it.
    pub fn min_interval(mut self, interval: Duration) -> Self {
        self.discovery = self.discovery.min_interval(interval);
        self
    }

    /// Sets by how much the period is varied, in percent of it either way, so that a fleet does not ask in step; a TTL is
    /// never exceeded. 0 to 99; the default is 10.
    pub fn jitter(mut self, percent: u8) -> Self {
        self.discovery = self.discovery.jitter(percent);
        self
    }

    /// Sets how long the factory may take for one endpoint; then it has failed. More than zero; the default is 10 seconds.
    pub fn factory_timeout(mut self, limit: Duration) -> Self {
        self.discovery = self.discovery.factory_timeout(limit);
        self
    }

    /// Starts, and waits for the end of the first lookup: one timeout for each server that does not answer.
    ///
    /// # Errors
    ///
    /// An impossible name or setting, no thread; and, unless [`allow_initial_failure`](Self::allow_initial_failure) says
    /// otherwise, a first lookup that fails.
    pub fn build<F>(self, factory: F) -> Result<DnsPublisher<F::Endpoint>, DnsError>
    where
        F: Factory + 'static,
        F::Endpoint: Send + Sync + 'static,
    {
        Ok(DnsPublisher::wrap(self.into_discovery()?.build(factory)?))
    }

    /// Starts, and returns at once: [`NotReady`](lb_core::Error::NotReady) until the first answer. A first lookup that fails
    /// is followed by others.
    ///
    /// # Errors
    ///
    /// An impossible name or setting, no thread.
    pub fn start<F>(self, factory: F) -> Result<DnsPublisher<F::Endpoint>, DnsError>
    where
        F: Factory + 'static,
        F::Endpoint: Send + Sync + 'static,
    {
        Ok(DnsPublisher::wrap(self.into_discovery()?.start(factory)?))
    }

    fn into_discovery(self) -> Result<DiscoveryBuilder, DnsError> {
        let target = match HostPort::parse(&self.name) {
            Ok(target) => target,
            Err(rule) => return Err(DnsError::InvalidName { name: self.name, rule }),
        };
        self.resolver.check()?;
        let source = AddressSource::new(target, Resolver::new(self.resolver));
        Ok(self.discovery.source(source))
    }
}
