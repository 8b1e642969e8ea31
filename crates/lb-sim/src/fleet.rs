use std::time::Duration;

use crate::error::Invalid;
use crate::fault::Fault;
use crate::server::Server;

/// The servers of one service.
///
/// ```
/// use lb_sim::{Fault, Fleet, Server};
///
/// let fleet = Fleet::new()
///     .add(9, Server::new(4))
///     .add(1, Server::new(4).fault(Fault::slow(10.0)));
/// assert_eq!(fleet.capacity(), 40.0);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "a fleet does nothing without a scenario"]
pub struct Fleet {
    pub(crate) servers: Vec<Server>,
}

/// How a fleet is restarted one server after the other; see [`Fleet::deploy`].
///
/// Each server says that it leaves, serves on for the `drain`, is gone for the `restart`, and comes back, at first slower
/// where that was said.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use = "it does nothing until a fleet is deployed by it"]
pub struct Deploy {
    from: Duration,
    every: Duration,
    drain: Duration,
    restart: Duration,
    cold: Option<(f64, Duration)>,
}

impl Deploy {
    /// The first server begins at `from`, each other `every` after the one before. Each is gone for one second, with a
    /// drain of one second before.
    pub fn rolling(from: Duration, every: Duration) -> Self {
        let second = Duration::from_secs(1);
        Self { from, every, drain: second, restart: second, cold: None }
    }

    /// How long a server serves on after it has said that it leaves. Zero: it goes without a word.
    pub fn drain(mut self, drain: Duration) -> Self {
        self.drain = drain;
        self
    }

    /// How long a server is gone; longer than zero.
    pub fn restart(mut self, restart: Duration) -> Self {
        self.restart = restart;
        self
    }

    /// A server that comes back is this many times slower for this time: its caches are cold.
    pub fn cold(mut self, factor: f64, lasts: Duration) -> Self {
        self.cold = Some((factor, lasts));
        self
    }

    fn faults(&self, index: u32) -> impl Iterator<Item = Fault> + use<> {
        let begins = self.from + self.every * index;
        let gone = begins + self.drain;
        let back = gone + self.restart;
        let leaves = (gone > begins).then(|| Fault::leaves().from(begins).until(back));
        let cold = self.cold.map(|(factor, lasts)| Fault::slow(factor).from(back).until(back + lasts));
        [leaves, Some(Fault::down().from(gone).until(back)), cold].into_iter().flatten()
    }
}

impl Fleet {
    /// Without servers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds so many servers of a kind.
    pub fn add(mut self, count: usize, server: Server) -> Self {
        self.servers.extend(std::iter::repeat_n(server, count));
        self
    }

    /// Restarts all servers, one after the other.
    pub fn deploy(mut self, deploy: &Deploy) -> Self {
        for (index, server) in (0..).zip(&mut self.servers) {
            server.faults.extend(deploy.faults(index));
        }
        self
    }

    /// How many servers there are.
    pub fn len(&self) -> usize {
        self.servers.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.servers.is_empty()
    }

    /// How much work the fleet does in a time, in cores of speed 1, without noise and faults.
    pub fn capacity(&self) -> f64 {
        self.servers.iter().map(Server::capacity).sum()
    }

    pub(crate) fn check(&self) -> Result<(), Invalid> {
        if self.servers.is_empty() {
            return Err(Invalid::plural("the servers of the fleet", 0, "at least 1"));
        }
        if self.len() > 1_000_000 {
            return Err(Invalid::plural("the servers of the fleet", self.len(), "at most 1,000,000"));
        }
        let mut all = self.servers.iter().enumerate();
        all.try_for_each(|(index, server)| server.check(&format!("server {index}")))
    }
}
