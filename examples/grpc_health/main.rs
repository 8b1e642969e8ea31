//! Balances gRPC health checks over the servers behind a DNS SRV name, kills one of the servers, and brings it back; and does
//! the same with tonic's own `Channel::balance_channel`, to compare.
//!
//! ```text
//! cargo run --example grpc_health
//! ```
//!
//! Exit code 1: a check was lost, an error did not name its server, or the server that came back was not used again.

mod balanced;
mod checks;
mod report;
mod server;

use std::io;
use std::process::ExitCode;

use lb_test::{DnsServer, Record};
use loadbalancer::BoxError;
use tonic::transport::Channel;
use tonic::transport::channel::Change;
use tonic_health::pb::health_client::HealthClient;

use balanced::{Failed, balanced, endpoint};
use checks::Checks;
use report::Report;
use server::Server;

const NAME: &str = "_grpc._tcp.example.";
const NAMES: [&str; 3] = ["red", "green", "blue"];
const KILLED: usize = 1;
/// How many checks each of the two clients sends in each phase.
const CHECKS: usize = 300;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether everything went well.
async fn run() -> Result<bool, BoxError> {
    let mut servers = NAMES.into_iter().map(Server::start).collect::<io::Result<Vec<_>>>()?;
    let dns = dns(&servers)?;
    let failed = Failed::default();
    let mut health = HealthClient::new(balanced(NAME, dns.address(), failed.clone()).await?);
    let mut balance = Checks::new(failed, async |request| health.check(request).await);
    let mut health = HealthClient::new(balance_channel(&servers).await?);
    let mut tonic = Checks::new(Failed::default(), async |request| health.check(request).await);

    let mut report = Report::start(&format!("{NAME} at {}", dns.address()));
    tokio::join!(balance.send(CHECKS), tonic.send(CHECKS));
    report.rows("all are up", [balance.take(), tonic.take()]);

    let killed = &mut servers[KILLED];
    let ((), (), done) = tokio::join!(balance.send(CHECKS), tonic.send(CHECKS), killed.kill());
    done?;
    report.rows("green is killed", [balance.take(), tonic.take()]);

    killed.bring_back()?;
    let waits = [
        balance.send_until_answered_by(killed.name()).await?,
        tonic.send_until_answered_by(killed.name()).await?,
    ];
    report.count([balance.take(), tonic.take()]);
    tokio::join!(balance.send(CHECKS), tonic.send(CHECKS));
    report.rows("green is back", [balance.take(), tonic.take()]);
    Ok(report.finish(waits))
}

fn dns(servers: &[Server]) -> io::Result<DnsServer> {
    let dns = DnsServer::start()?;
    let host = |server: &Server| format!("{}.example.", server.name());
    dns.set(NAME, servers.iter().map(|server| Record::srv(0, 1, server.address().port(), &host(server))));
    for server in servers {
        dns.set(&host(server), [Record::a([127, 0, 0, 1])]);
    }
    Ok(dns)
}

/// What tonic has for this.
async fn balance_channel(servers: &[Server]) -> Result<Channel, BoxError> {
    let (channel, changes) = Channel::balance_channel(servers.len());
    for server in servers {
        changes.send(Change::Insert(server.name(), endpoint(server.address())?)).await?;
    }
    Ok(channel)
}
