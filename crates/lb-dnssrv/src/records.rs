//! From SRV records to instances.

use std::cmp::Reverse;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use lb_core::Instance;
use lb_dns::support::{check, shorter};

use crate::{SrvAnswer, SrvRecord};

/// The usable records of an answer: one for each target and port, the target in its canonical spelling.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Screened {
    pub(crate) records: Vec<SrvRecord>,
    /// What was left out, and why.
    pub(crate) skipped: Vec<String>,
    /// Whether the one thing that the records say is that there is no such service.
    pub(crate) no_service: bool,
}

/// Sorts the usable records from the rest. Where a target and port repeat, the preferred record stays, so that the
/// result does not depend on the order of the answer, which servers rotate.
pub(crate) fn screen(mut records: Vec<SrvRecord>) -> Screened {
    if records.iter().all(says_no_service) {
        return Screened { no_service: !records.is_empty(), ..Screened::default() };
    }
    records.iter_mut().for_each(SrvRecord::canonicalise);
    records.sort_by(|one, other| rank(one).cmp(&rank(other)));
    let mut screened = Screened::default();
    for record in records {
        match fault(&record, screened.records.last()) {
            Some(fault) => screened.skipped.push(told(&record, fault)),
            None => screened.records.push(record),
        }
    }
    screened
}

/// How a record that is left out is told of.
pub(crate) fn told(record: &SrvRecord, why: &str) -> String {
    format!("{:?} port {} ({why})", record.target(), record.port())
}

/// The one instance of a target that is used by its name, or is an address already.
pub(crate) fn by_name(record: &SrvRecord) -> Instance {
    let address = match record.literal() {
        Some(ip) => SocketAddr::new(ip, record.port()).to_string(),
        None => format!("{}:{}", record.target(), record.port()),
    };
    Instance::new(address).with_priority(record.priority()).with_weight(record.weight().into())
}

/// The instance of one of a target's addresses, which keeps its name as its host.
pub(crate) fn by_address(record: &SrvRecord, address: IpAddr, weight: u32) -> Instance {
    let instance = Instance::new(SocketAddr::new(address, record.port()).to_string());
    let instance = if record.literal().is_some() { instance } else { instance.with_host(record.target()) };
    instance.with_priority(record.priority()).with_weight(weight)
}

/// For how long an answer is good: as long as everything in it.
pub(crate) fn shortest_ttl(answer: &SrvAnswer) -> Option<Duration> {
    answer.records().iter().map(SrvRecord::ttl).fold(answer.ttl(), shorter)
}

/// RFC 2782, "Target": the service is decidedly not available.
fn says_no_service(record: &SrvRecord) -> bool {
    record.target() == "."
}

fn rank(record: &SrvRecord) -> impl Ord {
    (record.target(), record.port(), record.priority(), Reverse(record.weight()))
}

fn fault(record: &SrvRecord, before: Option<&SrvRecord>) -> Option<&'static str> {
    if says_no_service(record) {
        return Some("it says that there is no service, others say that there is");
    }
    match record.literal() {
        Some(address) => {
            if let Some(why) = lb_dns::support::unusable(address) {
                return Some(why);
            }
        }
        None => {
            if let Err(rule) = check(record.target()) {
                return Some(rule);
            }
        }
    }
    if record.port() == 0 {
        return Some("nothing listens on port 0");
    }
    let repeats =
        before.is_some_and(|before| before.target() == record.target() && before.port() == record.port());
    repeats.then_some("it repeats another record")
}

#[cfg(test)]
mod tests;
