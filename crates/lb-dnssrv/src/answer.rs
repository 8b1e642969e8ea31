use std::net::IpAddr;
use std::time::Duration;

/// What a lookup of SRV records found.
///
/// ```
/// use std::time::Duration;
/// use lb_dnssrv::{SrvAnswer, SrvRecord};
///
/// let answer = SrvAnswer::new([SrvRecord::new("a.example", 80), SrvRecord::new("b.example", 80).with_weight(3)])
///     .with_ttl(Duration::from_secs(30));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SrvAnswer {
    pub(crate) records: Vec<SrvRecord>,
    pub(crate) ttl: Option<Duration>,
}

impl SrvAnswer {
    /// An answer of these records. None at all is an authoritative "there are no such records"; what could not be found
    /// out is an error instead.
    pub fn new(records: impl IntoIterator<Item = SrvRecord>) -> Self {
        Self { records: records.into_iter().collect(), ttl: None }
    }

    /// Sets for how long the answer is good: that of an alias on the way to the records, or of their absence. A record
    /// may be good for less.
    #[must_use]
    pub fn with_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }
}

/// One SRV record (RFC 2782).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SrvRecord {
    pub(crate) target: String,
    pub(crate) port: u16,
    pub(crate) priority: u16,
    pub(crate) weight: u16,
    pub(crate) ttl: Option<Duration>,
    pub(crate) addresses: Option<Addresses>,
}

impl SrvRecord {
    /// A record of priority 0 and weight 1 that points to `port` of `target`.
    ///
    /// Anything is taken here, as servers send anything: a target that is no name and a port of 0 make the record a bad
    /// one, which is skipped and counted. The target `"."` says that there is no such service.
    pub fn new(target: impl Into<String>, port: u16) -> Self {
        Self { target: target.into(), port, priority: 0, weight: 1, ttl: None, addresses: None }
    }

    /// Sets the priority: the lower, the sooner it is preferred.
    #[must_use]
    pub fn with_priority(mut self, priority: u16) -> Self {
        self.priority = priority;
        self
    }

    /// Sets the weight: the share relative to the others of its priority.
    #[must_use]
    pub fn with_weight(mut self, weight: u16) -> Self {
        self.weight = weight;
        self
    }

    /// Sets for how long the record is good.
    #[must_use]
    pub fn with_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// Sets the addresses of the target, where the answer brought them along; they are not asked for then.
    #[must_use]
    pub fn with_addresses(mut self, addresses: Addresses) -> Self {
        self.addresses = Some(addresses);
        self
    }
}

/// The IP addresses of one target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) ttl: Option<Duration>,
}

impl Addresses {
    /// These addresses. None at all says that the target has none.
    pub fn new(addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        Self { addresses: addresses.into_iter().collect(), ttl: None }
    }

    /// Sets for how long they are good.
    #[must_use]
    pub fn with_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }
}

/// The shorter of two times to live, of which either may be unknown.
pub(crate) fn shorter(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
