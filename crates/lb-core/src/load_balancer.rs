use std::sync::Arc;

use crate::{Error, Pick};

/// Yields one endpoint for a request; the rule it follows is its strategy.
///
/// Object safe, and implemented for `&L`, `Box<L>` and `Arc<L>` too.
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
}

macro_rules! forward_load_balancer {
    ($($pointer:ty),*) => {$(
        impl<L: LoadBalancer + ?Sized> LoadBalancer for $pointer {
            type Endpoint = L::Endpoint;

            #[inline]
            fn pick(&self, request: &PickRequest<'_>) -> Result<Pick<Self::Endpoint>, Error> {
                (**self).pick(request)
            }
        }
    )*};
}

forward_load_balancer!(&L, Box<L>, Arc<L>);

/// What a strategy may know of the request it picks for.
///
/// ```
/// use lb_core::PickRequest;
///
/// let request = PickRequest::new().with_key(42).with_tried(&["10.0.0.1:80"]);
/// assert!(request.is_tried("10.0.0.1:80"));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct PickRequest<'a> {
    key: Option<u64>,
    tried: &'a [&'a str],
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

    /// Gives the addresses that were tried for this request already: another is picked while there is one.
    #[must_use]
    pub fn with_tried(mut self, addresses: &'a [&'a str]) -> Self {
        self.tried = addresses;
        self
    }

    /// The key, if one was given.
    pub fn key(&self) -> Option<u64> {
        self.key
    }

    /// The addresses tried already.
    #[inline]
    pub fn tried(&self) -> &'a [&'a str] {
        self.tried
    }

    /// Whether `address` was tried already. Cost: one comparison for each tried address.
    pub fn is_tried(&self, address: &str) -> bool {
        self.tried.contains(&address)
    }
}
