use std::fmt;
use std::sync::{Arc, Weak};

use lb_core::{EndpointCache, EndpointId, Endpoints, Error, Factory, Instance, Observer, Publisher};

use crate::renewer::Renewer;

/// The endpoints of instances that are known at start-up.
///
/// The list never changes; to change it later, use an [`EndpointCache`]. The `factory` is called once for each instance,
/// on the caller's thread, and [`new`](Self::new) returns when it has been. An instance whose factory fails or panics, or
/// that has no address, is logged as a warning and left out: [`Publisher::endpoints`] shows how many there are. It is
/// tried again when an endpoint is renewed.
///
/// [`Publisher::renew`] has an endpoint made anew, on a thread of its own that ends afterwards; the old endpoint serves
/// until then, and on if the factory fails.
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
pub struct StaticPublisher<E> {
    cache: Arc<EndpointCache<E>>,
    renewer: Renewer,
    instances: Arc<[Instance]>,
    name: Option<Arc<str>>,
}

impl<E> StaticPublisher<E> {
    /// Makes the endpoints of `instances`, given in any order: addresses (`"10.0.0.1:80"`) or whole [`Instance`]s.
    pub fn new<I>(instances: I, factory: impl Factory<Endpoint = E> + 'static) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Instance>,
    {
        let instances: Arc<[Instance]> = instances.into_iter().map(Into::into).collect();
        let cache = Arc::new(EndpointCache::new(factory));
        cache.replace(instances.iter().cloned());
        Self { cache, renewer: Renewer::default(), instances, name: None }
    }

    /// Names the service, for messages.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }
}

impl<E: Send + Sync + 'static> Publisher for StaticPublisher<E> {
    type Endpoint = E;

    #[inline]
    fn endpoints(&self) -> Result<Endpoints<E>, Error> {
        self.cache.endpoints()
    }

    fn subscribe(&self, observer: Weak<dyn Observer>) -> bool {
        self.cache.subscribe(observer)
    }

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// `false` too when no thread can be had.
    fn renew(&self, id: EndpointId) -> bool {
        if !self.cache.renew(id) {
            return false;
        }
        let (cache, instances) = (Arc::clone(&self.cache), Arc::clone(&self.instances));
        self.renewer.run(move || cache.replace(instances.iter().cloned()))
    }
}

impl<E> fmt::Debug for StaticPublisher<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticPublisher")
            .field("name", &self.name)
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}
