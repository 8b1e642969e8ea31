//! The two programs in the README of Go kit's `package loadbalancer` (2016), line for line.
//!
//! `cargo run --example seed` runs them against two HTTP backends and a DNS server of its own.

use std::net::SocketAddr;
use std::time::Duration;

use lb_test::{Backend, DnsServer, Record};
use loadbalancer::{
    BoxEndpoint, BoxError, Context, DnsSrvPublisher, Endpoint, Instance, LoadBalancer, Refresh, Retry,
    RoundRobin, endpoint_fn,
};

type FooEndpoint = BoxEndpoint<&'static str, String, ureq::Error>;

/// A load balancer alone.
fn load_balancer(ctx: &Context, request: &'static str, dns: SocketAddr) -> Result<String, BoxError> {
    // Construct a load balancer for foosvc, which gets foosvc instances by polling a specific DNS SRV name.
    // Where DNS is the system's: DnsSrvPublisher::new("foosvc.internal.domain", Duration::from_secs(5), foo_factory)?
    let p = DnsSrvPublisher::builder("foosvc.internal.domain.")
        .refresh(Refresh::Every(Duration::from_secs(5)))
        .name_server(dns)
        .resolve_targets(true)
        .build(foo_factory)?;
    let lb = RoundRobin::new(p);

    // Get a new endpoint from the load balancer.
    let endpoint = lb.endpoint()?;

    // Use the endpoint to make a request.
    let response = endpoint.call(ctx, request)?;
    Ok(response)
}

/// A load balancer wrapped in retry, which makes it an endpoint itself.
fn retry(ctx: &Context, request: &'static str, dns: SocketAddr) -> Result<String, BoxError> {
    let p = DnsSrvPublisher::builder("foosvc.internal.domain.")
        .refresh(Refresh::Every(Duration::from_secs(5)))
        .name_server(dns)
        .resolve_targets(true)
        .build(foo_factory)?;
    let lb = RoundRobin::new(p);
    let endpoint = Retry::new(3, Duration::from_secs(5), lb);

    let response = endpoint.call(ctx, request)?; // requests will be automatically load balanced
    Ok(response)
}

/// Converts an instance (host:port) to an endpoint, via a defined transport binding.
fn foo_factory(instance: &Instance) -> Result<FooEndpoint, BoxError> {
    let agent = ureq::Agent::config_builder().proxy(None).build().new_agent();
    let address: SocketAddr = instance.address().parse()?;
    Ok(Box::new(endpoint_fn(move |ctx: &Context, path: &'static str| {
        let request = agent.get(format!("http://{address}{path}"));
        request.config().timeout_global(ctx.remaining()).build().call()?.body_mut().read_to_string()
    })))
}

/// What the two programs talk to: one backend that is dead, and one that answers with its name.
fn main() -> Result<(), BoxError> {
    let (dns, dead, living) = (DnsServer::start()?, Backend::start("dead")?, Backend::start("foo")?);
    let srv = |backend: &Backend| Record::srv(0, 1, backend.address().port(), "host.internal.domain.");
    dns.set("host.internal.domain.", [Record::a([127, 0, 0, 1])]);
    dns.set("foosvc.internal.domain.", [srv(&living)]);
    let ctx = Context::background();
    println!("load balancer alone: {:?}", load_balancer(&ctx, "/", dns.address())?);

    // Retry does not mind a dead instance.
    dead.refuse();
    dns.set("foosvc.internal.domain.", [srv(&dead), srv(&living)]);
    println!("wrapped in retry:    {:?}", retry(&ctx, "/", dns.address())?);
    Ok(())
}
