use std::fmt;
use std::future::Future;
use std::sync::Weak;
use std::time::Duration;

use lb_core::{EndpointId, Endpoints, Error, Factory, Observer, Publisher};
use lb_discovery::{DiscoveryPublisher, Status};

use crate::{DnsBuilder, DnsError};

/// A publisher whose set follows the addresses (A, AAAA) of a DNS name, in a background thread of its own.
///
/// Each address is an instance `address:port` with the name as [`host`](lb_core::Instance::host), lower case and without the
/// final dot. A headless Kubernetes service works by its name alone. What becomes of the set when lookups fail or find
/// nothing is told at [`DiscoveryPublisher`].
///
/// | case | what happens |
/// |---|---|
/// | an absolute name, `web.example.com.:80` | is asked for as it is |
/// | a relative name, without the final dot | is completed along the system's search list; the first with addresses wins |
/// | `10.0.0.7:80`, `[::1]:80` | are addresses already: one instance, and no lookup |
/// | only one IP version is answered | its addresses count; of the other, what was known before |
/// | 0.0.0.0, `::`, multicast | are skipped, and counted |
///
/// Each refresh asks the servers: there is no cache. Cost of a refresh: a UDP round trip for each IP version, side by side.
/// Between refreshes there is no descriptor, only the thread.
///
/// ```no_run
/// use std::time::Duration;
/// use lb_core::{BoxError, Instance, Publisher};
/// use lb_dns::{DnsPublisher, Families, OnEmpty, Refresh};
///
/// let publisher = DnsPublisher::builder("web.default.svc.cluster.local.:8080")
///     .refresh(Refresh::Ttl { min: Duration::from_secs(1), max: Duration::from_secs(30) })
///     .on_empty(OnEmpty::EmptyAfter(Duration::from_secs(10)))
///     .families(Families::V4)
///     .build(|instance: &Instance| Ok::<_, BoxError>(instance.address().to_owned()))?;
/// println!("{} endpoints", publisher.endpoints()?.len());
/// # Ok::<_, BoxError>(())
/// ```
pub struct DnsPublisher<E>(DiscoveryPublisher<E>);

impl DnsPublisher<()> {
    /// Begins a publisher of `name:port`. The name is relative unless it ends in a dot: at most 253 characters without the
    /// final dot, labels of 1 to 63 ASCII letters, digits, `_` and, not first, `-`. An IP address (`10.0.0.7:80`, `[::1]:80`)
    /// will do.
    pub fn builder(name: impl Into<String>) -> DnsBuilder {
        DnsBuilder::new(name.into())
    }
}

impl<E> DnsPublisher<E> {
    /// Asks the system's name servers for `name`, which is `name:port`, every `refresh`, and waits for the first answer.
    ///
    /// # Errors
    ///
    /// An impossible name or period, no thread, or a first lookup that fails.
    pub fn new(
        name: impl Into<String>,
        refresh: Duration,
        factory: impl Factory<Endpoint = E> + 'static,
    ) -> Result<Self, DnsError>
    where
        E: Send + Sync + 'static,
    {
        DnsBuilder::new(name.into()).refresh(lb_discovery::Refresh::Every(refresh)).build(factory)
    }

    pub(crate) fn wrap(discovery: DiscoveryPublisher<E>) -> Self {
        Self(discovery)
    }

    /// How discovery is doing. Cost: a short lock and a copy.
    pub fn status(&self) -> Status {
        self.0.status()
    }

    /// Waits until there is a set to use. It blocks, so not on an async runtime's thread: see [`ready`](Self::ready).
    ///
    /// # Errors
    ///
    /// When `timeout` has passed, or the publisher was stopped; with the last lookup's error.
    pub fn wait_ready(&self, timeout: Duration) -> Result<(), DnsError> {
        Ok(self.0.wait_ready(timeout)?)
    }

    /// Waits until there is a set to use, on any async runtime or none. Dropping the future half-way loses nothing.
    ///
    /// # Errors
    ///
    /// When the publisher was stopped; with the last lookup's error.
    pub fn ready(&self) -> impl Future<Output = Result<(), DnsError>> + Send + use<E> {
        let ready = self.0.ready();
        async { Ok(ready.await?) }
    }

    /// Has DNS asked at once, whatever the schedule or a backoff says, and returns without waiting for it.
    pub fn refresh_now(&self) {
        self.0.refresh_now();
    }

    /// Ends discovery for this publisher and all that share it, within 100 ms even when a lookup hangs. The set stays as it
    /// is. May be called several times; dropping the last one that shares does the same.
    pub fn stop(&self) {
        self.0.stop();
    }

    /// A second publisher with endpoints of its own, fed by the same lookups: two clients of one service need no two
    /// watchers.
    pub fn share<F>(&self, factory: F) -> DnsPublisher<F::Endpoint>
    where
        F: Factory + 'static,
        F::Endpoint: Send + Sync + 'static,
    {
        DnsPublisher(self.0.share(factory))
    }
}

impl<E: Send + Sync + 'static> Publisher for DnsPublisher<E> {
    type Endpoint = E;

    #[inline]
    fn endpoints(&self) -> Result<Endpoints<E>, Error> {
        self.0.endpoints()
    }

    fn subscribe(&self, observer: Weak<dyn Observer>) -> bool {
        self.0.subscribe(observer)
    }

    fn name(&self) -> Option<&str> {
        self.0.name()
    }

    fn renew(&self, id: EndpointId) -> bool {
        self.0.renew(id)
    }
}

impl<E> fmt::Debug for DnsPublisher<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DnsPublisher").field(&self.0).finish()
    }
}
