//! Questions to name servers: each is asked in turn until one answers.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hickory_proto::rr::{Name, RecordType};
use lb_core::support::log_safely;

use super::exchange::Exchange;
use super::failure::{Failure, Fault};
use super::message::Response;
use super::reply::{self, Found, Reply};
use super::resolv_conf::SystemConfig;
use super::silent_servers::SilentServers;
use crate::answer::shorter;

/// How many aliases are followed for one question.
const MOST_ALIASES: usize = 8;

/// The name servers of one refresh, in the order of preference.
pub(crate) struct Servers {
    addresses: Vec<SocketAddr>,
    timeout: Duration,
    tcp_only: bool,
    memory: Arc<Mutex<Memory>>,
}

/// What is remembered from refresh to refresh.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    silent: SilentServers,
    /// Where `rotate` begins.
    turn: usize,
    /// The questions whose answers were cut, so that each is warned of once.
    cut: HashSet<String>,
}

impl Memory {
    /// Begins one refresh.
    pub(crate) fn next_refresh(&mut self) {
        self.silent.next_refresh();
        self.turn = self.turn.wrapping_add(1);
    }
}

impl Servers {
    pub(crate) fn new(config: &SystemConfig, memory: Arc<Mutex<Memory>>) -> Self {
        let mut addresses = config.name_servers.clone();
        let servers =
            Self { addresses: Vec::new(), timeout: config.timeout, tcp_only: config.use_vc, memory };
        if config.rotate && !addresses.is_empty() {
            let places = servers.memory().turn % addresses.len();
            addresses.rotate_left(places);
        }
        Self { addresses, ..servers }
    }

    /// How long one question may take when no server answers.
    pub(crate) fn patience(&self) -> Duration {
        let servers = u32::try_from(self.addresses.len()).unwrap_or(u32::MAX);
        self.timeout.saturating_mul(servers.max(1))
    }

    /// The records of a name, along its aliases; none when there authoritatively are none.
    pub(crate) async fn resolve(&self, name: &str, kind: RecordType) -> Result<Found, Failure> {
        let absolute =
            Name::from_ascii(format!("{name}.")).map_err(|error| Failure::bad_name(name, kind, error))?;
        let (mut asked, mut steps_left, mut ttl) = (absolute, MOST_ALIASES, None);
        loop {
            match self.ask(&asked, kind).await? {
                Reply::Records(found) => return Ok(Found { ttl: shorter(ttl, found.ttl), ..found }),
                Reply::Nothing { ttl: nothing, absence } => {
                    let ttl = shorter(ttl, nothing);
                    return Ok(Found { ttl, absence: Some(absence), ..Found::default() });
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
        let order = self.memory().silent.order(&self.addresses);
        let mut faults = Vec::with_capacity(order.len());
        for index in order {
            let server = self.addresses[index];
            let fault = match self.exchange(server, name, kind).run().await {
                Ok(response) => {
                    self.memory().silent.answered(server);
                    self.tell_if_cut(server, name, kind, &response);
                    match reply::read(response, name, kind, MOST_ALIASES) {
                        Ok(reply) => return Ok(reply),
                        Err(fault) => fault,
                    }
                }
                Err(fault) => {
                    if matches!(fault, Fault::TimedOut(_)) {
                        self.memory().silent.did_not_answer(server);
                    }
                    fault
                }
            };
            faults.push((server, fault));
        }
        Err(Failure::new(&name.to_ascii(), kind, faults))
    }

    fn exchange<'a>(&self, server: SocketAddr, name: &'a Name, kind: RecordType) -> Exchange<'a> {
        Exchange { server, name, kind, time: self.timeout, tcp_only: self.tcp_only }
    }

    /// An answer that is longer than DNS can carry counts as far as it came, with one warning until it is whole again.
    fn tell_if_cut(&self, server: SocketAddr, name: &Name, kind: RecordType, response: &Response) {
        let question = format!("{} {kind}", name.to_ascii());
        if !response.cut {
            self.memory().cut.remove(&question);
        } else if self.memory().cut.insert(question.clone()) {
            let count = response.answers.len();
            log_safely(|| {
                log::warn!(
                    target: crate::LOG, name:% = question;
                    "{question}: the answer of {server} is cut, longer than a DNS message can be: {count} records of it count"
                );
            });
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
