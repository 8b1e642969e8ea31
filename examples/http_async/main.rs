//! Restarts every server behind a DNS SRV name, one after the other, while requests keep coming, and loses none of these.
//!
//! ```text
//! cargo run --example http_async
//! ```
//!
//! Exit code 1: a request was lost.

mod client;
mod cluster;
mod load;
mod report;

use std::process::ExitCode;
use std::time::Duration;

use loadbalancer::BoxError;
use tokio::time::sleep;

use cluster::{Cluster, NAME};
use load::{Load, TASKS};
use report::Report;

const SERVERS: [&str; 3] = ["red", "green", "blue"];
/// How long to look on between two restarts.
const PHASE: Duration = Duration::from_millis(500);

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns how many requests were lost.
async fn run() -> Result<usize, BoxError> {
    let mut cluster = Cluster::start(SERVERS).await?;
    let balanced = client::balanced(NAME, cluster.dns()).await?;

    println!("{NAME} at {}: DnsSrvPublisher -> RoundRobin -> Retry", cluster.dns());
    println!("{TASKS} tasks send requests; servers are stopped while DNS still names them\n");
    let mut report = Report::start();
    let mut load = Load::start(balanced);
    sleep(PHASE).await;
    report.row("all servers are v1", &load.outcomes());
    for index in 0..SERVERS.len() {
        let label = cluster.restart(index).await?;
        load.answered_by(&label).await?;
        sleep(PHASE).await;
        report.row(&format!("restarted: {label}"), &load.outcomes());
    }
    load.stop().await?;
    Ok(report.finish(&load.outcomes()))
}
