use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use crate::support::{caught, drop_caught, lock, log_safely};
use crate::sync::Mutex;
use crate::{BoxError, Context, Factory, Instance, LOG};

/// A factory as publishers call it: its panics are caught, and a failure is logged once until its instance recovers.
///
/// For those who write a publisher, beside an [`EndpointWriter`](crate::EndpointWriter). Several threads may call it.
pub struct Maker<E> {
    factory: Box<dyn Factory<Endpoint = E>>,
    /// The instances whose last endpoint could not be made: each has had its warning.
    failing: Mutex<BTreeSet<Identity>>,
}

/// Address and host.
type Identity = (Arc<str>, Option<Arc<str>>);

impl<E> Maker<E> {
    /// Calls `factory`.
    pub fn new(factory: impl Factory<Endpoint = E> + 'static) -> Self {
        Self { factory: Box::new(factory), failing: Mutex::new(BTreeSet::new()) }
    }

    /// Makes the endpoint of `instance`; a failure is logged.
    ///
    /// # Errors
    ///
    /// What the factory failed or panicked with, as text; or that the instance has no address.
    pub fn make(&self, ctx: &Context, instance: &Instance) -> Result<E, BoxError> {
        let made = self.create(ctx, instance);
        match &made {
            Ok(_) => self.succeeded(instance),
            Err(error) => self.failed(instance, error),
        }
        made
    }

    /// Notes and logs a failure that happened outside of [`make`](Self::make): a time limit that was passed.
    pub fn failed(&self, instance: &Instance, error: &dyn fmt::Display) {
        if lock(&self.failing).insert(instance.identity()) {
            let address = instance.address();
            log_safely(|| {
                log::warn!(target: LOG, instance = address, error:%; "{address}: left out, no endpoint: {error}");
            });
        }
    }

    /// Whether the endpoint made from `old` serves `new` as well. A factory that panics has it made anew.
    pub fn reusable(&self, old: &Instance, new: &Instance) -> bool {
        caught("the factory's reusable()", || self.factory.reusable(old, new)).unwrap_or_else(|error| {
            let instance = new.address();
            log_safely(|| {
                log::warn!(target: LOG, instance, error:%; "{instance}: {error}; the endpoint is made anew");
            });
            false
        })
    }

    /// Forgets the failures of all but `instances`: what is no longer wanted, or recovered, is warned of anew.
    pub fn retain(&self, instances: &[Instance]) {
        let mut failing = lock(&self.failing);
        if failing.is_empty() {
            return;
        }
        let wanted: BTreeSet<Identity> = instances.iter().map(Instance::identity).collect();
        failing.retain(|identity| wanted.contains(identity));
    }

    fn create(&self, ctx: &Context, instance: &Instance) -> Result<E, BoxError> {
        if instance.address().is_empty() {
            return Err("the address of an instance must not be empty".into());
        }
        caught("the factory", || self.factory.create(ctx, instance))?.map_err(|error| {
            // Its `Display` and its destructor are the user's code too, and either may panic.
            let text = caught("the error of the factory", || error.to_string());
            drop_caught("the error of the factory", error);
            text.map_or_else(|panic| panic, BoxError::from)
        })
    }

    fn succeeded(&self, instance: &Instance) {
        let mut failing = lock(&self.failing);
        if failing.is_empty() || !failing.remove(&instance.identity()) {
            return;
        }
        drop(failing);
        let address = instance.address();
        log_safely(|| {
            log::info!(target: LOG, instance = address; "{address}: its endpoint could be made again");
        });
    }
}

impl<E> fmt::Debug for Maker<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Maker").finish_non_exhaustive()
    }
}
