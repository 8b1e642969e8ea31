use std::time::Duration;

use lb_retry::Limits;

use crate::error::{Invalid, positive};
use crate::work::Work;

/// Who sends requests: processes with a load balancer each, which know nothing of each other.
///
/// | setting | default |
/// |---|---|
/// | [`work`](Self::work) | exponential, 10 ms |
/// | [`timeout`](Self::timeout) | 10 s |
/// | [`network`](Self::network) | none |
/// | [`discovery`](Self::discovery) | 1 s, for all at once |
/// | [`retry`](Self::retry) | no |
/// | [`keys`](Self::keys) | each request has a key of its own |
/// | [`reports`](Self::reports) | servers say nothing of their load |
/// | [`cancels`](Self::cancels) | yes |
/// | [`shared_view`](Self::shared_view) | no |
#[derive(Clone, Debug)]
#[must_use = "clients do nothing without a scenario"]
pub struct Clients {
    pub(crate) count: u32,
    pub(crate) arrivals: Arrivals,
    pub(crate) work: Work,
    pub(crate) timeout: Duration,
    pub(crate) network: Duration,
    pub(crate) discovery: Duration,
    pub(crate) discovery_spread: Duration,
    pub(crate) retry: Option<Limits>,
    pub(crate) keys: Option<u64>,
    pub(crate) reports: bool,
    pub(crate) cancels: bool,
    pub(crate) shared_view: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Arrivals {
    /// So much of the fleet's capacity.
    Load(f64),
    /// Requests per second, of all clients together.
    Rate(f64),
    Closed {
        users: u32,
        think: Work,
    },
}

impl Clients {
    /// So many clients, 1 at least, whose requests arrive as a Poisson process, whatever becomes of earlier ones, and ask
    /// together for a `load` of what the [fleet](crate::Fleet::capacity) can do: 0.6 is 60 %, above 1 it is overloaded.
    pub fn at_load(count: u32, load: f64) -> Self {
        Self::with(count, Arrivals::Load(load))
    }

    /// The same with so many requests per second, of all clients together.
    pub fn at_rate(count: u32, per_second: f64) -> Self {
        Self::with(count, Arrivals::Rate(per_second))
    }

    /// So many clients with so many users each, 1 at least, who send a request, wait for its end, think, and send the next.
    pub fn closed_loop(count: u32, users: u32, think: Work) -> Self {
        Self::with(count, Arrivals::Closed { users, think })
    }

    fn with(count: u32, arrivals: Arrivals) -> Self {
        Self {
            count,
            arrivals,
            work: Work::exponential(Duration::from_millis(10)),
            timeout: Duration::from_secs(10),
            network: Duration::ZERO,
            discovery: Duration::from_secs(1),
            discovery_spread: Duration::ZERO,
            retry: None,
            keys: None,
            reports: false,
            cancels: true,
            shared_view: false,
        }
    }

    /// How much work a request is.
    pub fn work(mut self, work: Work) -> Self {
        self.work = work;
        self
    }

    /// How long a request may take in all; longer than zero.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long a message is under way, each way.
    pub fn network(mut self, one_way: Duration) -> Self {
        self.network = one_way;
        self
    }

    /// How long after a server has left, died or come back clients know of it: the first after `delay`, the others spread
    /// evenly over `spread` more.
    pub fn discovery(mut self, delay: Duration, spread: Duration) -> Self {
        self.discovery = delay;
        self.discovery_spread = spread;
        self
    }

    /// Retries what failed or timed out, as [`lb_retry::Engine`] says.
    pub fn retry(mut self, limits: Limits) -> Self {
        self.retry = Some(limits);
        self
    }

    /// Draws the key of each request from so many, 1 at least, one as likely as another.
    pub fn keys(mut self, count: u64) -> Self {
        self.keys = Some(count);
        self
    }

    /// Whether servers say in each response how loaded they are ([`lb_core::Reported`]): requests in flight, utilisation
    /// and latency, as they stand when the work is done. One that fails fast says that it is idle.
    pub fn reports(mut self, yes: bool) -> Self {
        self.reports = yes;
        self
    }

    /// Whether a server drops a request from its queue when the client has given it up. What a core works on already is
    /// worked to its end in any case.
    pub fn cancels(mut self, yes: bool) -> Self {
        self.cancels = yes;
        self
    }

    /// Whether all clients look at one publisher, as the threads of one process do: for large fleets, since a publisher
    /// takes some 200 bytes an endpoint. Strategies that count requests in flight ([`LeastLoaded`](lb_strategies::LeastLoaded),
    /// [`PeakEwma`](lb_strategies::PeakEwma)) then share the counts: they know more than clients of their own would. Those that
    /// keep a state of their own for each endpoint look for it among those of all clients: with a thousand, that takes minutes.
    pub fn shared_view(mut self, yes: bool) -> Self {
        self.shared_view = yes;
        self
    }

    /// Requests per second of all clients together, for a fleet of this capacity; `None`: it depends on the answers.
    pub(crate) fn rate(&self, capacity: f64) -> Option<f64> {
        match self.arrivals {
            Arrivals::Load(load) => Some(load * capacity / self.work.mean().as_secs_f64()),
            Arrivals::Rate(rate) => Some(rate),
            Arrivals::Closed { .. } => None,
        }
    }

    pub(crate) fn check(&self) -> Result<(), Invalid> {
        let at_least_one = |what: &str, count: u64| {
            if count > 0 { Ok(()) } else { Err(Invalid::plural(what, count, "at least 1")) }
        };
        at_least_one("the clients", self.count.into())?;
        at_least_one("the keys", self.keys.unwrap_or(1))?;
        if self.timeout.is_zero() {
            return Err(Invalid::new("the time-out of requests", "0s", "longer than zero"));
        }
        match self.arrivals {
            Arrivals::Load(load) => {
                positive("the load", load)?;
                positive("the mean of the work, in seconds", self.work.mean().as_secs_f64())?;
            }
            Arrivals::Rate(rate) => positive("the rate of requests", rate)?,
            Arrivals::Closed { users, think } => {
                at_least_one("the users of a client", users.into())?;
                think.check("the thinking")?;
            }
        }
        self.work.check("the work")
    }
}
