//! From a server's message to what it says about the question.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

use super::failure::Fault;
use crate::answer::shorter;
use crate::name::canonical;
use crate::{Addresses, SrvAnswer, SrvRecord};

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
    },
}

/// Records of the type asked for, at the end of however many aliases.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) records: Vec<Record>,
    pub(super) additionals: Vec<Record>,
    pub(super) ttl: Option<Duration>,
}

/// Reads an answer to the question for `kind` records of `name`, following the aliases within, `limit` of them at most.
pub(super) fn read(message: Message, name: &Name, kind: RecordType, limit: usize) -> Result<Reply, Fault> {
    let code = message.metadata.response_code;
    if !matches!(code, ResponseCode::NoError | ResponseCode::NXDomain) {
        return Err(Fault::Code(code));
    }
    let (end, steps, ttl) = follow(&message, name, limit);
    let (records, others): (Vec<_>, Vec<_>) =
        message.answers.into_iter().partition(|record| record.record_type() == kind && record.name == end);
    if !records.is_empty() {
        let ttl = records.iter().map(|record| Some(lifetime(record.ttl))).fold(ttl, shorter);
        return Ok(Reply::Records(Found { records, additionals: message.additionals, ttl }));
    }
    match steps {
        0 if !others.is_empty() => Err(Fault::Unrelated),
        0 => Ok(Reply::Nothing { ttl }),
        _ if code == ResponseCode::NXDomain => Ok(Reply::Nothing { ttl }),
        _ => Ok(Reply::Alias { to: end, steps, ttl }),
    }
}

/// Goes along the aliases of a message: where they end, how many they are, and for how long they are good.
fn follow(message: &Message, name: &Name, limit: usize) -> (Name, usize, Option<Duration>) {
    let aliases: HashMap<&Name, (&Name, u32)> =
        message.answers.iter().rev().filter_map(|record| Some((&record.name, alias(record)?))).collect();
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

impl Reply {
    /// Adds for how long the absence of records is good.
    pub(super) fn with_negative_ttl(self, negative: Option<Duration>) -> Self {
        match self {
            Self::Nothing { ttl } => Self::Nothing { ttl: shorter(ttl, negative) },
            other => other,
        }
    }
}

impl Found {
    /// As SRV records, with the addresses that came along.
    pub(super) fn into_srv(self) -> SrvAnswer {
        let glue = glue(&self.additionals);
        let records = self.records.iter().filter_map(|record| {
            let RData::SRV(srv) = &record.data else { return None };
            let target = srv.target.to_ascii();
            let addresses = glue.get(&canonical(&target)).cloned();
            let mut parsed =
                SrvRecord::new(target, srv.port).with_priority(srv.priority).with_weight(srv.weight);
            parsed.addresses = addresses;
            Some(parsed)
        });
        SrvAnswer { records: records.collect(), ttl: self.ttl }
    }

    /// As addresses.
    pub(super) fn into_addresses(self) -> Addresses {
        Addresses { addresses: self.records.iter().filter_map(address).collect(), ttl: self.ttl }
    }
}

fn glue(additionals: &[Record]) -> HashMap<String, Addresses> {
    let mut glue = HashMap::<String, Addresses>::new();
    for record in additionals {
        if let Some(address) = address(record) {
            let known = glue.entry(canonical(&record.name.to_ascii())).or_default();
            known.addresses.push(address);
            known.ttl = shorter(known.ttl, Some(lifetime(record.ttl)));
        }
    }
    glue
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
