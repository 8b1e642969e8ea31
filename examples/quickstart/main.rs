//! Balances a few thousand HTTP requests over the instances behind a DNS SRV name, and shows how.
//!
//! ```text
//! cargo run --example quickstart
//! cargo run --example quickstart -- --strategy least-loaded
//! cargo run --example quickstart -- --name _http._tcp.example. --server 127.0.0.1:5353
//! ```
//!
//! Without a name it starts its own backends and its own DNS server, kills a backend, takes it out of DNS, adds another
//! one, and makes one slow. Exit code 1: a request was lost, or there was nothing to send one to. Exit code 2: bad
//! arguments.

mod args;
mod client;
mod demo;
mod report;
mod screen;
mod strategy;
mod tally;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Sender, tick, unbounded};
use loadbalancer::{
    BoxError, Context, DnsSrvError, DnsSrvPublisher, Endpoint, Publisher, Refresh, Retry, RetryError,
};

use args::{Args, Target};
use client::{Client, Get};
use demo::Demo;
use report::{Outcome, Report};
use strategy::Strategy;

const REQUESTS: usize = 6_000;
/// A line is printed after each so many requests.
const ROW: usize = 1_000;
const CLIENTS: usize = 4;
/// How long each client waits from one request to the next.
const PAUSE: Duration = Duration::from_millis(2);
const REFRESH: Duration = Duration::from_millis(100);
/// How many users the requests come from.
const USERS: usize = 1_000;

fn main() -> ExitCode {
    let Args { target, strategy } = match args::parse(std::env::args().skip(1)) {
        Ok(args) => args,
        Err(message) => {
            eprintln!("{message}\n\n{}", args::usage());
            return ExitCode::from(2);
        }
    };
    let result = match target {
        Target::Help => {
            println!("{}", args::usage());
            return ExitCode::SUCCESS;
        }
        Target::Demo => Demo::start()
            .map_err(BoxError::from)
            .and_then(|demo| run(demo::NAME, &[demo.server()], strategy, Some(demo))),
        Target::Name { name, servers } => run(&name, &servers, strategy, None),
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
fn run(
    name: &str,
    servers: &[SocketAddr],
    strategy: Strategy,
    mut demo: Option<Demo>,
) -> Result<usize, BoxError> {
    // This is all there is to it: a publisher, a strategy, and retry, which makes them one endpoint.
    let publisher = Arc::new(discover(name, servers)?);
    let balancer = strategy.over(Arc::clone(&publisher));
    let retry = Retry::builder(balancer).timeout(Duration::from_secs(5)).key_by(Get::user).build()?;

    let mut report = Report::start(name, servers, strategy);
    let (sender, outcomes) = unbounded();
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (retry, sender) = (&retry, sender.clone());
            scope.spawn(move || send_requests(client, retry, &sender));
        }
        drop(sender);
        for outcome in outcomes {
            report.set(&publisher.endpoints()?);
            report.outcome(outcome);
            if let (Some(row), Some(demo)) = (report.finished_row(), &mut demo) {
                demo.act(row, &mut report)?;
            }
        }
        let lost = report.finish();
        if demo.is_some() && strategy.is_default() {
            screen::print("another strategy: cargo run --example quickstart -- --strategy least-loaded");
        }
        Ok(lost)
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
fn send_requests(
    client: usize,
    retry: &impl Endpoint<Get, Response = (), Error = RetryError<ureq::Error>>,
    outcomes: &Sender<Outcome>,
) {
    for (number, _) in tick(PAUSE).iter().take(REQUESTS / CLIENTS).enumerate() {
        let user = (number * CLIENTS + client) % USERS;
        let request = Get::new("/", user as u64);
        let result = retry.call(&Context::background(), request.clone());
        let attempts = std::mem::take(&mut *request.attempts());
        let _ = outcomes.send(Outcome { attempts, lost: result.err() });
    }
}

fn is_bad_argument(error: &BoxError) -> bool {
    let error = error.downcast_ref();
    matches!(error, Some(DnsSrvError::InvalidName { .. } | DnsSrvError::InvalidNameServer { .. }))
}
