use std::any::{Any, TypeId};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use arc_swap::ArcSwapOption;

use crate::Instance;

/// Names one kind of state that endpoints carry: for each endpoint one `T`, made when it is first asked for by
/// [`EndpointSet::states`](crate::EndpointSet::states).
///
/// The state lives beside the endpoint: it survives every update in which the endpoint survives, and follows it into
/// filtered sets. Clones name the same kind. Once all clones of a key are dropped, its states are forgotten when the
/// endpoint next gets one of another kind.
///
/// ```
/// use std::sync::Arc;
///
/// use lb_core::{EndpointSet, Instance, StateKey};
///
/// let key = StateKey::new(|instance: &Instance| instance.address().len());
/// let set = EndpointSet::new([(Instance::new("a:80"), ()), (Instance::new("b:8080"), ())]);
/// assert_eq!(*set.states(&key)[1], 6);
/// assert!(Arc::ptr_eq(&set.states(&key)[1], &set.select([1]).states(&key)[0]));
/// ```
pub struct StateKey<T>(Arc<Kind<T>>);

struct Kind<T> {
    id: KindId,
    make: Box<dyn Fn(&Instance) -> T + Send + Sync>,
    /// Alive as long as this is.
    alive: Arc<()>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum KindId {
    Own(u64),
    Shared(TypeId),
}

impl<T: Send + Sync + 'static> StateKey<T> {
    /// A kind of its own: whoever has a clone of this key shares the states.
    pub fn new(make: impl Fn(&Instance) -> T + Send + Sync + 'static) -> Self {
        // Relaxed: only unique.
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self::of(KindId::Own(NEXT.fetch_add(1, Ordering::Relaxed)), make)
    }

    /// The one kind of states of this type in the process: for what is true whoever looks, such as the number of requests
    /// in flight.
    pub fn shared() -> Self
    where
        T: Default,
    {
        Self::of(KindId::Shared(TypeId::of::<T>()), |_| T::default())
    }

    fn of(id: KindId, make: impl Fn(&Instance) -> T + Send + Sync + 'static) -> Self {
        Self(Arc::new(Kind { id, make: Box::new(make), alive: Arc::new(()) }))
    }
}

impl<T> Clone for StateKey<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for StateKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StateKey").field("of", &std::any::type_name::<T>()).finish_non_exhaustive()
    }
}

/// The states of one endpoint: a list that is never changed, but replaced. One word, since most endpoints have none.
pub(crate) struct States(ArcSwapOption<Vec<State>>);

#[derive(Clone)]
struct State {
    of: KindId,
    key: Weak<()>,
    value: Arc<dyn Any + Send + Sync>,
}

impl States {
    pub(crate) fn new() -> Self {
        Self(ArcSwapOption::empty())
    }

    /// The state of this kind; made if there is none.
    pub(crate) fn get<T: Send + Sync + 'static>(&self, key: &StateKey<T>, instance: &Instance) -> Arc<T> {
        if let Some(state) = self.find(key) {
            return state;
        }
        let made = Arc::new((key.0.make)(instance));
        // Of several who make one at once the first counts.
        let before = self.0.rcu(|states| match states {
            Some(known) if find_in(known, key).is_some() => Some(Arc::clone(known)),
            states => {
                let wanted = states.iter().flat_map(|states| states.iter()).filter(|state| state.is_wanted());
                let (of, alive) = (key.0.id, Arc::downgrade(&key.0.alive));
                let added = State { of, key: alive, value: made.clone() };
                Some(Arc::new(wanted.cloned().chain([added]).collect()))
            }
        });
        drop(before);
        self.find(key).unwrap_or(made)
    }

    fn find<T: Send + Sync + 'static>(&self, key: &StateKey<T>) -> Option<Arc<T>> {
        find_in(self.0.load().as_deref()?, key)
    }
}

impl State {
    fn is_wanted(&self) -> bool {
        matches!(self.of, KindId::Shared(_)) || self.key.strong_count() > 0
    }
}

fn find_in<T: Send + Sync + 'static>(states: &[State], key: &StateKey<T>) -> Option<Arc<T>> {
    let state = states.iter().find(|state| state.of == key.0.id)?;
    Arc::clone(&state.value).downcast().ok()
}
