//! Balances a few thousand HTTP requests over the instances behind a DNS SRV name, and shows how.
//!
//! ```text
//! cargo run --example quickstart
//! cargo run --example quickstart -- --name _http._tcp.example. --server 127.0.0.1:5353
//! ```
//!
//! The first form starts its own backends and its own DNS server, kills a backend half-way, takes it out of DNS, and adds
//! another one. Exit code 1: a request was lost, or there was nothing to send one to. Exit code 2: bad arguments.

mod args;
mod client;
mod demo;
mod report;
mod screen;
mod tally;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Sender, tick, unbounded};
use loadbalancer::{
    BoxError, Context, DnsSrvError, DnsSrvPublisher, Endpoint, Publisher, Refresh, Retry, RoundRobin,
};

use args::Target;
use client::{Client, Get};
use demo::Demo;
use report::{Outcome, Report};

const REQUESTS: usize = 6_000;
/// A line is printed after each so many requests.
const ROW: usize = 1_000;
const CLIENTS: usize = 4;
/// How long each client waits from one request to the next.
const PAUSE: Duration = Duration::from_millis(2);
const REFRESH: Duration = Duration::from_millis(100);

type Balanced = Retry<RoundRobin<Arc<DnsSrvPublisher<Client>>>>;

fn main() -> ExitCode {
    let result = match args::parse(std::env::args().skip(1)) {
        Ok(Target::Help) => {
            println!("{}", args::USAGE);
            return ExitCode::SUCCESS;
        }
        Ok(Target::Demo) => Demo::start()
            .map_err(BoxError::from)
            .and_then(|demo| run(demo::NAME, &[demo.server()], Some(demo))),
        Ok(Target::Name { name, servers }) => run(&name, &servers, None),
        Err(message) => {
            eprintln!("{message}\n\n{}", args::USAGE);
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(if is_bad_argument(&error) { 2 } else { 1 })
        }
    }
}

/// Returns how many requests were lost.
fn run(name: &str, servers: &[SocketAddr], mut demo: Option<Demo>) -> Result<usize, BoxError> {
    // This is all there is to it: a publisher, a load balancer, and retry, which makes them one endpoint.
    let publisher = Arc::new(discover(name, servers)?);
    let retry = Retry::new(3, Duration::from_secs(5), RoundRobin::new(Arc::clone(&publisher)));

    let mut report = Report::start(name, servers);
    let (sender, outcomes) = unbounded();
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            let (retry, sender) = (&retry, sender.clone());
            scope.spawn(move || send_requests(retry, &sender));
        }
        drop(sender);
        for outcome in outcomes {
            report.set(&publisher.endpoints()?);
            report.outcome(outcome);
            if let (Some(row), Some(demo)) = (report.finished_row(), &mut demo) {
                demo.act(row, &mut report)?;
            }
        }
        Ok(report.finish())
    })
}

/// Finds the instances, and makes a client for each.
fn discover(name: &str, servers: &[SocketAddr]) -> Result<DnsSrvPublisher<Client>, BoxError> {
    let build = |resolve_targets| {
        let builder = DnsSrvPublisher::builder(name)
            .refresh(Refresh::Every(REFRESH))
            .timeout(Duration::from_secs(1))
            .resolve_targets(resolve_targets);
        let builder = servers.iter().fold(builder, |builder, server| builder.name_server(*server));
        builder.build(Client::new)
    };
    // Targets that these servers have no address for are left to the system's resolver, as names.
    let publisher = build(true).or_else(|_| build(false))?;
    match (publisher.status().instances(), publisher.endpoints()?.len()) {
        (0, _) => Err(format!("{name} has no SRV records").into()),
        (found, 0) => Err(format!("nobody listens at the {found} instance(s) of {name}").into()),
        _ => Ok(publisher),
    }
}

/// One client: a request every `PAUSE`, each of them anew balanced, and retried where it fails.
fn send_requests(retry: &Balanced, outcomes: &Sender<Outcome>) {
    for _ in tick(PAUSE).iter().take(REQUESTS / CLIENTS) {
        let request = Get::new("/");
        let result = retry.call(&Context::background(), request.clone());
        let attempts = std::mem::take(&mut *request.attempts());
        let _ = outcomes.send(Outcome { attempts, lost: result.err() });
    }
}

fn is_bad_argument(error: &BoxError) -> bool {
    let error = error.downcast_ref();
    matches!(error, Some(DnsSrvError::InvalidName { .. } | DnsSrvError::InvalidNameServer { .. }))
}
