//! What every test here needs: a server with records, a publisher of them, and a hand on its clock.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use lb_core::{BoxError, Instance, Publisher};
use lb_dnssrv::{DnsSrvBuilder, DnsSrvPublisher, Refresh, Status};
use lb_test::{DnsServer, Record};

pub(crate) const NAME: &str = "_http._tcp.example.";

/// Long enough for any test that does not wait for it.
pub(crate) const AMPLE: Duration = Duration::from_secs(20);
/// What a silent server costs in tests that do wait for it.
pub(crate) const SHORT: Duration = Duration::from_millis(500);

/// An endpoint is its instance's address.
#[expect(clippy::unnecessary_wraps, reason = "a factory may fail")]
pub(crate) fn factory(instance: &Instance) -> Result<String, BoxError> {
    Ok(instance.address().to_owned())
}

/// A server that knows [`NAME`], which leads to port 80 of each target.
pub(crate) fn server(targets: &[&str]) -> DnsServer {
    let server = DnsServer::start().expect("a DNS server starts");
    server.set(NAME, targets.iter().map(|target| Record::srv(0, 1, 80, target)));
    server
}

/// A publisher of [`NAME`] that asks one server.
pub(crate) fn asking(server: &DnsServer) -> DnsSrvBuilder {
    asking_all(NAME, [server.address()])
}

pub(crate) fn asking_all(name: &str, servers: impl IntoIterator<Item = SocketAddr>) -> DnsSrvBuilder {
    let builder = DnsSrvPublisher::builder(name).timeout(AMPLE).resolv_conf("/nonexistent/resolv.conf");
    servers.into_iter().fold(builder, DnsSrvBuilder::name_server)
}

pub(crate) fn addresses<E: Send + Sync + 'static>(publisher: &DnsSrvPublisher<E>) -> Vec<String> {
    let endpoints = publisher.endpoints().expect("there is a set");
    endpoints.instances().map(|instance| instance.address().to_owned()).collect()
}

/// The message of an error with those of its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// The last error of a publisher, with its causes.
pub(crate) fn last_error(status: &Status) -> String {
    chain(status.last_error().expect("a refresh has failed").as_ref())
}

#[expect(clippy::disallowed_methods, reason = "tests stand outside")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// A publisher whose time passes only when a test says so.
pub(crate) struct Ticked {
    pub(crate) publisher: DnsSrvPublisher<String>,
    ticks: Sender<Instant>,
    now: Instant,
}

impl Ticked {
    pub(crate) fn build(builder: DnsSrvBuilder) -> Self {
        let (ticks, receiver) = crossbeam_channel::unbounded();
        let publisher = builder.refresh(Refresh::On(receiver)).build(factory).expect("the publisher starts");
        Self { publisher, ticks, now: now() }
    }

    /// Lets time pass, and waits for the refresh that this causes.
    pub(crate) fn tick(&mut self, seconds: u64) -> Status {
        let before = self.publisher.status().refreshes();
        self.now += Duration::from_secs(seconds);
        self.ticks.send(self.now).expect("the publisher runs");
        wait_until(&self.publisher, |status| status.refreshes() > before)
    }

    pub(crate) fn addresses(&self) -> Vec<String> {
        addresses(&self.publisher)
    }
}

/// Waits until the status is as wanted. No event tells the end of a refresh that changed nothing.
pub(crate) fn wait_until<E>(publisher: &DnsSrvPublisher<E>, wanted: impl Fn(&Status) -> bool) -> Status {
    let started = now();
    loop {
        let status = publisher.status();
        if wanted(&status) {
            return status;
        }
        assert!(started.elapsed() < AMPLE, "never as wanted: {status:?}");
        std::thread::park_timeout(Duration::from_millis(1));
    }
}
