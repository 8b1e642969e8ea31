//! Sends requests through tower's layers (timeout, concurrency limit, retry) around a load balancer. Of five servers two
//! answer, and that is enough.
//!
//! ```text
//! cargo run --example tower_stack
//! ```
//!
//! Exit code 1: a request was lost, or there were more in flight than the limit says.

mod servers;
mod stack;
mod tally;

use std::process::ExitCode;

use http_body_util::BodyExt;
use hyper::body::Body;
use hyper::{Request, Response};
use hyper_util::client::legacy::connect::HttpInfo;
use loadbalancer::{BoxError, Instance};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tower::{Service, ServiceExt};

use servers::Server;
use stack::{LIMIT, stack};
use tally::{Counts, Tally};

const TASKS: usize = 40;
const REQUESTS: usize = 120;

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
    let servers = servers::start().await?;
    let tally = Tally::default();
    let instances = servers.iter().map(|server| Instance::new(&*server.address)).collect();
    let service = stack(instances, tally.clone());
    println!("ServiceBuilder: timeout -> concurrency limit -> retry -> Balance -> timeout -> hyper client");
    println!("{TASKS} tasks send {REQUESTS} requests\n");

    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        tasks.spawn(send_requests(service.clone(), tally.clone()));
    }
    let mut lost = Vec::new();
    while let Some(errors) = tasks.join_next().await {
        lost.extend(errors?);
    }
    show(&servers, &tally);
    let none = if lost.is_empty() { "none was lost".to_owned() } else { format!("{} LOST", lost.len()) };
    let (seconds, failures, peak) = (started.elapsed().as_secs_f64(), tally.failures(), tally.peak());
    println!("\n{REQUESTS} requests in {seconds:.1} s: {none} ({failures} failed attempts)");
    println!("in flight: {peak} at most, and the limit is {LIMIT}");
    for error in lost.iter().take(3) {
        println!("lost: {error}");
    }
    Ok(lost.is_empty() && peak <= LIMIT)
}

/// One task. Returns why requests were lost.
async fn send_requests<S, B>(mut service: S, tally: Tally) -> Vec<BoxError>
where
    S: Service<Request<String>, Response = Response<B>, Error = BoxError>,
    B: Body<Error = hyper::Error>,
{
    let mut lost = Vec::new();
    for _ in 0..REQUESTS / TASKS {
        if let Err(error) = send(&mut service, &tally).await {
            lost.push(error);
        }
    }
    lost
}

async fn send<S, B>(service: &mut S, tally: &Tally) -> Result<(), BoxError>
where
    S: Service<Request<String>, Response = Response<B>, Error = BoxError>,
    B: Body<Error = hyper::Error>,
{
    let response = service.ready().await?.call(Request::new(String::new())).await?;
    let (head, body) = response.into_parts();
    // The pick lasts until here: `CompleteOnBody`.
    body.collect().await?;
    // hyper's connector leaves word of whom it was connected to.
    if let Some(peer) = head.extensions.get::<HttpInfo>() {
        tally.answer(&peer.remote_addr().to_string());
    }
    Ok(())
}

fn show(servers: &[Server], tally: &Tally) {
    println!("{:<8}{:<22}{:>8}{:>10}  last error", "server", "", "answers", "failures");
    for Server { name, does, address, .. } in servers {
        let Counts { answers, failures, last_error } = tally.counts(address);
        let line = format!("{name:<8}{does:<22}{answers:>8}{failures:>10}  {last_error}");
        println!("{}", line.trim_end());
    }
}
