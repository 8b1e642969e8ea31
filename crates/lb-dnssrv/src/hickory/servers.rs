//! Questions to name servers: each is asked in turn until one answers.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::xfer::{DnsHandle, FirstAnswer};
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::{DnsRequestOptions, DnsResponse, Query};
use hickory_resolver::proto::rr::{Name, RecordType};
use hickory_resolver::{NameServerPool, PoolContext, TlsConfig};

use super::failure::{Failure, Fault};
use super::reply::{self, Found, Reply, lifetime};
use super::silent_servers::SilentServers;
use crate::answer::shorter;

/// The largest UDP answer we take. Large, because some servers (Consul) leave out what does not fit without saying so.
const PAYLOAD: u16 = 4096;
/// Room for the largest SRV record with an address: a UDP answer that leaves less than this may have been cut.
const ROOM: usize = 512;
/// How many aliases are followed for one question.
const MOST_ALIASES: usize = 8;

/// The name servers of one refresh, in the order of preference, with one pool of connections for each: hickory's pool of
/// several would give up at the first SERVFAIL, and its timeout holds for all of them together.
pub(super) struct Servers {
    addresses: Vec<SocketAddr>,
    pools: Vec<Pool>,
    timeout: Duration,
    silent: Arc<Mutex<SilentServers>>,
}

type Pool = NameServerPool<TokioRuntimeProvider>;

impl Servers {
    pub(super) fn new(
        addresses: Vec<SocketAddr>,
        timeout: Duration,
        silent: Arc<Mutex<SilentServers>>,
    ) -> Result<Self, NetError> {
        let both = |address| pool(address, timeout, vec![ConnectionConfig::udp(), ConnectionConfig::tcp()]);
        let pools = addresses.iter().map(both).collect::<Result<_, _>>()?;
        Ok(Self { addresses, pools, timeout, silent })
    }

    /// The records of a name, along its aliases; none when there authoritatively are none.
    pub(super) async fn resolve(&self, name: &str, kind: RecordType) -> Result<Found, Failure> {
        let absolute =
            Name::from_ascii(format!("{name}.")).map_err(|error| Failure::bad_name(name, kind, error))?;
        let (mut asked, mut steps_left, mut ttl) = (absolute, MOST_ALIASES, None);
        loop {
            match self.ask(&asked, kind).await? {
                Reply::Records(found) => return Ok(Found { ttl: shorter(ttl, found.ttl), ..found }),
                Reply::Nothing { ttl: nothing } => {
                    return Ok(Found { ttl: shorter(ttl, nothing), ..Found::default() });
                }
                Reply::Alias { to, steps, ttl: alias } => {
                    let Some(left) = steps_left.checked_sub(steps) else {
                        return Err(Failure::too_many_aliases(name, kind, MOST_ALIASES));
                    };
                    (asked, steps_left, ttl) = (to, left, shorter(ttl, alias));
                }
            }
        }
    }

    async fn ask(&self, name: &Name, kind: RecordType) -> Result<Reply, Failure> {
        let order = self.silent().order(&self.addresses);
        let mut faults = Vec::with_capacity(order.len());
        for index in order {
            let server = self.addresses[index];
            match tokio::time::timeout(self.timeout, self.ask_one(index, name, kind)).await {
                Ok(Ok(reply)) => {
                    self.silent().answered(server);
                    return Ok(reply);
                }
                Ok(Err(Fault::Network(NetError::Timeout))) | Err(_) => {
                    self.silent().did_not_answer(server);
                    faults.push((server, Fault::TimedOut(self.timeout)));
                }
                Ok(Err(fault)) => faults.push((server, fault)),
            }
        }
        Err(Failure::new(&name.to_ascii(), kind, faults))
    }

    async fn ask_one(&self, index: usize, name: &Name, kind: RecordType) -> Result<Reply, Fault> {
        let response = match send(&self.pools[index], name, kind).await {
            Ok(response) if may_be_cut(&response) => {
                self.ask_over_tcp(index, name, kind).await.unwrap_or(response)
            }
            Ok(response) => response,
            Err(error) => return nothing_or_fault(error),
        };
        let negative = response.negative_ttl().map(lifetime);
        reply::read(response.into_message(), name, kind, MOST_ALIASES)
            .map(|reply| reply.with_negative_ttl(negative))
    }

    /// Takes half of the time at most, because there is an answer already.
    async fn ask_over_tcp(&self, index: usize, name: &Name, kind: RecordType) -> Option<DnsResponse> {
        let pool = pool(&self.addresses[index], self.timeout, vec![ConnectionConfig::tcp()]).ok()?;
        tokio::time::timeout(self.timeout / 2, send(&pool, name, kind)).await.ok()?.ok()
    }

    fn silent(&self) -> MutexGuard<'_, SilentServers> {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pool(
    server: &SocketAddr,
    timeout: Duration,
    mut connections: Vec<ConnectionConfig>,
) -> Result<Pool, NetError> {
    for connection in &mut connections {
        connection.port = server.port();
    }
    let mut options = ResolverOpts::default();
    options.timeout = timeout;
    let context = Arc::new(PoolContext::new(options, TlsConfig::new()?));
    let server = NameServerConfig::new(server.ip(), true, connections);
    Ok(NameServerPool::from_config([server], context, TokioRuntimeProvider::default()))
}

/// Asks once. The pool sends a datagram again when it seems lost, and goes on over TCP when the answer is truncated.
async fn send(pool: &Pool, name: &Name, kind: RecordType) -> Result<DnsResponse, NetError> {
    let mut options = DnsRequestOptions::default();
    options.use_edns = true;
    options.edns_payload_len = PAYLOAD;
    pool.lookup(Query::query(name.clone(), kind), options).first_answer().await
}

fn may_be_cut(response: &DnsResponse) -> bool {
    let payload = usize::from(PAYLOAD);
    (payload - ROOM..=payload).contains(&response.as_buffer().len())
}

fn nothing_or_fault(error: NetError) -> Result<Reply, Fault> {
    match error {
        // Name servers but no SOA record: this server does not know and does not find out for us.
        NetError::Dns(DnsError::NoRecordsFound(nothing)) if nothing.soa.is_none() && nothing.ns.is_some() => {
            Err(Fault::Referral)
        }
        NetError::Dns(DnsError::NoRecordsFound(nothing)) => {
            Ok(Reply::Nothing { ttl: nothing.negative_ttl.map(lifetime) })
        }
        NetError::Dns(DnsError::ResponseCode(code)) => Err(Fault::Code(code)),
        NetError::Truncated => Err(Fault::Truncated),
        error => Err(Fault::Network(error)),
    }
}
