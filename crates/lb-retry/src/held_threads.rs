use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lb_core::{EndpointId, Tried};

use crate::sync::{AtomicUsize, Ordering};

/// How many abandoned attempts an endpoint may hold a thread with before it is avoided.
const MAX_OF_ONE: usize = 8;

/// The threads that abandoned attempts still hold, counted beside their endpoint.
///
/// An endpoint that holds more than 8 is avoided as if it had been tried: one that hangs does not use up the threads of
/// all.
#[derive(Debug, Default)]
pub(crate) struct HeldThreads {
    by_endpoint: Mutex<HashMap<EndpointId, Held>>,
    /// How many endpoints are to be avoided.
    crowded: AtomicUsize,
}

#[derive(Debug)]
struct Held {
    address: Arc<str>,
    threads: usize,
}

impl HeldThreads {
    /// The endpoints to avoid. Cost while there are none, which is nearly always: one load.
    #[inline]
    pub(crate) fn crowded(&self) -> Option<Tried> {
        // Relaxed: an endpoint that is avoided a moment too late or too long harms nobody.
        if self.crowded.load(Ordering::Relaxed) == 0 { None } else { Some(self.those_to_avoid()) }
    }

    #[cold]
    fn those_to_avoid(&self) -> Tried {
        let mut avoided = Tried::new();
        for (id, held) in &*self.lock() {
            if held.threads > MAX_OF_ONE {
                avoided.insert(*id);
            }
        }
        avoided
    }

    /// Before an attempt is abandoned: the count never falls below the threads that are really held.
    pub(crate) fn hold(&self, id: EndpointId, address: &Arc<str>) {
        let mut by_endpoint = self.lock();
        let held = by_endpoint.entry(id).or_insert_with(|| Held { address: Arc::clone(address), threads: 0 });
        held.threads += 1;
        if held.threads == MAX_OF_ONE + 1 {
            self.crowded.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The attempt has returned, or was not abandoned after all.
    pub(crate) fn release(&self, id: EndpointId) {
        let mut by_endpoint = self.lock();
        let Some(held) = by_endpoint.get_mut(&id) else { return };
        held.threads -= 1;
        if held.threads == MAX_OF_ONE {
            self.crowded.fetch_sub(1, Ordering::Relaxed);
        }
        if held.threads == 0 {
            by_endpoint.remove(&id);
        }
    }

    /// Each address with the threads that it holds, the most first.
    pub(crate) fn holders(&self) -> Vec<(Arc<str>, usize)> {
        let mut holders: Vec<_> =
            self.lock().values().map(|held| (Arc::clone(&held.address), held.threads)).collect();
        holders.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        holders
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<EndpointId, Held>> {
        self.by_endpoint.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
