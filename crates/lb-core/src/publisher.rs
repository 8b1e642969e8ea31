use std::sync::{Arc, Weak};

use crate::support::{lock, run_caught};
use crate::sync::Mutex;
use crate::weak_list::remember;
use crate::{EndpointId, Endpoints, Error};

/// Yields the current endpoint set of one logical service.
///
/// Object safe, and implemented for `&P`, `Box<P>` and `Arc<P>` too: give a balancer an `Arc` of a publisher to keep the
/// publisher as well.
///
/// One's own needs an [`EndpointCell`](crate::EndpointCell), which looks come from, or an
/// [`EndpointCache`](crate::EndpointCache) inside:
///
/// ```
/// use lb_core::{EndpointCell, EndpointSet, Endpoints, Error, Instance, Publisher};
///
/// struct Fixed(EndpointCell<u16>);
///
/// impl Publisher for Fixed {
///     type Endpoint = u16;
///
///     fn endpoints(&self) -> Result<Endpoints<u16>, Error> {
///         Ok(self.0.load())
///     }
/// }
///
/// let fixed = Fixed(EndpointCell::new(EndpointSet::new([(Instance::new("a:80"), 80)])));
/// assert_eq!(fixed.endpoints()?.len(), 1);
/// # Ok::<_, Error>(())
/// ```
pub trait Publisher: Send + Sync {
    /// What a request is sent through.
    type Endpoint;

    /// The current set. Called for every pick: it takes no lock and allocates nothing in the publishers of this project.
    ///
    /// # Errors
    ///
    /// [`Error::NotReady`] before discovery has answered, [`Error::Discovery`] when it fails and there is no set to fall
    /// back on. An empty set is no error here; the strategy says [`Error::NoEndpoints`].
    fn endpoints(&self) -> Result<Endpoints<Self::Endpoint>, Error>;

    /// Asks to be told after each change of what [`endpoints`](Self::endpoints) returns. `true`: `changed` will be called.
    /// The default is `false`: the publisher cannot tell. Wrappers forward it.
    fn subscribe(&self, observer: Weak<dyn Observer>) -> bool {
        let _ = observer;
        false
    }

    /// The name of the service, for messages: which one has no endpoints. `None`: it has none. Wrappers forward it.
    fn name(&self) -> Option<&str> {
        None
    }

    /// Has the endpoint `id` made anew (its channel is dead, its certificate was rotated): by the publisher's worker, or
    /// at the next replace. The old one serves until then. `false`: no such endpoint is here, or the publisher cannot make
    /// one. Does not wait for the factory. Wrappers forward it.
    fn renew(&self, id: EndpointId) -> bool {
        let _ = id;
        false
    }

    /// This publisher with its type erased, to be kept in a field.
    fn boxed(self) -> BoxPublisher<Self::Endpoint>
    where
        Self: Sized + 'static,
    {
        Box::new(self)
    }
}

/// A publisher whose type is erased; see [`Publisher::boxed`].
pub type BoxPublisher<E> = Box<dyn Publisher<Endpoint = E> + Send + Sync>;

/// Whoever is told that a publisher's set has changed.
pub trait Observer: Send + Sync {
    /// Called after the swap, on the writer's thread, with no lock held.
    fn changed(&self);
}

/// The observers of one publisher; for those who write a publisher.
#[derive(Default)]
pub struct Observers(Mutex<Vec<Weak<dyn Observer>>>);

impl Observers {
    /// Nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one. It is forgotten once it is dropped.
    pub fn subscribe(&self, observer: Weak<dyn Observer>) {
        remember(&mut lock(&self.0), observer);
    }

    /// Tells them all, with no lock held. An observer that panics is logged, and the others are told all the same.
    pub fn notify(&self) {
        let living: Vec<Arc<dyn Observer>> = {
            let mut observers = lock(&self.0);
            observers.retain(|observer| observer.strong_count() > 0);
            observers.iter().filter_map(Weak::upgrade).collect()
        };
        for observer in living {
            // Moved in: this may be the last hold on it, and its destructor may panic too.
            run_caught("an observer", move || observer.changed());
        }
    }
}

impl std::fmt::Debug for Observers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Observers").finish_non_exhaustive()
    }
}

macro_rules! forward_publisher {
    ($($pointer:ty),*) => {$(
        impl<P: Publisher + ?Sized> Publisher for $pointer {
            type Endpoint = P::Endpoint;

            fn endpoints(&self) -> Result<Endpoints<Self::Endpoint>, Error> {
                (**self).endpoints()
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

forward_publisher!(&P, Box<P>, Arc<P>);
