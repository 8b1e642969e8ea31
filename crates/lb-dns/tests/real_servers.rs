//! dnsmasq and knot, the real programs. `cargo test -p lb-dns --test real_servers -- --include-ignored`

#![cfg(feature = "lookup")]

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lb_core::{BoxError, Instance, Publisher};
use lb_dns::{DnsBuilder, DnsPublisher, OnEmpty, Refresh};

const AMPLE: Duration = Duration::from_secs(30);

/// A running program, and the directory it lives in; both go when it is dropped.
struct RealServer {
    port: u16,
    child: Child,
    directory: PathBuf,
}

impl RealServer {
    fn start(program: &str, port: u16, arguments: &[String]) -> Self {
        let directory = directory(program, port);
        let mut command = Command::new(format!("/usr/sbin/{program}"));
        let child = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Self { port, child: child.expect("the program is installed"), directory }
    }

    /// Serves these host records of `test.`; other names there do not exist.
    fn dnsmasq(port: u16, hosts: &[&str]) -> Self {
        let fixed = "--keep-in-foreground --no-resolv --no-hosts --bind-interfaces --pid-file= \
                     --conf-file=/dev/null --listen-address=127.0.0.1 --local=/test/";
        let mut arguments: Vec<String> = fixed.split_whitespace().map(ToOwned::to_owned).collect();
        arguments.push(format!("--port={port}"));
        arguments.extend(hosts.iter().map(|host| format!("--host-record={host}")));
        Self::start("dnsmasq", port, &arguments)
    }

    /// Serves the zone `test.` with these lines, and refuses others.
    fn knot(lines: &str) -> Self {
        let port = free_port();
        let directory = directory("knotd", port);
        let home = directory.display();
        let soa = "@ 60 SOA ns.test. admin.test. 1 3600 600 86400 5\n@ NS ns.test.\n";
        write(&directory, "test.zone", &format!("$ORIGIN test.\n$TTL 60\n{soa}{lines}"));
        let conf = format!(
            "server:\n  rundir: {home}\n  listen: 127.0.0.1@{port}\ndatabase:\n  storage: {home}\n\
             template:\n  - id: default\n    storage: {home}\nzone:\n  - domain: test.\n    file: test.zone\n"
        );
        write(&directory, "knot.conf", &conf);
        let conf = directory.join("knot.conf").display().to_string();
        Self::start("knotd", port, &["--config".to_owned(), conf])
    }

    fn builder(&self, name: &str) -> DnsBuilder {
        let server = SocketAddr::from(([127, 0, 0, 1], self.port));
        DnsPublisher::builder(name).name_server(server).timeout(Duration::from_secs(2))
    }

    /// Sends a signal by its name.
    fn signal(&self, signal: &str) {
        let mut kill = Command::new("kill");
        let sent = kill.args([format!("-{signal}"), self.child.id().to_string()]).status();
        assert!(sent.expect("there is a kill").success());
    }
}

impl Drop for RealServer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        drop(std::fs::remove_dir_all(&self.directory));
    }
}

fn directory(program: &str, port: u16) -> PathBuf {
    let directory = std::env::temp_dir().join(format!("lb-dns-{program}-{port}"));
    std::fs::create_dir_all(&directory).expect("a directory can be made");
    directory
}

fn write(directory: &std::path::Path, file: &str, text: &str) {
    std::fs::write(directory.join(file), text).expect("the file can be written");
}

/// A port that is free for UDP and TCP; somebody may take it before the program does, but hardly.
fn free_port() -> u16 {
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
        let address = udp.local_addr().expect("it is bound");
        if TcpListener::bind(address).is_ok() {
            return address.port();
        }
    }
}

/// The publisher with its first set; it keeps trying while the program starts up.
fn start(builder: DnsBuilder) -> DnsPublisher<Instance> {
    let publisher = builder.start(|instance: &Instance| Ok::<_, BoxError>(instance.clone()));
    let publisher = publisher.expect("the settings are right");
    if let Err(error) = publisher.wait_ready(AMPLE) {
        panic!("no answer: {error}");
    }
    publisher
}

fn addresses(publisher: &DnsPublisher<Instance>) -> Vec<String> {
    let endpoints = publisher.endpoints().expect("it is ready");
    endpoints.instances().map(|instance| instance.address().to_owned()).collect()
}

/// Waits until the publisher is as wanted: no event tells of a refresh that fails.
#[expect(clippy::disallowed_methods, reason = "tests stand outside")]
fn wait_until(what: &str, wanted: impl Fn() -> bool) {
    let started = Instant::now();
    while !wanted() {
        assert!(started.elapsed() < AMPLE, "never: {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

fn soon(builder: DnsBuilder) -> DnsBuilder {
    builder.timeout(Duration::from_millis(300)).refresh(Refresh::Every(Duration::from_millis(50)))
}

#[test]
#[ignore = "needs dnsmasq and knot: .ci/run installs them"]
fn dnsmasq_addresses_of_both_ip_versions_and_no_such_name() {
    let server = RealServer::dnsmasq(free_port(), &["web.test,10.0.0.1,fd00::1", "only4.test,10.0.0.2"]);
    assert_eq!(addresses(&start(server.builder("web.test.:80"))), ["10.0.0.1:80", "[fd00::1]:80"]);
    assert_eq!(addresses(&start(server.builder("only4.test.:80"))), ["10.0.0.2:80"]);
    let none = server.builder("missing.test.:80").on_empty(OnEmpty::Empty);
    assert!(addresses(&start(none)).is_empty());
}

#[test]
#[ignore = "needs dnsmasq and knot: .ci/run installs them"]
fn dnsmasq_that_is_killed_and_started_again_with_another_address() {
    let server = RealServer::dnsmasq(free_port(), &["web.test,10.0.0.1"]);
    let (port, publisher) = (server.port, start(soon(server.builder("web.test.:80"))));
    drop(server);
    wait_until("a failure", || publisher.status().failures() > 2);
    assert_eq!(addresses(&publisher), ["10.0.0.1:80"]);
    let _again = RealServer::dnsmasq(port, &["web.test,10.0.0.9"]);
    wait_until("the new address", || addresses(&publisher) == ["10.0.0.9:80"]);
}

#[test]
#[ignore = "needs dnsmasq and knot: .ci/run installs them"]
fn dnsmasq_that_hangs_keeps_the_set_and_goes_on() {
    let server = RealServer::dnsmasq(free_port(), &["web.test,10.0.0.1"]);
    let publisher = start(soon(server.builder("web.test.:80")));
    server.signal("STOP");
    wait_until("a failure", || publisher.status().failures() > 0);
    assert_eq!(addresses(&publisher), ["10.0.0.1:80"]);
    server.signal("CONT");
    let before = publisher.status().last_success();
    wait_until("an answer", || publisher.status().last_success() > before);
}

#[test]
#[ignore = "needs dnsmasq and knot: .ci/run installs them"]
fn knot_refuses_zones_that_are_not_its_own() {
    let server = RealServer::knot("web A 10.0.0.1\n");
    assert_eq!(addresses(&start(server.builder("web.test.:80"))), ["10.0.0.1:80"]);
    let error = server.builder("web.other.:80").build(|_: &Instance| Ok::<_, BoxError>(()));
    let error = format!("{:?}", error.expect_err("it is not served"));
    assert!(error.contains("Refused") || error.contains("REFUSED"), "{error}");
}

#[test]
#[ignore = "needs dnsmasq and knot: .ci/run installs them"]
fn knot_a_thousand_addresses_over_tcp() {
    let mut zone = String::new();
    for index in 0..1000 {
        writeln!(zone, "web A 10.1.{}.{}", index / 250, index % 250 + 1).expect("a string takes it");
    }
    let server = RealServer::knot(&zone);
    assert_eq!(addresses(&start(server.builder("web.test.:80"))).len(), 1000);
}
