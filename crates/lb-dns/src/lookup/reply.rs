//! From a server's message to what it says about the question.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::failure::Fault;
use super::message::Response;
use crate::answer::shorter;
use crate::{Absence, Addresses, SrvAnswer, SrvRecord};

/// What a server says.
#[derive(Debug)]
pub(super) enum Reply {
    Records(Found),
    /// The question must be asked anew, for another name.
    Alias {
        to: Name,
        steps: usize,
        ttl: Option<Duration>,
    },
    /// Authoritatively nothing.
    Nothing {
        ttl: Option<Duration>,
        absence: Absence,
    },
}

/// Records of the type asked for, at the end of however many aliases.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) records: Vec<Record>,
    pub(crate) ttl: Option<Duration>,
    /// Records of the answer that could not be read.
    pub(crate) unreadable: u64,
    /// How a server said that there are none.
    pub(crate) absence: Option<Absence>,
}

/// Reads an answer to the question for `kind` records of `name`, following the aliases within, `limit` of them at most.
pub(super) fn read(response: Response, name: &Name, kind: RecordType, limit: usize) -> Result<Reply, Fault> {
    let code = response.code;
    if !matches!(code, ResponseCode::NoError | ResponseCode::NXDomain) {
        return Err(Fault::Code(code));
    }
    let (end, steps, ttl) = follow(&response.answers, name, limit);
    let negative = negative_ttl(&response.authorities);
    let refers = response.authorities.iter().any(|record| record.record_type() == RecordType::NS);
    let unreadable = response.unreadable;
    let (records, others): (Vec<_>, Vec<_>) =
        response.answers.into_iter().partition(|record| record.record_type() == kind && record.name == end);
    if !records.is_empty() {
        let ttl = records.iter().map(|record| Some(lifetime(record.ttl))).fold(ttl, shorter);
        return Ok(Reply::Records(Found { records, ttl, unreadable, absence: None }));
    }
    let nothing = |absence| Ok(Reply::Nothing { ttl: shorter(ttl, negative), absence });
    match (steps, code) {
        (0, _) if !others.is_empty() => Err(Fault::Unrelated),
        (0, _) if unreadable > 0 => Err(Fault::Garbage),
        (_, ResponseCode::NXDomain) => nothing(Absence::NoSuchName),
        // Name servers but no SOA record: this server does not know and does not find out for us.
        (0, _) if refers && negative.is_none() => Err(Fault::Referral),
        (0, _) => nothing(Absence::NoRecords),
        _ => Ok(Reply::Alias { to: end, steps, ttl }),
    }
}

/// For how long the absence of records is good (RFC 2308, section 5).
fn negative_ttl(authorities: &[Record]) -> Option<Duration> {
    authorities.iter().find_map(|record| match &record.data {
        RData::SOA(soa) => Some(lifetime(record.ttl).min(lifetime(soa.minimum))),
        _ => None,
    })
}

/// Goes along the aliases of a message: where they end, how many they are, and for how long they are good.
fn follow(answers: &[Record], name: &Name, limit: usize) -> (Name, usize, Option<Duration>) {
    let aliases: HashMap<&Name, (&Name, u32)> =
        answers.iter().rev().filter_map(|record| Some((&record.name, alias(record)?))).collect();
    let (mut end, mut steps, mut ttl) = (name, 0, None);
    while let Some(&(target, seconds)) = aliases.get(end)
        && steps <= limit
    {
        end = target;
        steps += 1;
        ttl = shorter(ttl, Some(lifetime(seconds)));
    }
    (end.clone(), steps, ttl)
}

fn alias(record: &Record) -> Option<(&Name, u32)> {
    match &record.data {
        RData::CNAME(target) => Some((&target.0, record.ttl)),
        _ => None,
    }
}

/// A TTL with its highest bit set is none (RFC 2181, section 8).
pub(super) fn lifetime(ttl: u32) -> Duration {
    Duration::from_secs(i32::try_from(ttl).map_or(0, |_| u64::from(ttl)))
}

impl Found {
    /// As SRV records. Addresses that came along are left out: servers send as many of them as fit, and do not say so.
    pub(crate) fn into_srv(self) -> SrvAnswer {
        let records = self.records.iter().filter_map(|record| {
            let RData::SRV(srv) = &record.data else { return None };
            let parsed = SrvRecord::new(text(&srv.target), srv.port);
            Some(parsed.with_priority(srv.priority).with_weight(srv.weight))
        });
        let answer = SrvAnswer::new(records);
        SrvAnswer { ttl: self.ttl, unreadable: self.unreadable, absence: self.absence, ..answer }
    }

    /// As addresses.
    pub(crate) fn into_addresses(self) -> Addresses {
        let list = self.records.iter().filter_map(address).collect();
        Addresses { list, ttl: self.ttl, unreadable: self.unreadable, absence: self.absence }
    }
}

/// A target as text. Some write an IPv6 address there, whose colons the text form of a name would escape.
fn text(target: &Name) -> String {
    let mut labels = target.iter();
    match (labels.next().map(std::str::from_utf8), labels.next()) {
        (Some(Ok(only)), None) if only.parse::<Ipv6Addr>().is_ok() => only.to_owned(),
        _ => target.to_ascii(),
    }
}

fn address(record: &Record) -> Option<IpAddr> {
    match &record.data {
        RData::A(address) => Some(IpAddr::V4(address.0)),
        RData::AAAA(address) => Some(IpAddr::V6(address.0)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
