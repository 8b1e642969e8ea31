use std::fmt;
use std::future::Future;
use std::sync::Weak;
use std::time::Duration;

use lb_core::{EndpointId, Endpoints, Error, Factory, Observer, Publisher};
use lb_discovery::{DiscoveryPublisher, Status};

use crate::{DnsSrvBuilder, DnsSrvError};

/// A publisher whose set follows the SRV records of a DNS name (RFC 2782), in a background thread of its own.
///
/// Each record is an instance `target:port` with the record's weight and priority; the target is lower case, without the
/// final dot. What becomes of the set when lookups fail or find nothing is told at [`DiscoveryPublisher`].
///
/// | case | what happens |
/// |---|---|
/// | an absolute name, `_http._tcp.example.com.` | is asked for as it is |
/// | a relative name, without the final dot | is completed along the system's search list; the first with records wins, and a server's failure is never masked by a later "no such name" |
/// | an alias (CNAME) | is followed, through 8 of them at most |
/// | a truncated answer, or one that may have been cut silently | is asked for again over TCP |
/// | a server that fails, does not answer, or sends garbage | is followed by the next one |
/// | a record with port 0, a bad target, or one that repeats another | is skipped, and counted |
/// | `"."` as the only target | an empty set at once: the service is decidedly not available (RFC 2782, "Target") |
///
/// Each refresh asks the servers: there is no cache, and resolv.conf is read again when it has changed. A warning (`log`,
/// target `lb-dnssrv`) names skipped records, once until they are others.
///
/// Cost of a refresh: one UDP round trip; for an answer over 720 bytes (about 20 records) a TCP connection and one more; with
/// `resolve_targets` two questions a target, 32 at a time of each family. Between refreshes there is a thread, and no socket
/// and no runtime. Reading [`endpoints`](Publisher::endpoints) costs what it costs with any publisher.
pub struct DnsSrvPublisher<E>(DiscoveryPublisher<E>);

impl DnsSrvPublisher<()> {
    /// Begins a publisher of a name, which is relative unless it ends in a dot: at most 253 characters without the final
    /// dot, labels of 1 to 63 ASCII letters, digits, `_` and, not first, `-`.
    pub fn builder(name: impl Into<String>) -> DnsSrvBuilder {
        DnsSrvBuilder::new(name.into())
    }
}

impl<E> DnsSrvPublisher<E> {
    /// Asks the system's name servers for `name` every `refresh`, and waits for the first answer.
    ///
    /// # Errors
    ///
    /// An impossible name or period, no thread, or a first lookup that fails.
    #[cfg(feature = "hickory")]
    pub fn new(
        name: impl Into<String>,
        refresh: Duration,
        factory: impl Factory<Endpoint = E> + 'static,
    ) -> Result<Self, DnsSrvError>
    where
        E: Send + Sync + 'static,
    {
        DnsSrvBuilder::new(name.into()).refresh(lb_discovery::Refresh::Every(refresh)).build(factory)
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
    pub fn wait_ready(&self, timeout: Duration) -> Result<(), DnsSrvError> {
        Ok(self.0.wait_ready(timeout)?)
    }

    /// Waits until there is a set to use, on any async runtime or none. Dropping the future half-way loses nothing.
    ///
    /// # Errors
    ///
    /// When the publisher was stopped; with the last lookup's error.
    pub fn ready(&self) -> impl Future<Output = Result<(), DnsSrvError>> + Send + use<E> {
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
    pub fn share<F>(&self, factory: F) -> DnsSrvPublisher<F::Endpoint>
    where
        F: Factory + 'static,
        F::Endpoint: Send + Sync + 'static,
    {
        DnsSrvPublisher(self.0.share(factory))
    }
}

impl<E: Send + Sync + 'static> Publisher for DnsSrvPublisher<E> {
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

impl<E> fmt::Debug for DnsSrvPublisher<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DnsSrvPublisher").field(&self.0).finish()
    }
}
