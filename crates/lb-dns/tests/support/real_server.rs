//! dnsmasq and knot, the real programs, on loopback ports. For the tests of several crates.

#![allow(dead_code, reason = "each of them uses a part of it")]

use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// No test that passes waits for as long.
pub(crate) const AMPLE: Duration = Duration::from_secs(30);

/// A program and the directory it lives in; both go when it is dropped.
pub(crate) struct RealServer {
    program: Program,
    address: SocketAddr,
    directory: PathBuf,
    child: Child,
    serial: u32,
}

#[derive(Clone, Copy)]
enum Program {
    Dnsmasq,
    Knot,
}

impl RealServer {
    /// dnsmasq with these lines of configuration: records, and `local=/test/` where other names of `test.` are to be
    /// NXDOMAIN. What it knows nothing of it refuses.
    pub(crate) fn dnsmasq(lines: &str) -> Self {
        Self::start(Program::Dnsmasq, lines)
    }

    /// knot with these lines as the zone `test.`, and `_http._tcp.other.` in another one. It says SERVFAIL about names of
    /// `broken.` and of a `test.` that is no zone, and refuses the rest.
    pub(crate) fn knot(lines: &str) -> Self {
        Self::start(Program::Knot, lines)
    }

    fn start(program: Program, lines: &str) -> Self {
        let address = free_address();
        let directory = std::env::temp_dir().join(format!("{}-{}", env!("CARGO_PKG_NAME"), address.port()));
        std::fs::create_dir_all(&directory).expect("a directory can be made");
        program.configure(&directory, address, lines, 1);
        let child = program.spawn(&directory);
        let server = Self { program, address, directory, child, serial: 1 };
        server.wait_until_it_listens();
        server
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it with SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// After [`kill`](Self::kill): starts it again on its port, with other lines.
    pub(crate) fn start_again(&mut self, lines: &str) {
        self.configure(lines);
        self.child = self.program.spawn(&self.directory);
        self.wait_until_it_listens();
    }

    /// Gives a running knot other lines, which it serves soon.
    pub(crate) fn reload(&mut self, lines: &str) {
        self.configure(lines);
        self.signal("HUP");
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([format!("-{signal}"), self.child.id().to_string()]).status();
        assert!(sent.expect("there is a kill").success());
    }

    fn configure(&mut self, lines: &str) {
        self.serial += 1;
        self.program.configure(&self.directory, self.address, lines, self.serial);
    }

    fn wait_until_it_listens(&self) {
        wait_until("it listens", || TcpStream::connect(self.address).is_ok());
    }
}

impl Drop for RealServer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        drop(std::fs::remove_dir_all(&self.directory));
    }
}

impl Program {
    fn configure(self, directory: &std::path::Path, address: SocketAddr, lines: &str, serial: u32) {
        let write = |file: &str, text: String| {
            std::fs::write(directory.join(file), text).expect("the file can be written");
        };
        let (ip, port, home) = (address.ip(), address.port(), directory.display());
        match self {
            Self::Dnsmasq => write(
                "conf",
                format!("no-resolv\nno-hosts\nbind-interfaces\nlisten-address={ip}\nport={port}\n{lines}"),
            ),
            Self::Knot => {
                let soa = format!(
                    "$TTL 60\n@ 60 SOA ns.test. admin.test. {serial} 3600 600 86400 5\n@ NS ns.test.\n"
                );
                write("test.zone", format!("$ORIGIN test.\n{soa}{lines}"));
                write("other.zone", format!("$ORIGIN other.\n{soa}_http._tcp SRV 0 1 80 elsewhere.other.\n"));
                let zones = ["test", "other", "broken"]
                    .map(|zone| format!("  - domain: {zone}.\n    file: {zone}.zone\n"));
                write(
                    "conf",
                    format!(
                        "server:\n  rundir: {home}\n  listen: {ip}@{port}\ndatabase:\n  storage: {home}\n\
                         template:\n  - id: default\n    storage: {home}\nzone:\n{}",
                        zones.concat()
                    ),
                );
            }
        }
    }

    fn spawn(self, directory: &std::path::Path) -> Child {
        let (program, arguments) = match self {
            Self::Dnsmasq => ("/usr/sbin/dnsmasq", "--keep-in-foreground --pid-file= -C"),
            Self::Knot => ("/usr/sbin/knotd", "--config"),
        };
        let mut command = Command::new(program);
        command.args(arguments.split_whitespace()).arg(directory.join("conf"));
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program is installed")
    }
}

/// An address that is free for UDP and TCP; somebody may take it before the program does, but hardly.
fn free_address() -> SocketAddr {
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
        let address = udp.local_addr().expect("it is bound");
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

/// Waits for what no event tells of: that a program listens, or that a refresh failed.
#[expect(clippy::disallowed_methods, reason = "tests stand outside")]
pub(crate) fn wait_until(what: &str, wanted: impl Fn() -> bool) {
    let started = Instant::now();
    while !wanted() {
        assert!(started.elapsed() < AMPLE, "never: {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
