//! knot, the real program, and what callers notice. `cargo test -p loadbalancer --test real_servers -- --include-ignored`

#![cfg(all(feature = "dnssrv", feature = "strategies", feature = "retry"))]

#[path = "../../lb-dns/tests/support/real_server.rs"]
mod real_server;

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use lb_test::Backend;
use loadbalancer::{
    BoxError, Context, DnsSrvPublisher, Endpoint, Instance, LoadBalancer, Refresh, Retry, RoundRobin,
};
use real_server::{AMPLE, RealServer};

/// A client with idle connections, which the restart of its server cuts.
struct Http {
    agent: ureq::Agent,
    url: String,
}

impl Http {
    fn new(instance: &Instance) -> Self {
        Self { agent: ureq::Agent::new_with_defaults(), url: format!("http://{}/", instance.address()) }
    }
}

impl Endpoint<()> for Http {
    type Response = String;
    type Error = ureq::Error;

    fn call(&self, ctx: &Context, (): ()) -> Result<String, ureq::Error> {
        let request = self.agent.get(&self.url).config().timeout_global(ctx.remaining()).build();
        request.call()?.body_mut().read_to_string()
    }
}

fn backend() -> Backend {
    Backend::start("a backend").expect("a port is free")
}

fn zone(backends: &[Backend]) -> String {
    let mut zone = "here A 127.0.0.1\n".to_owned();
    for backend in backends {
        let port = backend.address().port();
        writeln!(zone, "_http._tcp SRV 0 1 {port} here").expect("a string takes it");
    }
    zone
}

/// Calls one after the other until it is told to stop: how many were answered, and what became of the others.
fn call_on(client: &Retry<impl LoadBalancer<Endpoint = Http>>, stop: &AtomicBool) -> (u64, Vec<String>) {
    let (mut answered, mut lost) = (0, Vec::new());
    while !stop.load(Ordering::Relaxed) {
        match client.call(&Context::background(), ()) {
            Ok(_) => answered += 1,
            Err(error) => lost.push(error.to_string()),
        }
    }
    (answered, lost)
}

#[test]
#[ignore = "needs knot: .ci/run installs it"]
fn no_request_is_lost_while_each_backend_dies_and_another_takes_its_place() {
    let mut backends = [backend(), backend(), backend()];
    let mut server = RealServer::knot(&zone(&backends));
    let publisher = DnsSrvPublisher::builder("_http._tcp.test.")
        .name_server(server.address())
        .refresh(Refresh::Every(Duration::from_millis(20)))
        .resolve_targets(true)
        .start(|instance: &Instance| Ok::<_, BoxError>(Http::new(instance)))
        .expect("the settings are right");
    publisher.wait_ready(AMPLE).expect("knot answers");
    let client = Retry::new(3, AMPLE, RoundRobin::new(publisher));
    let stop = AtomicBool::new(false);
    let (found, results) = thread::scope(|scope| {
        let callers = [(); 2].map(|()| scope.spawn(|| call_on(&client, &stop)));
        let found = [0, 1, 2, 0, 1, 2].map(|place| {
            // It dies before DNS knows, as in life.
            backends[place].refuse();
            backends[place] = backend();
            let requests = backends[place].events();
            server.reload(&zone(&backends));
            requests.recv_timeout(AMPLE).is_ok()
        });
        stop.store(true, Ordering::Relaxed);
        (found, callers.map(|caller| caller.join().expect("no panic")))
    });
    assert_eq!(found, [true; 6], "each new backend gets requests");
    for (answered, lost) in results {
        assert_eq!(lost, [""; 0], "beside {answered} answered");
        assert!(answered > 0);
    }
}
