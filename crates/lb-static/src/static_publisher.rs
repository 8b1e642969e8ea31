use std::fmt;
use std::sync::Weak;

use lb_core::{EndpointCache, Endpoints, Error, Factory, Instance, Observer, Publisher};

/// The endpoints of instances that are known at start-up.
///
/// An instance whose factory fails, or that has no address, is logged and left out; it is not tried again.
/// To change the set later, use an [`EndpointCache`].
///
/// ```
/// use lb_core::{Instance, Publisher};
/// use lb_static::StaticPublisher;
///
/// let publisher = StaticPublisher::new(["127.0.0.1:8001", "127.0.0.1:8002"], |instance: &Instance| {
///     instance.address().parse::<std::net::SocketAddr>()
/// });
/// assert_eq!(publisher.endpoints()?.len(), 2);
/// # Ok::<_, lb_core::Error>(())
/// ```
pub struct StaticPublisher<E>(EndpointCache<E>);

impl<E> StaticPublisher<E> {
    /// Makes the endpoints of `instances`, given in any order.
    pub fn new<I>(instances: I, factory: impl Factory<Endpoint = E> + 'static) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Instance>,
    {
        let cache = EndpointCache::new(factory);
        cache.replace(instances);
        Self(cache)
    }
}

impl<E: Send + Sync> Publisher for StaticPublisher<E> {
    type Endpoint = E;

    #[inline]
    fn endpoints(&self) -> Result<Endpoints<E>, Error> {
        self.0.endpoints()
    }

    /// `true`: no change goes untold, for there is none.
    fn subscribe(&self, _: Weak<dyn Observer>) -> bool {
        true
    }
}

impl<E> fmt::Debug for StaticPublisher<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StaticPublisher").field(&self.0).finish()
    }
}
