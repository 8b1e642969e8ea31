use std::fmt;
use std::sync::{Arc, Weak};

use lb_core::{EndpointCell, EndpointSet, Endpoints, Error, Instance, Observer, Publisher};

/// Endpoints that were made beforehand.
///
/// Of two with the same address and host the first counts. There is no factory: [`Publisher::renew`] is always `false`.
///
/// ```
/// use lb_core::Publisher;
/// use lb_static::FixedPublisher;
///
/// let publisher = FixedPublisher::new([("a:80", 'a'), ("b:80", 'b')]);
/// assert_eq!(*publisher.endpoints()?.pick(0).unwrap(), 'a');
/// # Ok::<_, lb_core::Error>(())
/// ```
pub struct FixedPublisher<E> {
    cell: EndpointCell<E>,
    name: Option<Arc<str>>,
}

impl<E> FixedPublisher<E> {
    /// Publishes pairs of an address (or a whole [`Instance`]) and its endpoint, given in any order.
    pub fn new<A: Into<Instance>>(endpoints: impl IntoIterator<Item = (A, E)>) -> Self {
        let members = endpoints.into_iter().map(|(address, endpoint)| (address.into(), endpoint));
        Self { cell: EndpointCell::new(EndpointSet::new(members)), name: None }
    }

    /// Names the service, for messages.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }
}

impl<E: Send + Sync> Publisher for FixedPublisher<E> {
    type Endpoint = E;

    #[inline]
    fn endpoints(&self) -> Result<Endpoints<E>, Error> {
        Ok(self.cell.load())
    }

    /// `true`: no change goes untold, for there is none.
    fn subscribe(&self, _: Weak<dyn Observer>) -> bool {
        true
    }

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

impl<E> fmt::Debug for FixedPublisher<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FixedPublisher").field("name", &self.name).field("cell", &self.cell).finish()
    }
}
