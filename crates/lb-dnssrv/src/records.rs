//! From SRV records to instances.

use std::cmp::Reverse;
use std::time::Duration;

use lb_core::Instance;

use crate::answer::shorter;
use crate::{Addresses, SrvAnswer, SrvRecord, name};

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
    for record in &mut records {
        record.target.make_ascii_lowercase();
    }
    records.sort_by(|one, other| rank(one).cmp(&rank(other)));
    let mut screened = Screened::default();
    for mut record in records {
        if let Some(fault) = fault(&record, screened.records.last()) {
            screened.skipped.push(format!("{:?} port {} ({fault})", record.target, record.port));
        } else {
            record.target = name::canonical(&record.target);
            screened.records.push(record);
        }
    }
    screened
}

/// The one instance of a target that is used by its name.
pub(crate) fn by_name(record: &SrvRecord) -> Instance {
    rated(Instance::new(format!("{}:{}", record.target, record.port)), record)
}

/// The instances of a target's addresses, which keep its name as their host.
pub(crate) fn by_address(record: &SrvRecord, addresses: &Addresses) -> Vec<Instance> {
    let mut addresses = addresses.addresses.clone();
    addresses.sort_unstable();
    addresses.dedup();
    let instance = |address| {
        let socket = std::net::SocketAddr::new(address, record.port).to_string();
        rated(Instance::new(socket).with_host(record.target.as_str()), record)
    };
    addresses.into_iter().map(instance).collect()
}

/// For how long an answer is good: as long as everything in it.
pub(crate) fn shortest_ttl(answer: &SrvAnswer) -> Option<Duration> {
    answer.records.iter().map(|record| record.ttl).fold(answer.ttl, shorter)
}

fn rated(instance: Instance, record: &SrvRecord) -> Instance {
    instance.with_priority(record.priority).with_weight(record.weight.into())
}

/// RFC 2782, "Target": the service is decidedly not available.
fn says_no_service(record: &SrvRecord) -> bool {
    record.target == "."
}

fn rank(record: &SrvRecord) -> impl Ord {
    let target = record.target.strip_suffix('.').unwrap_or(&record.target);
    (target, record.port, record.priority, Reverse(record.weight))
}

fn fault(record: &SrvRecord, before: Option<&SrvRecord>) -> Option<&'static str> {
    if says_no_service(record) {
        return Some("it says that there is no service, others say that there is");
    }
    if let Err(rule) = name::check(&record.target) {
        return Some(rule);
    }
    if record.port == 0 {
        return Some("nothing listens on port 0");
    }
    let target = record.target.strip_suffix('.').unwrap_or(&record.target);
    let repeats = before.is_some_and(|before| before.target == target && before.port == record.port);
    repeats.then_some("it repeats another record")
}

#[cfg(test)]
mod tests;
