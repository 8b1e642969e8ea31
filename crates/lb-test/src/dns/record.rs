use std::net::{Ipv4Addr, Ipv6Addr};

use hickory_proto::rr::rdata::{A, AAAA, CNAME, SRV};
use hickory_proto::rr::{self, Name, RData};

use super::query::Kind;

const DEFAULT_TTL: u32 = 60;

/// One record that a [`DnsServer`](crate::DnsServer) answers with. The name it belongs to is given to
/// [`set`](crate::DnsServer::set).
///
/// Its TTL is 60 seconds unless [`with_ttl`](Record::with_ttl) says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub(super) data: RData,
    pub(super) ttl: u32,
}

impl Record {
    /// An SRV record (RFC 2782): the lower `priority` is preferred, `weight` is a share within one priority.
    ///
    /// The target is sent in the case it is given in; `"."` says that there is no such service.
    ///
    /// # Panics
    ///
    /// When `target` is not a domain name.
    #[track_caller]
    pub fn srv(priority: u16, weight: u16, port: u16, target: &str) -> Self {
        Self::new(RData::SRV(SRV::new(priority, weight, port, absolute(target))))
    }

    /// An IPv4 address.
    pub fn a(address: impl Into<Ipv4Addr>) -> Self {
        Self::new(RData::A(A(address.into())))
    }

    /// An IPv6 address.
    pub fn aaaa(address: impl Into<Ipv6Addr>) -> Self {
        Self::new(RData::AAAA(AAAA(address.into())))
    }

    /// Another name to look under. The server follows it and answers with everything it found on the way.
    ///
    /// # Panics
    ///
    /// When `target` is not a domain name.
    #[track_caller]
    pub fn cname(target: &str) -> Self {
        Self::new(RData::CNAME(CNAME(absolute(target))))
    }

    /// The time to live in seconds, 0 included.
    #[must_use]
    pub fn with_ttl(self, seconds: u32) -> Self {
        Self { ttl: seconds, ..self }
    }

    pub(super) fn kind(&self) -> Kind {
        Kind::from(self.data.record_type())
    }

    pub(super) fn owned_by(&self, owner: &Name) -> rr::Record {
        rr::Record::from_rdata(owner.clone(), self.ttl, self.data.clone())
    }

    fn new(data: RData) -> Self {
        Self { data, ttl: DEFAULT_TTL }
    }
}

/// Reads a name; one without the final dot is taken as absolute all the same.
#[track_caller]
pub(super) fn absolute(name: &str) -> Name {
    match Name::from_ascii(name) {
        Ok(mut parsed) => {
            parsed.set_fqdn(true);
            parsed
        }
        Err(error) => panic!("{name:?} is not a domain name: {error}"),
    }
}

/// What names are compared by: lower case, with the final dot.
pub(super) fn key(name: &Name) -> String {
    name.to_ascii().to_ascii_lowercase()
}
