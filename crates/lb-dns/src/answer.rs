use std::net::IpAddr;
use std::time::Duration;

/// What a lookup of SRV records found.
///
/// ```
/// use std::time::Duration;
/// use lb_dns::{SrvAnswer, SrvRecord};
///
/// let answer = SrvAnswer::new([SrvRecord::new("a.example", 80), SrvRecord::new("b.example", 80).with_weight(3)])
///     .with_ttl(Duration::from_secs(30));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SrvAnswer {
    pub(crate) records: Vec<SrvRecord>,
    pub(crate) ttl: Option<Duration>,
    pub(crate) unreadable: u64,
    pub(crate) absence: Option<Absence>,
}

/// How a server says that there are no records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Absence {
    /// NXDOMAIN: there is no such name.
    NoSuchName,
    /// NODATA: there is such a name, but it has no records of the type asked for.
    NoRecords,
}

impl SrvAnswer {
    /// An answer of these records. None at all is an authoritative "there are no such records"; what could not be found
    /// out is an error instead.
    pub fn new(records: impl IntoIterator<Item = SrvRecord>) -> Self {
        Self { records: records.into_iter().collect(), ..Self::default() }
    }

    /// Sets for how long the answer is good: that of an alias on the way to the records, or of their absence. A record
    /// may be good for less.
    #[must_use]
    pub fn with_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// Sets how the server said that there are no records.
    #[must_use]
    pub fn with_absence(mut self, absence: Absence) -> Self {
        self.absence = Some(absence);
        self
    }

    /// The records, in the order of the answer.
    pub fn records(&self) -> &[SrvRecord] {
        &self.records
    }

    /// The records, by value.
    pub fn into_records(self) -> Vec<SrvRecord> {
        self.records
    }

    /// For how long the answer is good, if it says so.
    pub fn ttl(&self) -> Option<Duration> {
        self.ttl
    }

    /// How many records could not be read, and are left out.
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// How the server said that there are no records. `None`: there are some, or the lookup does not tell.
    pub fn absence(&self) -> Option<Absence> {
        self.absence
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

    /// Where the service is.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The port there.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The lower, the sooner it is preferred.
    pub fn priority(&self) -> u16 {
        self.priority
    }

    /// The share relative to the others of its priority.
    pub fn weight(&self) -> u16 {
        self.weight
    }

    /// For how long the record is good, if it says so.
    pub fn ttl(&self) -> Option<Duration> {
        self.ttl
    }

    /// The addresses that came along with it.
    pub fn addresses(&self) -> Option<&Addresses> {
        self.addresses.as_ref()
    }

    /// The IP address that the target is, with or without brackets.
    #[doc(hidden)]
    pub fn literal(&self) -> Option<IpAddr> {
        let target = self.target.as_str();
        target.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(target).parse().ok()
    }

    /// Writes the target in its one spelling: lower case, without the final dot, and an IP address without brackets.
    #[doc(hidden)]
    pub fn canonicalise(&mut self) {
        self.target.make_ascii_lowercase();
        if self.target.len() > 1 && self.target.ends_with('.') {
            self.target.pop();
        }
        if let Some(address) = self.literal() {
            self.target = address.to_string();
        }
    }
}

/// The IP addresses of one name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    pub(crate) list: Vec<IpAddr>,
    pub(crate) ttl: Option<Duration>,
    pub(crate) unreadable: u64,
    pub(crate) absence: Option<Absence>,
}

impl Addresses {
    /// These addresses. None at all says that the name has none.
    pub fn new(addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        Self { list: addresses.into_iter().collect(), ..Self::default() }
    }

    /// Sets for how long they are good.
    #[must_use]
    pub fn with_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// The addresses; from a [`Resolver`](crate::Resolver) in order, each once.
    pub fn addresses(&self) -> &[IpAddr] {
        &self.list
    }

    /// For how long they are good, if the answer says so.
    pub fn ttl(&self) -> Option<Duration> {
        self.ttl
    }

    /// How many records could not be read, and are left out.
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// How the server said that there are none.
    pub fn absence(&self) -> Option<Absence> {
        self.absence
    }
}

/// The shorter of two times to live, of which either may be unknown.
pub fn shorter(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// Why no connection can be made to an address, if none can.
pub fn unusable(address: IpAddr) -> Option<&'static str> {
    let address = address.to_canonical();
    if address.is_unspecified() {
        return Some("the unspecified address is nobody's");
    }
    if address.is_multicast() || address == IpAddr::V4(std::net::Ipv4Addr::BROADCAST) {
        return Some("an address of many is no endpoint's");
    }
    None
}

/// What to tell of an answer without records: "web.example: no such name".
pub fn no_records_reason(absence: Option<Absence>) -> &'static str {
    match absence {
        Some(Absence::NoSuchName) => "no such name",
        Some(Absence::NoRecords) => "there is such a name, but it has no such records",
        None => "no records",
    }
}
