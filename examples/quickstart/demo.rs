//! What the program does to its own backends and its own DNS server while requests are on their way.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use lb_test::{Backend, DnsServer, Record, Respond};

use crate::report::Report;

pub(crate) const NAME: &str = "_http._tcp.example.";

/// How long a slow backend takes to answer.
const SLOW: Duration = Duration::from_millis(20);

pub(crate) struct Demo {
    dns: DnsServer,
    /// Those that DNS names.
    backends: Vec<Backend>,
}

impl Demo {
    /// Three backends, and a DNS server that knows them.
    pub(crate) fn start() -> io::Result<Self> {
        let backends = ["red", "green", "blue"].into_iter().map(Backend::start).collect::<io::Result<_>>()?;
        let demo = Self { dns: DnsServer::start()?, backends };
        demo.publish();
        Ok(demo)
    }

    pub(crate) fn server(&self) -> SocketAddr {
        self.dns.address()
    }

    /// What happens after this many lines of the report.
    pub(crate) fn act(&mut self, row: usize, report: &mut Report) -> io::Result<()> {
        match row {
            1 => {
                self.backends[1].refuse();
                report.event("kill", "green: connections are cut, new ones refused; DNS still names it");
            }
            2 => {
                drop(self.backends.remove(1));
                self.publish();
                report.event("dns", "green is taken out");
            }
            3 => {
                self.backends.push(Backend::start("gold")?);
                self.publish();
                report.event("dns", "gold is added");
            }
            5 => {
                let blue = &self.backends[1];
                blue.respond(Respond::After(SLOW));
                report.slow(blue.name(), &format!("takes {} ms for an answer from now on", SLOW.as_millis()));
            }
            _ => {}
        }
        Ok(())
    }

    fn publish(&self) {
        for backend in &self.backends {
            self.dns.set(&host(backend), [Record::a([127, 0, 0, 1])]);
        }
        let records = self.backends.iter().map(|b| Record::srv(0, weight(b), b.address().port(), &host(b)));
        self.dns.set(NAME, records);
    }
}

/// Red says that it can do twice as much as any other. Strategies that do not know weight send it no more.
fn weight(backend: &Backend) -> u16 {
    if backend.name() == "red" { 2 } else { 1 }
}

fn host(backend: &Backend) -> String {
    format!("{}.example.", backend.name())
}
