use crate::{BoxError, Context, Instance};

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
/// Where the endpoint depends on more than the instance's identity, or takes time to make, implement the trait:
///
/// ```
/// use lb_core::{BoxError, Context, Factory, Instance};
///
/// struct Connect;
///
/// impl Factory for Connect {
///     type Endpoint = std::net::TcpStream;
///
///     fn create(&self, ctx: &Context, instance: &Instance) -> Result<Self::Endpoint, BoxError> {
///         let address = instance.address().parse()?;
///         Ok(match ctx.remaining() {
///             Some(left) => std::net::TcpStream::connect_timeout(&address, left)?,
///             None => std::net::TcpStream::connect(address)?,
///         })
///     }
///
///     fn reusable(&self, old: &Instance, new: &Instance) -> bool {
///         old.metadata("zone") == new.metadata("zone")
///     }
/// }
/// ```
///
/// A factory never runs on a thread that picks. [`EndpointCache::replace`](crate::EndpointCache::replace) waits for it;
/// discovery publishes the others without an endpoint that takes long. It must not call `replace` on the cache that called
/// it.
pub trait Factory: Send + Sync {
    /// What it makes.
    type Endpoint;

    /// Makes the endpoint of `instance`. In discovery `ctx` has the time limit of this call as its deadline, and is
    /// cancelled when the limit has passed or the publisher stops.
    ///
    /// # Errors
    ///
    /// The instance is then left out of the set, a warning names its address, and the factory is asked again at the next
    /// replace. A panic counts as an error.
    fn create(&self, ctx: &Context, instance: &Instance) -> Result<Self::Endpoint, BoxError>;

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

    fn create(&self, _: &Context, instance: &Instance) -> Result<E, BoxError> {
        self(instance).map_err(Into::into)
    }
}
