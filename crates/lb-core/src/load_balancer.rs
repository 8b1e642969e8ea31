use std::sync::{Arc, Weak};

use crate::{EndpointId, Error, Observer, Pick, Tried};

/// Yields one endpoint for a request; the rule it follows is its strategy.
///
/// Object safe, and implemented for `&L`, `Box<L>` and `Arc<L>` too.
///
/// One's own picks from what its publisher has, or from what it derived from that ([`Derived`](crate::Derived)):
///
/// ```
/// use lb_core::{EndpointCache, Error, Instance, LoadBalancer, Pick, PickRequest, Publisher};
///
/// /// Always the first: a primary with hot spares.
/// struct First<P>(P);
///
/// impl<P: Publisher> LoadBalancer for First<P> {
///     type Endpoint = P::Endpoint;
///
///     fn pick(&self, _: &PickRequest<'_>) -> Result<Pick<P::Endpoint>, Error> {
///         self.0.endpoints()?.pick(0).ok_or(Error::NoEndpoints)
///     }
/// }
///
/// let cache = EndpointCache::new(|i: &Instance| Ok::<_, std::io::Error>(i.address().to_owned()));
/// cache.replace(["b:80", "a:80"]);
/// let client: lb_core::BoxLoadBalancer<String> = First(cache).boxed(); // as the field of a struct
/// assert_eq!(*client.endpoint()?, "a:80");
/// # Ok::<_, Error>(())
/// ```
pub trait LoadBalancer: Send + Sync {
    /// What a request is sent through.
    type Endpoint;

    /// Picks an endpoint for `request`.
    ///
    /// # Errors
    ///
    /// [`Error::NoEndpoints`] when the set is empty, and whatever the publisher answers instead of a set.
    fn pick(&self, request: &PickRequest<'_>) -> Result<Pick<Self::Endpoint>, Error>;

    /// Picks an endpoint for a request of which nothing is known.
    ///
    /// # Errors
    ///
    /// As [`pick`](Self::pick).
    #[inline]
    fn endpoint(&self) -> Result<Pick<Self::Endpoint>, Error> {
        self.pick(&PickRequest::new())
    }

    /// Asks to be told after each change of the endpoints that it picks from; see
    /// [`Publisher::subscribe`](crate::Publisher::subscribe).
    fn subscribe(&self, observer: Weak<dyn Observer>) -> bool {
        let _ = observer;
        false
    }

    /// The name of the service, for messages; see [`Publisher::name`](crate::Publisher::name).
    fn name(&self) -> Option<&str> {
        None
    }

    /// Has the endpoint `id` made anew; see [`Publisher::renew`](crate::Publisher::renew).
    fn renew(&self, id: EndpointId) -> bool {
        let _ = id;
        false
    }

    /// This balancer with its type erased, to be kept in a field.
    fn boxed(self) -> BoxLoadBalancer<Self::Endpoint>
    where
        Self: Sized + 'static,
    {
        Box::new(self)
    }
}

/// A load balancer whose type is erased; see [`LoadBalancer::boxed`].
pub type BoxLoadBalancer<E> = Box<dyn LoadBalancer<Endpoint = E> + Send + Sync>;

macro_rules! forward_load_balancer {
    ($($pointer:ty),*) => {$(
        impl<L: LoadBalancer + ?Sized> LoadBalancer for $pointer {
            type Endpoint = L::Endpoint;

            #[inline]
            fn pick(&self, request: &PickRequest<'_>) -> Result<Pick<Self::Endpoint>, Error> {
                (**self).pick(request)
            }

            fn subscribe(&self, observer: Weak<dyn Observer>) -> bool {
                (**self).subscribe(observer)
            }

            fn name(&self) -> Option<&str> {
                (**self).name()
            }

            fn renew(&self, id: EndpointId) -> bool {
                (**self).renew(id)
            }
        }
    )*};
}

forward_load_balancer!(&L, Box<L>, Arc<L>);

/// What a strategy may know of the request it picks for.
///
/// ```
/// use lb_core::{PickRequest, Tried};
///
/// let tried = Tried::new();
/// let request = PickRequest::new().with_key(42).with_tried(&tried);
/// assert!(request.tried().unwrap().is_empty());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct PickRequest<'a> {
    key: Option<u64>,
    tried: Option<&'a Tried>,
}

impl<'a> PickRequest<'a> {
    /// A request of which nothing is known.
    #[inline]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the key for strategies that hash: requests of one key go to one endpoint.
    #[must_use]
    pub fn with_key(mut self, key: u64) -> Self {
        self.key = Some(key);
        self
    }

    /// Gives the endpoints that were tried for this request already: another is picked while there is one.
    #[must_use]
    pub fn with_tried(mut self, tried: &'a Tried) -> Self {
        self.tried = Some(tried);
        self
    }

    /// The key, if one was given.
    pub fn key(&self) -> Option<u64> {
        self.key
    }

    /// The endpoints tried already, if they were given.
    #[inline]
    pub fn tried(&self) -> Option<&'a Tried> {
        self.tried
    }
}
