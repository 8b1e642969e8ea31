use std::fmt;
use std::mem;
use std::sync::{Mutex, Weak};

use lb_core::{Endpoints, Error, Instance, Observer, Observers, Publisher};

use crate::lock::lock;

/// A publisher that a test drives: it yields what it was told last.
///
/// ```
/// use lb_core::{Error, Publisher};
/// use lb_test::ScriptedPublisher;
///
/// let publisher = ScriptedPublisher::new([("a:80", 'a'), ("b:80", 'b')]);
/// assert_eq!(publisher.endpoints()?.len(), 2);
/// publisher.fail(Error::NotReady);
/// assert!(matches!(publisher.endpoints(), Err(Error::NotReady)));
/// publisher.set([("c:80", 'c')]);
/// assert_eq!(publisher.endpoints()?.instance(0).unwrap().address(), "c:80");
/// # Ok::<_, Error>(())
/// ```
pub struct ScriptedPublisher<E> {
    current: Mutex<Result<Endpoints<E>, Error>>,
    /// `None`: it cannot tell.
    observers: Option<Observers>,
}

impl<E> ScriptedPublisher<E> {
    /// Yields these members and tells its observers when it is told otherwise.
    pub fn new<I: Into<Instance>>(members: impl IntoIterator<Item = (I, E)>) -> Self {
        Self { current: Mutex::new(Ok(endpoints(members))), observers: Some(Observers::new()) }
    }

    /// Yields these members and says that it cannot tell: whoever derives something must look at every pick.
    pub fn silent<I: Into<Instance>>(members: impl IntoIterator<Item = (I, E)>) -> Self {
        Self { current: Mutex::new(Ok(endpoints(members))), observers: None }
    }

    /// From now on yields a new set of these members.
    pub fn set<I: Into<Instance>>(&self, members: impl IntoIterator<Item = (I, E)>) {
        self.replace(Ok(endpoints(members)));
    }

    /// From now on yields this set, id and all: with [`Endpoints::select`] endpoints survive.
    pub fn set_endpoints(&self, endpoints: Endpoints<E>) {
        self.replace(Ok(endpoints));
    }

    /// From now on fails.
    pub fn fail(&self, error: Error) {
        self.replace(Err(error));
    }

    fn replace(&self, next: Result<Endpoints<E>, Error>) {
        let previous = mem::replace(&mut *lock(&self.current), next);
        if let Some(observers) = &self.observers {
            observers.notify();
        }
        // Last, and outside the lock: it may run destructors.
        drop(previous);
    }
}

impl<E: Send + Sync> Publisher for ScriptedPublisher<E> {
    type Endpoint = E;

    fn endpoints(&self) -> Result<Endpoints<E>, Error> {
        lock(&self.current).clone()
    }

    fn subscribe(&self, observer: Weak<dyn Observer>) -> bool {
        if let Some(observers) = &self.observers {
            observers.subscribe(observer);
        }
        self.observers.is_some()
    }
}

impl<E> fmt::Debug for ScriptedPublisher<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedPublisher")
            .field("current", &*lock(&self.current))
            .field("notifies", &self.observers.is_some())
            .finish()
    }
}

fn endpoints<E, I: Into<Instance>>(members: impl IntoIterator<Item = (I, E)>) -> Endpoints<E> {
    Endpoints::new(members.into_iter().map(|(instance, endpoint)| (instance.into(), endpoint)))
}
