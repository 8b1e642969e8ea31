use std::time::Duration;

use lb_core::Factory;
use lb_discovery::{DiscoveryBuilder, OnEmpty, OnShrink, Refresh};

use crate::source::SrvSource;
use crate::{DnsSrvError, DnsSrvPublisher, SrvLookup};

#[cfg(feature = "hickory")]
mod resolver;

/// Collects the settings of a [`DnsSrvPublisher`].
#[must_use = "a builder starts nothing"]
pub struct DnsSrvBuilder {
    name: String,
    lookup: Option<Box<dyn SrvLookup>>,
    #[cfg(feature = "hickory")]
    resolver: lb_dns::ResolverSettings,
    resolve_targets: bool,
    discovery: DiscoveryBuilder,
}

impl DnsSrvBuilder {
    pub(crate) fn new(name: String) -> Self {
        let discovery = DiscoveryBuilder::without_source(name.as_str());
        Self {
            name,
            lookup: None,
            #[cfg(feature = "hickory")]
            resolver: lb_dns::ResolverSettings::default(),
            resolve_targets: false,
            discovery,
        }
    }

    /// Sets when DNS is asked again. The default is [`Refresh::Every`] 30 seconds.
    ///
    /// [`Refresh::Ttl`] follows the shortest TTL of everything that led to the set: aliases, SRV records, addresses; and of
    /// an answer without records the negative TTL (RFC 2308). [`Refresh::Watch`] is for a [`lookup`](Self::lookup) of yours
    /// that waits for news by itself.
    pub fn refresh(mut self, refresh: Refresh) -> Self {
        self.discovery = self.discovery.refresh(refresh);
        self
    }

    /// Asks DNS in a way of your own. It takes the place of the resolver behind the feature `hickory`, whose settings (name
    /// servers, timeout, resolv.conf) then have no effect.
    pub fn lookup(mut self, lookup: impl SrvLookup) -> Self {
        self.lookup = Some(Box::new(lookup));
        self
    }

    /// Makes one instance of each address of each target (`1.2.3.4:80`, `[::1]:80`), with the target's name as
    /// [`host`](lb_core::Instance::host) and the record's weight and priority. By default targets are used as names
    /// (`a.example:80`), and whoever connects resolves them.
    ///
    /// A and AAAA of every target are asked for, side by side, each refresh: addresses that come along with SRV records are
    /// as many as fit, which servers do not say. All of it takes one timeout at most for each server that is silent. A target
    /// that is an IP address is not asked for. One without addresses, or whose addresses are nobody's (0.0.0.0, `::`,
    /// multicast), is a bad record.
    ///
    /// A target has one share, whatever its addresses: its weight is split among them. So that weights stay whole numbers, all
    /// of a set are first multiplied by the least common multiple of the targets' numbers of addresses (at most 65,536): where
    /// all have one address each, or all have two, each instance keeps the record's weight. Strategies that ignore weights
    /// (round robin, random) give each *address* one share: for them choose one IP version, or prefer one
    /// (`families`).
    pub fn resolve_targets(mut self, resolve: bool) -> Self {
        self.resolve_targets = resolve;
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

    /// Sets what an authoritative answer without records (NXDOMAIN, NODATA) does. The default is [`OnEmpty::KeepLast`].
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
    /// An impossible name or setting, no lookup, no thread; and, unless
    /// [`allow_initial_failure`](Self::allow_initial_failure) says otherwise, a first lookup that fails.
    pub fn build<F>(self, factory: F) -> Result<DnsSrvPublisher<F::Endpoint>, DnsSrvError>
    where
        F: Factory + 'static,
        F::Endpoint: Send + Sync + 'static,
    {
        Ok(DnsSrvPublisher::wrap(self.into_discovery()?.build(factory)?))
    }

    /// Starts, and returns at once: [`NotReady`](lb_core::Error::NotReady) until the first answer, which
    /// [`wait_ready`](DnsSrvPublisher::wait_ready) and [`ready`](DnsSrvPublisher::ready) wait for. A first lookup that fails
    /// is followed by others.
    ///
    /// # Errors
    ///
    /// An impossible name or setting, no lookup, no thread.
    pub fn start<F>(self, factory: F) -> Result<DnsSrvPublisher<F::Endpoint>, DnsSrvError>
    where
        F: Factory + 'static,
        F::Endpoint: Send + Sync + 'static,
    {
        Ok(DnsSrvPublisher::wrap(self.into_discovery()?.start(factory)?))
    }

    fn into_discovery(mut self) -> Result<DiscoveryBuilder, DnsSrvError> {
        if let Err(rule) = lb_dns::support::check(&self.name) {
            return Err(DnsSrvError::InvalidName { name: self.name, rule });
        }
        let lookup = match self.lookup.take() {
            Some(lookup) => lookup,
            None => self.default_lookup()?,
        };
        let source = SrvSource::new(self.name.clone(), lookup, self.resolve_targets);
        Ok(self.discovery.source(source))
    }

    #[cfg(not(feature = "hickory"))]
    fn default_lookup(&self) -> Result<Box<dyn SrvLookup>, DnsSrvError> {
        Err(DnsSrvError::NoLookup { name: self.name.clone() })
    }
}

impl std::fmt::Debug for DnsSrvBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DnsSrvBuilder")
            .field("name", &self.name)
            .field("discovery", &self.discovery)
            .finish_non_exhaustive()
    }
}
