use crate::{BoxError, Instance};

/// Turns an instance into an endpoint.
///
/// Also implemented for closures `Fn(&Instance) -> Result<E, X>` where `X` converts into [`BoxError`]. A closure has to
/// name its argument's type:
///
/// ```
/// use lb_core::{EndpointCache, Instance};
///
/// let cache = EndpointCache::new(|instance: &Instance| instance.address().parse::<std::net::SocketAddr>());
/// cache.replace(["127.0.0.1:80", "127.0.0.1:81"]);
/// ```
///
/// A factory runs on the thread that replaces the set (discovery's), never on one that picks. It should return soon:
/// connect lazily, or with a timeout. It must not call `replace` on the cache that called it.
pub trait Factory: Send + Sync {
    /// What it makes.
    type Endpoint;

    /// Makes the endpoint of `instance`.
    ///
    /// # Errors
    ///
    /// The instance is then left out of the set, a warning names its address, and the factory is asked again at the next
    /// replace. A panic counts as an error.
    fn create(&self, instance: &Instance) -> Result<Self::Endpoint, BoxError>;

    /// Whether the endpoint made from `old` serves `new` as well. Both have the same address and host; weight, priority
    /// or metadata differ. `false`: it is made anew. The default is `true`.
    fn reusable(&self, old: &Instance, new: &Instance) -> bool {
        let _ = (old, new);
        true
    }
}

impl<F, E, X> Factory for F
where
    F: Fn(&Instance) -> Result<E, X> + Send + Sync,
    X: Into<BoxError>,
{
    type Endpoint = E;

    fn create(&self, instance: &Instance) -> Result<E, BoxError> {
        self(instance).map_err(Into::into)
    }
}
