use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lb_core::{BoxLoadBalancer, Clock, EndpointCache, Housekeeper, LoadBalancer};

use crate::foreign::Foreign;
use crate::server::ServerId;

/// A load balancer to be simulated: its name, and how each client makes its own.
///
/// Those of this project are here; anything else, filters in front of a strategy included, is made from what a
/// [`ClientSetup`] has:
///
/// ```
/// use lb_sim::Strategy;
/// use lb_strategies::PeakEwma;
/// use std::time::Duration;
///
/// let hasty = Strategy::new("peak EWMA, 1 s", |client| {
///     let settings = PeakEwma::builder(client.publisher()).time_constant(Duration::from_secs(1));
///     settings.clock(client.clock()).seed(client.seed()).build()
/// });
/// assert_eq!(hasty.name(), "peak EWMA, 1 s");
/// ```
///
/// A run is the same for a seed as long as the balancer draws from [`ClientSetup::seed`] and reads
/// [`ClientSetup::clock`] alone.
#[derive(Clone)]
pub struct Strategy {
    name: Arc<str>,
    make: Arc<dyn Fn(&ClientSetup) -> Balancer + Send + Sync>,
}

/// The balancer of one client.
pub(crate) enum Balancer {
    Own(BoxLoadBalancer<ServerId>),
    Foreign(Box<dyn Foreign>),
}

/// What a client has to make its balancer from.
#[derive(Clone, Debug)]
pub struct ClientSetup {
    pub(crate) number: u32,
    pub(crate) clients: u32,
    pub(crate) seed: u64,
    pub(crate) clock: Clock,
    pub(crate) publisher: Arc<EndpointCache<ServerId>>,
    pub(crate) housekeeper: Housekeeper,
    pub(crate) keeps_house: Arc<AtomicBool>,
}

impl ClientSetup {
    /// Which client it is, counted from 0.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// How many clients there are.
    pub fn clients(&self) -> u32 {
        self.clients
    }

    /// A seed of the client's own.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The clock of the simulation.
    pub fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// The servers that the client knows of.
    pub fn publisher(&self) -> Arc<EndpointCache<ServerId>> {
        Arc::clone(&self.publisher)
    }

    /// Runs the chores of filters in virtual time, every 10 ms of it.
    pub fn housekeeper(&self) -> Housekeeper {
        self.keeps_house.store(true, Ordering::Relaxed);
        self.housekeeper.clone()
    }
}

impl Strategy {
    /// A strategy by this name, whose balancers `make` makes, one for each client.
    pub fn new<L>(name: impl Into<Arc<str>>, make: impl Fn(&ClientSetup) -> L + Send + Sync + 'static) -> Self
    where
        L: LoadBalancer<Endpoint = ServerId> + 'static,
    {
        Self { name: name.into(), make: Arc::new(move |client| Balancer::Own(make(client).boxed())) }
    }

    /// One that is no [`LoadBalancer`]: a peer, to be compared with.
    pub fn foreign<F: Foreign + 'static>(
        name: impl Into<Arc<str>>,
        make: impl Fn(&ClientSetup) -> F + Send + Sync + 'static,
    ) -> Self {
        let make = move |client: &ClientSetup| Balancer::Foreign(Box::new(make(client)));
        Self { name: name.into(), make: Arc::new(make) }
    }

    /// The name in tables.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    pub(crate) fn make(&self, client: &ClientSetup) -> Balancer {
        (self.make)(client)
    }
}

impl fmt::Debug for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Strategy").field(&self.name).finish()
    }
}
