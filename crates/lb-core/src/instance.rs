use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What discovery finds: an address, with a host name, a weight, a priority and metadata.
///
/// Its identity in a set is its address together with its host; `Eq` and `Hash` compare everything. A clone copies
/// three pointers and allocates nothing.
///
/// ```
/// use lb_core::Instance;
///
/// let instance = Instance::new("10.0.0.1:443").with_host("a.example").with_weight(5).with_metadata("zone", "b");
/// assert_eq!(instance.address(), "10.0.0.1:443");
/// assert_eq!(instance.metadata("zone"), Some("b"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Instance {
    address: Arc<str>,
    host: Option<Arc<str>>,
    metadata: Option<Arc<BTreeMap<String, String>>>,
    weight: u32,
    priority: u16,
}

impl Instance {
    /// An instance at `address` (`host:port`, as the factory expects it) of weight 1 and priority 0, without a host and
    /// without metadata.
    ///
    /// Any text is taken here. An [`EndpointCache`](crate::EndpointCache) leaves an instance with an empty address out,
    /// with a warning.
    pub fn new(address: impl Into<Arc<str>>) -> Self {
        Self { address: address.into(), host: None, metadata: None, weight: 1, priority: 0 }
    }

    /// Sets the name to use for TLS and the `Host` header where the address is an IP address.
    #[must_use]
    pub fn with_host(mut self, host: impl Into<Arc<str>>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// Sets the weight: its share relative to the others of its priority, 0 to `u32::MAX`.
    #[must_use]
    pub fn with_weight(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// Sets the priority: the lower, the sooner it is preferred, as in SRV records (RFC 2782, "Priority").
    #[must_use]
    pub fn with_priority(mut self, priority: u16) -> Self {
        self.priority = priority;
        self
    }

    /// Adds one entry to the metadata, or replaces the one of that key.
    #[must_use]
    pub fn with_metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        Arc::make_mut(self.metadata.get_or_insert_default()).insert(key.into(), value.into());
        self
    }

    /// The address, `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The name behind the address, if it has one of its own.
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// The weight; 1 where none was given.
    pub fn weight(&self) -> u32 {
        self.weight
    }

    /// The priority, lower preferred; 0 where none was given.
    pub fn priority(&self) -> u16 {
        self.priority
    }

    /// The metadata of that key.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata.as_ref()?.get(key).map(String::as_str)
    }

    pub(crate) fn identity(&self) -> (Arc<str>, Option<Arc<str>>) {
        (Arc::clone(&self.address), self.host.clone())
    }

    pub(crate) fn shared_address(&self) -> Arc<str> {
        Arc::clone(&self.address)
    }

    /// Orders by identity: address, then host.
    pub(crate) fn cmp_identity(&self, other: &Self) -> Ordering {
        cmp_shared(&self.address, &other.address).then_with(|| match (&self.host, &other.host) {
            (Some(a), Some(b)) => cmp_shared(a, b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        })
    }
}

/// Compares by bytes; discovery that keeps its strings is compared by pointer.
fn cmp_shared(a: &Arc<str>, b: &Arc<str>) -> Ordering {
    if Arc::ptr_eq(a, b) { Ordering::Equal } else { a.as_bytes().cmp(b.as_bytes()) }
}

impl From<&str> for Instance {
    fn from(address: &str) -> Self {
        Self::new(address)
    }
}

impl From<std::net::SocketAddr> for Instance {
    fn from(address: std::net::SocketAddr) -> Self {
        Self::new(address.to_string())
    }
}

impl From<String> for Instance {
    fn from(address: String) -> Self {
        Self::new(address)
    }
}
