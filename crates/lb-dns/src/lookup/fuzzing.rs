//! What the fuzz targets of `fuzz/` run: each decoder of bytes from outside, and what holds of its result whatever the bytes.

#![expect(
    clippy::missing_panics_doc,
    reason = "a panic where a rule does not hold is how the fuzzer is told"
)]

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use hickory_proto::rr::{Name, RecordType};

use super::message::{self, Incoming, Response};
use super::query::Outgoing;
use super::reply::{self, Found, Reply};
use super::{resolv_conf, tcp};
use crate::host_port::{Host, HostPort};
use crate::{name, source};

/// No record of a message is shorter: the name of the root, type, class, TTL and length.
const SHORTEST_RECORD: usize = 11;
const MOST_ALIASES: usize = 8;
/// RFC 2181, section 8.
const LONGEST_TTL: Duration = Duration::from_secs(i32::MAX as u64);

/// A server's message. The first byte chooses the question: A, AAAA or SRV of `web.test.`
pub fn message(bytes: &[u8]) {
    if let [question, bytes @ ..] = bytes {
        read_message(*question, bytes);
    }
}

/// What comes on a connection, behind the byte that chooses the question.
pub fn connection(bytes: &[u8]) {
    let Some((question, mut stream)) = bytes.split_first() else { return };
    let Ok((bytes, whole)) = at_once(tcp::read_framed(&mut stream)) else { return };
    assert!(whole || stream.is_empty(), "what is not whole is all that came");
    read_message(*question, &bytes);
}

/// The text of resolv.conf.
pub fn resolv_conf(bytes: &[u8]) {
    let (config, problems) = resolv_conf::parse(bytes);
    assert!(!config.name_servers.is_empty() || !problems.is_empty(), "without a server there is a reason");
    assert!((1..=30).contains(&config.timeout.as_secs()));
    for relative in ["web", "_http._tcp.web.default"] {
        let candidates = config.search.candidates(relative);
        assert!(candidates.iter().any(|candidate| candidate == relative));
        for candidate in candidates {
            check_askable(&candidate);
        }
    }
}

/// `name:port`, as it is given to a publisher.
pub fn host_port(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(parsed) = HostPort::parse(text) else { return };
    assert_ne!(parsed.port, 0);
    let again = match &parsed.host {
        Host::Address(address) => address.to_string(),
        Host::Name(name) => {
            check_askable(name);
            format!("{name}:{}", parsed.port)
        }
    };
    assert_eq!(HostPort::parse(&again), Ok(parsed));
}

/// A domain name, as it is given to a publisher.
pub fn name(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if name::check(text).is_ok() {
        check_askable(text);
        let canonical = name::canonical(text);
        assert_eq!(name::canonical(&canonical), canonical);
        check_askable(&canonical);
    }
}

fn read_message(question: u8, bytes: &[u8]) {
    let [high, low, ..] = bytes else { return };
    let kind = [RecordType::A, RecordType::AAAA, RecordType::SRV][usize::from(question % 3)];
    let name = Name::from_ascii("web.test.").expect("a name");
    // The id is always right: guessing it would be all that the fuzzer does.
    let sent = Outgoing { id: u16::from_be_bytes([*high, *low]), edns: true, bytes: Vec::new() };
    if let Incoming::Answer(_, response) = message::read(bytes, &name, kind, &[&sent]) {
        check_response(response, bytes.len(), &name, kind);
    }
}

fn check_response(response: Response, length: usize, name: &Name, kind: RecordType) {
    let records = response.answers.len() + response.authorities.len();
    let unreadable = usize::try_from(response.unreadable).expect("few");
    assert!((records + unreadable) * SHORTEST_RECORD <= length, "no record out of nothing");
    match reply::read(response, name, kind, MOST_ALIASES) {
        Err(_) => {}
        Ok(Reply::Records(found)) => check_found(found, kind),
        Ok(Reply::Nothing { ttl, .. }) => assert!(ttl.is_none_or(|ttl| ttl <= LONGEST_TTL)),
        Ok(Reply::Alias { to, steps, ttl }) => {
            assert!((1..=MOST_ALIASES + 1).contains(&steps));
            assert!(ttl.is_some_and(|ttl| ttl <= LONGEST_TTL));
            assert!(Outgoing::new(&to, kind, true).is_ok(), "{to} can be asked for");
        }
    }
}

/// Each record is used or counted, and there is one to use: "no records" is for a server to say.
fn check_found(found: Found, kind: RecordType) {
    let (count, unreadable, ttl) = (found.records.len(), found.unreadable, found.ttl);
    assert!(ttl.is_some_and(|ttl| ttl <= LONGEST_TTL));
    if kind == RecordType::SRV {
        let answer = found.into_srv();
        assert_eq!((answer.records.len(), answer.absence), (count, None));
        assert_eq!(answer.unreadable, unreadable);
        return;
    }
    let addresses = found.into_addresses();
    assert_eq!((addresses.list.len(), addresses.absence), (count, None));
    assert_eq!(addresses.unreadable, unreadable);
    let (instances, skipped) = source::instances("web.test", 80, &addresses);
    assert_eq!(instances.len() + skipped.len(), count);
    assert!(instances.iter().all(|instance| instance.address().parse::<SocketAddr>().is_ok()));
}

/// What passes for a name can be asked for.
fn check_askable(name: &str) {
    assert_eq!(name::check(name), Ok(()));
    let absolute = Name::from_ascii(format!("{}.", name::canonical(name))).expect("a name");
    assert!(Outgoing::new(&absolute, RecordType::SRV, true).is_ok(), "{name}");
}

/// Runs a future that has nothing to wait for.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("a slice is read at once"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_of_the_fuzz_targets_hold() {
        run_seeds("message", message);
        run_seeds("connection", connection);
        run_seeds("resolv_conf", resolv_conf);
        run_seeds("host_port", host_port);
        run_seeds("name", name);
    }

    fn run_seeds(target: &str, run: fn(&[u8])) {
        let seeds = format!("{}/../../fuzz/seeds/{target}", env!("CARGO_MANIFEST_DIR"));
        let seeds: Vec<_> = std::fs::read_dir(seeds).expect("the target has seeds").collect();
        assert!(!seeds.is_empty(), "{target}");
        for seed in seeds {
            let seed = seed.expect("it can be listed").path();
            println!("{}", seed.display());
            run(&std::fs::read(seed).expect("it can be read"));
        }
    }
}
