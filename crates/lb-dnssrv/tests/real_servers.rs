//! dnsmasq and knot, the real programs. `cargo test -p lb-dnssrv --test real_servers -- --include-ignored`

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lb_core::{BoxError, Instance, Publisher};
use lb_dnssrv::{DnsSrvBuilder, DnsSrvPublisher, Refresh};

const AMPLE: Duration = Duration::from_secs(30);

/// A running program, and the directory it lives in; both go when it is dropped.
struct RealServer {
    address: SocketAddr,
    child: Child,
    directory: PathBuf,
}

impl RealServer {
    fn start(program: &str, set_up: impl FnOnce(&mut Command, &Path, u16)) -> Self {
        let port = free_port();
        let directory = std::env::temp_dir().join(format!("lb-dnssrv-{program}-{port}"));
        std::fs::create_dir_all(&directory).expect("a directory can be made");
        let mut command = Command::new(format!("/usr/sbin/{program}"));
        set_up(&mut command, &directory, port);
        let child =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program is installed");
        Self { address: ([127, 0, 0, 1], port).into(), child, directory }
    }

    fn dnsmasq(arguments: &[&str]) -> Self {
        Self::start("dnsmasq", |command, _, port| {
            command.args([
                "--keep-in-foreground",
                "--no-resolv",
                "--no-hosts",
                "--bind-interfaces",
                "--pid-file=",
            ]);
            command.args(["--conf-file=/dev/null", "--listen-address=127.0.0.1", "--local=/test/"]);
            command.arg(format!("--port={port}")).args(arguments);
        })
    }

    /// Serves the zones `test.` and `other.`, of which `zone` is the first's text.
    fn knot(zone: &str) -> Self {
        Self::start("knotd", |command, directory, port| {
            let soa = "@ 60 SOA ns.test. admin.test. 1 3600 600 86400 5\n@ NS ns.test.\n";
            let other = "_http._tcp SRV 0 1 80 elsewhere.other.\n";
            write(directory, "test.zone", &format!("$ORIGIN test.\n$TTL 60\n{soa}{zone}"));
            write(directory, "other.zone", &format!("$ORIGIN other.\n$TTL 60\n{soa}{other}"));
            let home = directory.display();
            let zones =
                "zone:\n  - domain: test.\n    file: test.zone\n  - domain: other.\n    file: other.zone\n";
            let conf = format!(
                "server:\n  rundir: {home}\n  listen: 127.0.0.1@{port}\ndatabase:\n  storage: {home}\n\
                 template:\n  - id: default\n    storage: {home}\n{zones}"
            );
            write(directory, "knot.conf", &conf);
            command.arg("--config").arg(directory.join("knot.conf"));
        })
    }

    fn builder(&self, name: &str) -> DnsSrvBuilder {
        DnsSrvPublisher::builder(name).name_server(self.address).timeout(Duration::from_secs(2))
    }

    /// The publisher's first set; it keeps trying while the program starts up.
    fn publisher(&self, builder: DnsSrvBuilder) -> DnsSrvPublisher<Instance> {
        let publisher = builder.start(|instance: &Instance| Ok::<_, BoxError>(instance.clone()));
        let publisher = publisher.expect("the settings are right");
        if let Err(error) = publisher.wait_ready(AMPLE) {
            panic!("{} does not answer: {error}", self.address);
        }
        publisher
    }

    fn instances(&self, builder: DnsSrvBuilder) -> Vec<Instance> {
        let endpoints = self.publisher(builder).endpoints().expect("it is ready");
        endpoints.instances().cloned().collect()
    }
}

impl Drop for RealServer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        drop(std::fs::remove_dir_all(&self.directory));
    }
}

fn write(directory: &Path, file: &str, text: &str) {
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

fn addresses(instances: &[Instance]) -> Vec<&str> {
    instances.iter().map(Instance::address).collect()
}

#[test]
#[ignore = "needs dnsmasq and knot: .ci/run installs them"]
fn dnsmasq_srv_hosts_with_a_ttl_of_zero() {
    let server = RealServer::dnsmasq(&[
        "--srv-host=_http._tcp.test,a.test,8080,1,5",
        "--srv-host=_http._tcp.test,b.test,8081,2,7",
        "--host-record=a.test,10.0.0.1,fd00::1",
        "--host-record=b.test,10.0.0.2",
    ]);
    let min = Duration::from_secs(3);
    let builder = server.builder("_http._tcp.test.").refresh(Refresh::Ttl { min, max: AMPLE });
    let publisher = server.publisher(builder);
    let endpoints = publisher.endpoints().expect("it is ready");
    let rated: Vec<_> = endpoints.instances().map(|i| (i.address(), i.priority(), i.weight())).collect();
    assert_eq!(rated, [("a.test:8080", 1, 5), ("b.test:8081", 2, 7)]);
    let status = publisher.status();
    let pause = status.next_refresh().expect("planned") - status.last_success().expect("it answered");
    assert!((min..min + Duration::from_secs(1)).contains(&pause), "{pause:?}");
    let resolved = server.instances(server.builder("_http._tcp.test.").resolve_targets(true));
    assert_eq!(addresses(&resolved), ["10.0.0.1:8080", "10.0.0.2:8081", "[fd00::1]:8080"]);
}

#[test]
#[ignore = "needs dnsmasq and knot: .ci/run installs them"]
fn dnsmasq_says_no_service_with_the_root_and_no_such_name_with_nxdomain() {
    let server = RealServer::dnsmasq(&["--srv-host=_none._tcp.test"]);
    for name in ["_none._tcp.test.", "_missing._tcp.test."] {
        let builder = server.builder(name).on_empty(lb_dnssrv::OnEmpty::Empty);
        assert!(server.instances(builder).is_empty(), "{name}");
    }
}

#[test]
#[ignore = "needs dnsmasq and knot: .ci/run installs them"]
fn knot_aliases_within_a_zone_and_out_of_it() {
    let server = RealServer::knot(
        "_http._tcp SRV 0 1 80 A.test.\nalias CNAME _http._tcp.test.\nabroad CNAME _http._tcp.other.\n",
    );
    assert_eq!(addresses(&server.instances(server.builder("Alias.Test."))), ["a.test:80"]);
    assert_eq!(addresses(&server.instances(server.builder("abroad.test."))), ["elsewhere.other:80"]);
}

#[test]
#[ignore = "needs dnsmasq and knot: .ci/run installs them"]
fn knot_addresses_that_come_along_and_those_that_do_not() {
    let server = RealServer::knot(
        "_http._tcp SRV 0 1 80 a\n_http._tcp SRV 0 1 81 a\n_http._tcp SRV 0 1 80 alias\n\
         a A 10.0.0.1\na AAAA fd00::1\nb A 10.0.0.2\nalias CNAME b\n",
    );
    let instances = server.instances(server.builder("_http._tcp.test.").resolve_targets(true));
    let all: Vec<_> = instances.iter().map(|i| (i.address(), i.host())).collect();
    let (a, alias) = (Some("a.test"), Some("alias.test"));
    let expected = [
        ("10.0.0.1:80", a),
        ("10.0.0.1:81", a),
        ("10.0.0.2:80", alias),
        ("[fd00::1]:80", a),
        ("[fd00::1]:81", a),
    ];
    assert_eq!(all, expected);
}

#[test]
#[ignore = "needs dnsmasq and knot: .ci/run installs them"]
fn knot_a_thousand_records_over_tcp() {
    let mut zone = String::new();
    for index in 0..1000 {
        writeln!(zone, "_http._tcp SRV 0 1 {} instance-{index}", 1000 + index).expect("a string takes it");
    }
    let server = RealServer::knot(&zone);
    assert_eq!(server.instances(server.builder("_http._tcp.test.")).len(), 1000);
}

#[test]
#[ignore = "needs dnsmasq and knot: .ci/run installs them"]
fn case_25_dnsmasq_with_more_records_than_a_message_can_carry() {
    let records = (0..2300).map(|index| format!("--srv-host=_http._tcp.test,instance-{index:04}.test,80"));
    let records: Vec<String> = records.collect();
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    let server = RealServer::dnsmasq(&records);
    let found = server.instances(server.builder("_http._tcp.test.")).len();
    assert!((1000..=2300).contains(&found), "{found}");
}

#[test]
#[ignore = "needs dnsmasq and knot: .ci/run installs them"]
fn case_18_dnsmasq_with_more_addresses_than_come_along_is_one_stable_set() {
    let mut arguments = Vec::new();
    for index in 0..15 {
        arguments.push(format!("--srv-host=_http._tcp.test,target-{index}.test,80"));
        arguments
            .extend((1..=3).map(|last| format!("--host-record=target-{index}.test,10.0.{index}.{last}")));
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let server = RealServer::dnsmasq(&arguments);
    let builder = server.builder("_http._tcp.test.").resolve_targets(true);
    let publisher = server.publisher(builder.refresh(Refresh::Every(Duration::from_millis(10))));
    let id = publisher.endpoints().expect("it is ready").id();
    while publisher.status().refreshes() < 50 {
        std::thread::park_timeout(Duration::from_millis(1));
    }
    let endpoints = publisher.endpoints().expect("it is ready");
    assert_eq!((endpoints.len(), endpoints.id()), (45, id));
}
