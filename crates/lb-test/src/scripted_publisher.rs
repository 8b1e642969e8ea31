use std::fmt;
use std::sync::{Mutex, Weak};

use lb_core::{EndpointCell, EndpointSet, Endpoints, Error, Instance, Observer, Observers, Publisher};

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
    cell: EndpointCell<E>,
    /// What it fails with instead.
    error: Mutex<Option<Error>>,
    /// `None`: it cannot tell.
    observers: Option<Observers>,
}

impl<E> ScriptedPublisher<E> {
    /// Yields these members and tells its observers when it is told otherwise.
    pub fn new<I: Into<Instance>>(members: impl IntoIterator<Item = (I, E)>) -> Self {
        Self::with_observers(members, Some(Observers::new()))
    }

    /// Yields these members and says that it cannot tell: whoever derives something must look at every pick.
    pub fn silent<I: Into<Instance>>(members: impl IntoIterator<Item = (I, E)>) -> Self {
        Self::with_observers(members, None)
    }

    fn with_observers<I: Into<Instance>>(
        members: impl IntoIterator<Item = (I, E)>,
        observers: Option<Observers>,
    ) -> Self {
        Self { cell: EndpointCell::new(set_of(members)), error: Mutex::new(None), observers }
    }

    /// From now on yields a new set of these members.
    pub fn set<I: Into<Instance>>(&self, members: impl IntoIterator<Item = (I, E)>) {
        self.set_endpoints(set_of(members));
    }

    /// From now on yields this set, id and all: with [`EndpointSet::select`] endpoints survive.
    pub fn set_endpoints(&self, set: EndpointSet<E>) {
        self.replace(set, None);
    }

    /// From now on fails.
    pub fn fail(&self, error: Error) {
        self.replace(EndpointSet::new([]), Some(error));
    }

    fn replace(&self, set: EndpointSet<E>, error: Option<Error>) {
        let previous = {
            let mut current = lock(&self.error);
            *current = error;
            self.cell.replace(set)
        };
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
        let error = lock(&self.error);
        match &*error {
            Some(error) => Err(error.clone()),
            None => Ok(self.cell.load()),
        }
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
            .field("cell", &self.cell)
            .field("error", &*lock(&self.error))
            .field("notifies", &self.observers.is_some())
            .finish()
    }
}

fn set_of<E, I: Into<Instance>>(members: impl IntoIterator<Item = (I, E)>) -> EndpointSet<E> {
    EndpointSet::new(members.into_iter().map(|(instance, endpoint)| (instance.into(), endpoint)))
}
