//! resolv.conf and search lists under a `DnsPublisher` and a `Resolver`.

#![cfg(feature = "lookup")]

use std::path::PathBuf;
use std::time::Duration;

use lb_core::Context;
use lb_dns::{Absence, Families, Resolver, ResolverSettings};
use lb_test::{Behaviour, DnsServer, Kind, Record, Transport};

const NAME: &str = "web.example.";
const AMPLE: Duration = Duration::from_secs(20);

struct Conf(PathBuf);

impl Conf {
    fn new(test: &str, lines: &str) -> Self {
        let conf = Self(std::env::temp_dir().join(format!("lb-dns-{}-{test}.conf", std::process::id())));
        std::fs::write(&conf.0, lines).expect("the file can be written");
        conf
    }
}

impl Drop for Conf {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

fn server() -> DnsServer {
    let server = DnsServer::start().expect("a DNS server starts");
    server.set(NAME, [Record::a([10, 0, 0, 1]), Record::aaaa([0xfd00, 0, 0, 0, 0, 0, 0, 1])]);
    server
}

fn resolver(servers: &[&DnsServer], conf: &Conf, families: Families) -> Resolver {
    let settings = ResolverSettings::new().timeout(AMPLE).resolv_conf(&conf.0).families(families);
    let servers = servers.iter().map(|server| server.address());
    Resolver::new(servers.fold(settings, ResolverSettings::name_server))
}

fn found(resolver: &mut Resolver, name: &str) -> usize {
    resolver.addresses(&Context::background(), name).expect("it answers").addresses().len()
}

#[test]
fn case_27_rotate_begins_each_refresh_with_the_next_server() {
    let (servers, conf) = ([server(), server()], Conf::new("rotate", "options rotate\n"));
    let mut resolver = resolver(&[&servers[0], &servers[1]], &conf, Families::V4);
    for _ in 0..6 {
        assert_eq!(found(&mut resolver, NAME), 1);
    }
    assert_eq!(servers.map(|server| server.queries().len()), [3, 3]);
}

#[test]
fn cases_21_and_27_use_vc_asks_over_tcp_alone() {
    let (server, conf) = (server(), Conf::new("use-vc", "options use-vc\n"));
    assert_eq!(found(&mut resolver(&[&server], &conf, Families::Both), NAME), 2);
    assert!(server.queries().iter().all(|query| query.transport == Transport::Tcp));
}

#[test]
fn case_27_no_aaaa_asks_for_none_unless_they_are_chosen() {
    let (server, conf) = (server(), Conf::new("no-aaaa", "options no-aaaa\n"));
    assert_eq!(found(&mut resolver(&[&server], &conf, Families::Both), NAME), 1);
    assert!(server.queries().iter().all(|query| query.kind == Kind::A));
    assert_eq!(found(&mut resolver(&[&server], &conf, Families::V6), NAME), 1);
}

#[test]
fn along_the_search_list_the_first_name_with_addresses_wins() {
    let (server, conf) = (server(), Conf::new("search", "search test example\noptions ndots:2\n"));
    assert_eq!(found(&mut resolver(&[&server], &conf, Families::Both), "web"), 2);
}

#[test]
fn case_23_no_such_name_and_no_such_records_are_told_apart() {
    let (server, conf) = (server(), Conf::new("absence", "search test\n"));
    server.set("empty.example.", []);
    let mut resolver = resolver(&[&server], &conf, Families::Both);
    for (name, absence) in [
        ("empty.example", Absence::NoRecords),
        ("missing.example", Absence::NoSuchName),
        ("x.y.", Absence::NoSuchName),
    ] {
        let answer = resolver.addresses(&Context::background(), name).expect("it is an answer");
        assert_eq!((answer.addresses().len(), answer.absence()), (0, Some(absence)), "{name}");
        let answer = resolver.srv(&Context::background(), name).expect("it is an answer");
        assert_eq!((answer.records().len(), answer.absence()), (0, Some(absence)), "{name}");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "tests stand outside")]
fn case_24_a_hundred_targets_with_a_silent_ip_version_take_one_timeout() {
    let (server, conf) = (DnsServer::start().expect("a DNS server starts"), Conf::new("silent", "\n"));
    let names: Vec<String> = (0..100).map(|index| format!("target-{index}.example")).collect();
    for (index, name) in (0..).zip(&names) {
        server.set(name, [Record::a([10, 0, 0, index])]);
    }
    server.behave_for_kind(Kind::Aaaa, Behaviour::Drop);
    // Long enough for a hundred answers on a busy machine.
    let timeout = Duration::from_secs(1);
    let settings =
        ResolverSettings::new().name_server(server.address()).timeout(timeout).resolv_conf(&conf.0);
    let mut resolver = Resolver::new(settings);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let started = std::time::Instant::now();
    let all = resolver.all_addresses(&Context::background(), &names);
    assert!(started.elapsed() < timeout * 2, "{:?}", started.elapsed());
    assert!(all.iter().all(|result| result.as_ref().is_ok_and(|found| found.addresses().len() == 1)));
}
