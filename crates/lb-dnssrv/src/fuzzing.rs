//! What a fuzz target of `fuzz/` runs: SRV records from outside, and what holds of the instances whatever the records. It
//! panics where it does not, which is how the fuzzer is told.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use lb_core::{BoxError, Context, Instance};
use lb_discovery::{Answer, Source};
use lb_dns::support::{check, unusable};

use crate::source::SrvSource;
use crate::{Addresses, SrvAnswer, SrvLookup, SrvRecord};

/// SRV records, with the addresses of every target that brings none.
pub fn records(bytes: &[u8]) {
    let records = read(bytes);
    let kept = check_named(&records);
    let mut reversed = records.clone();
    reversed.reverse();
    assert_eq!(check_named(&reversed), kept, "the order of an answer has no meaning");
    check_resolved(&fetch(&records, true));
}

fn fetch(records: &[SrvRecord], resolve_targets: bool) -> Answer {
    let lookup = Box::new(Fixed(records.to_vec()));
    let mut source = SrvSource::new("web.test.".to_owned(), lookup, resolve_targets);
    source.fetch(&Context::background()).expect("bad records are no failure")
}

struct Fixed(Vec<SrvRecord>);

impl SrvLookup for Fixed {
    fn lookup_srv(&mut self, _: &Context, _: &str) -> Result<SrvAnswer, BoxError> {
        Ok(SrvAnswer::new(self.0.clone()))
    }

    fn lookup_addresses(&mut self, _: &Context, target: &str) -> Result<Addresses, BoxError> {
        let last = target.bytes().fold(0, u8::wrapping_add);
        Ok(Addresses::new([
            Ipv4Addr::new(10, 0, 0, last % 4).into(),
            Ipv6Addr::from_bits(last.into()).into(),
        ]))
    }
}

/// Each record is an instance of its own or counted, and each instance is one to connect to.
fn check_named(records: &[SrvRecord]) -> Vec<Instance> {
    let answer = fetch(records, false);
    let instances = answer.instances();
    let nothing = records.iter().all(|record| record.target() == ".");
    assert_eq!(count(&answer), if nothing { 0 } else { records.len() });
    let addresses: HashSet<&str> = instances.iter().map(Instance::address).collect();
    assert_eq!(addresses.len(), instances.len());
    for address in addresses {
        let (host, port) = address.rsplit_once(':').expect("host and port");
        assert!(port.parse::<u16>().is_ok_and(|port| port > 0), "{address}");
        assert!(address.parse::<SocketAddr>().is_ok() || check(host).is_ok(), "{address}");
    }
    instances.to_vec()
}

fn check_resolved(answer: &Answer) {
    let mut seen = HashSet::new();
    for instance in answer.instances() {
        let address: SocketAddr = instance.address().parse().expect("an address");
        assert!(address.port() > 0 && unusable(address.ip()).is_none(), "{address}");
        assert!(instance.host().is_none_or(|host| check(host).is_ok()), "{instance:?}");
        assert!(seen.insert((address, instance.host())), "{instance:?} comes twice");
    }
}

fn count(answer: &Answer) -> usize {
    answer.instances().len() + usize::try_from(answer.skipped()).expect("few")
}

/// A record is port, priority, weight, the length of its target, what addresses it brings, and then those two: their lowest
/// two bits say how many, the third whether any are told of.
fn read(mut bytes: &[u8]) -> Vec<SrvRecord> {
    let mut records = Vec::new();
    while let Some((&[p, q, priority, w, v, length, addresses], rest)) = bytes.split_first_chunk() {
        let (target, rest) = rest.split_at(usize::from(length).min(rest.len()));
        let (octets, rest) = rest.split_at((usize::from(addresses % 4) * 4).min(rest.len()));
        let record = SrvRecord::new(String::from_utf8_lossy(target), u16::from_be_bytes([p, q]))
            .with_priority(priority.into())
            .with_weight(u16::from_be_bytes([w, v]));
        let list = octets.as_chunks::<4>().0.iter().map(|octets| IpAddr::from(*octets));
        let brings = addresses & 4 != 0;
        records.push(if brings { record.with_addresses(Addresses::new(list)) } else { record });
        bytes = rest;
    }
    records
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_seeds_of_the_fuzz_target_hold() {
        let seeds = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/srv_records");
        let seeds: Vec<_> = std::fs::read_dir(seeds).expect("the target has seeds").collect();
        assert!(!seeds.is_empty());
        for seed in seeds {
            let seed = seed.expect("it can be listed").path();
            println!("{}", seed.display());
            super::records(&std::fs::read(seed).expect("it can be read"));
        }
    }
}
