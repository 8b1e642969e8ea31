use std::sync::Arc;

use crate::pick_observer::PickObservers;
use crate::state::States;
use crate::support::{caught, drop_caught, log_safely};
use crate::{EndpointId, Instance, LOG, PickObserver, StateKey};

/// One member of a set: an instance as it stands in that set, and its endpoint, which may outlive the set.
///
/// Aligned so that the reference counts of two members, which picks write, never share a cache line.
#[repr(align(64))]
pub(crate) struct Member<E> {
    instance: Instance,
    live: Arc<Live<E>>,
    observers: Option<Arc<PickObservers>>,
}

impl<E> Member<E> {
    pub(crate) fn new(instance: Instance, endpoint: E) -> Arc<Self> {
        let address = instance.shared_address();
        let live = Live { id: EndpointId::next(), address, states: States::new(), endpoint: Some(endpoint) };
        Arc::new(Self { instance, live: Arc::new(live), observers: None })
    }

    /// The same endpoint and observers under changed attributes.
    pub(crate) fn renewed(&self, instance: Instance) -> Arc<Self> {
        Arc::new(Self { instance, live: Arc::clone(&self.live), observers: self.observers.clone() })
    }

    /// The same with one observer more, unless that one observes already.
    pub(crate) fn observed_by(self: &Arc<Self>, observer: Arc<dyn PickObserver>) -> Arc<Self> {
        match PickObservers::joined(self.observers.as_ref(), observer) {
            None => Arc::clone(self),
            observers => {
                Arc::new(Self { instance: self.instance.clone(), live: Arc::clone(&self.live), observers })
            }
        }
    }

    /// The endpoint's state of this kind.
    pub(crate) fn state<T: Send + Sync + 'static>(&self, key: &StateKey<T>) -> Arc<T> {
        self.live.states.get(key, &self.instance)
    }

    #[inline]
    pub(crate) fn observers(&self) -> Option<&PickObservers> {
        self.observers.as_deref()
    }

    #[inline]
    pub(crate) fn instance(&self) -> &Instance {
        &self.instance
    }

    #[inline]
    pub(crate) fn id(&self) -> EndpointId {
        self.live.id
    }

    #[inline]
    pub(crate) fn endpoint(&self) -> &E {
        self.live.endpoint()
    }
}

impl<E> Drop for Member<E> {
    /// An observer's destructor that panics is logged: it must not reach whoever held the last pick.
    fn drop(&mut self) {
        if let Some(observers) = self.observers.take() {
            drop_caught("an observer of picks", observers);
        }
    }
}

/// An endpoint until its last member is gone, and what belongs to it.
struct Live<E> {
    id: EndpointId,
    address: Arc<str>,
    states: States,
    /// `Some` until it is dropped.
    endpoint: Option<E>,
}

impl<E> Live<E> {
    #[inline]
    fn endpoint(&self) -> &E {
        match &self.endpoint {
            Some(endpoint) => endpoint,
            None => unreachable!("the endpoint is taken by Drop alone"),
        }
    }
}

impl<E> Drop for Live<E> {
    /// A destructor that panics, the endpoint's or a state's, is logged: it must neither keep others from being dropped nor reach whoever held the
    /// last pick.
    fn drop(&mut self) {
        let endpoint = self.endpoint.take();
        if let Err(error) = caught("the endpoint's destructor", || drop(endpoint)) {
            let instance = &*self.address;
            log_safely(|| log::error!(target: LOG, instance, error:%; "{instance}: {error}"));
        }
        drop_caught("the state of an endpoint", std::mem::replace(&mut self.states, States::new()));
    }
}

#[cfg(test)]
mod tests {
    use super::Member;

    #[test]
    fn a_member_is_one_cache_line_whatever_its_endpoint() {
        assert_eq!(size_of::<Member<()>>(), 64);
        assert_eq!(size_of::<Member<[u64; 100]>>(), 64);
    }
}
