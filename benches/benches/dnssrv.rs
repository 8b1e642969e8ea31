//! One refresh of 100 SRV records from a DNS server on loopback, beside one bare lookup of the same records.

use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::xfer::{DnsHandle, FirstAnswer};
use hickory_resolver::proto::op::{DnsRequestOptions, Query};
use hickory_resolver::proto::rr::{Name, RecordType};
use hickory_resolver::{NameServerPool, PoolContext, TlsConfig};
use lb_core::{Instance, Publisher};
use lb_dnssrv::{DnsSrvPublisher, Refresh};
use lb_test::{DnsServer, Record};

const NAME: &str = "_http._tcp.example.";
const RECORDS: usize = 100;

fn server() -> DnsServer {
    let server = DnsServer::start().expect("a loopback port is free");
    server.set(NAME, (0..RECORDS).map(|i| Record::srv(0, 1, 80, &format!("i{i}.example."))));
    server
}

fn bare_lookup(c: &mut Criterion) {
    let server = server();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let pool = pool(&server);
    let query = Query::query(Name::from_ascii(NAME).expect("the name is valid"), RecordType::SRV);
    let mut options = DnsRequestOptions::default();
    options.use_edns = true;
    options.edns_payload_len = 4096;
    c.bench_function("dnssrv/bare_lookup", |b| {
        b.iter(|| {
            let response = runtime.block_on(pool.lookup(query.clone(), options).first_answer());
            assert_eq!(response.expect("the server answers").answers.len(), RECORDS);
        });
    });
}

fn pool(server: &DnsServer) -> NameServerPool<TokioRuntimeProvider> {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = server.address().port();
        connection
    });
    let server = NameServerConfig::new(server.address().ip(), true, connections.to_vec());
    let context = PoolContext::new(ResolverOpts::default(), TlsConfig::new().expect("no TLS is in use"));
    NameServerPool::from_config([server], Arc::new(context), TokioRuntimeProvider::default())
}

fn refresh(c: &mut Criterion) {
    let server = server();
    // A channel without room: a tick is taken when the refresh before it is over.
    let (tick, ticks) = crossbeam_channel::bounded(0);
    let publisher = DnsSrvPublisher::builder(NAME)
        .name_server(server.address())
        .refresh(Refresh::On(ticks))
        .build(|_: &Instance| Ok::<_, std::io::Error>(()))
        .expect("the server answers");
    assert_eq!(publisher.endpoints().expect("it has answered").len(), RECORDS);
    c.bench_function("dnssrv/refresh", |b| b.iter_custom(|refreshes| ticked(&tick, refreshes)));
    assert_eq!(publisher.status().failures(), 0);
}

/// The time of that many refreshes, one after the other.
#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
fn ticked(tick: &crossbeam_channel::Sender<Instant>, refreshes: u64) -> Duration {
    let send = || tick.send(Instant::now()).expect("the publisher lives");
    send();
    let begun = Instant::now();
    for _ in 0..refreshes {
        send();
    }
    begun.elapsed()
}

criterion_group!(benches, bare_lookup, refresh);
criterion_main!(benches);
