use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use lb_core::{EndpointId, Tried};

use crate::sync::{AtomicUsize, Mutex, MutexGuard, Ordering};

/// How many abandoned attempts an endpoint may hold a thread with before it is avoided.
const MAX_OF_ONE: usize = 8;

/// The threads that abandoned attempts still hold, counted beside their endpoint.
///
/// An endpoint that holds more than 8 is avoided as if it had been tried: one that hangs does not use up the threads of
/// all.
#[derive(Debug, Default)]
pub(crate) struct HeldThreads {
    by_endpoint: Mutex<HashMap<EndpointId, Held>>,
    /// Their sum: changed under the lock, read without it. A plain counter, whose readers may see it a moment late.
    total: AtomicUsize,
}

#[derive(Debug)]
struct Held {
    address: Arc<str>,
    threads: usize,
}

impl HeldThreads {
    pub(crate) fn total(&self) -> usize {
        self.total.load(Ordering::Relaxed)
    }

    /// The endpoints to avoid. Cost while few threads are held, which is nearly always: one load.
    #[inline]
    pub(crate) fn to_avoid(&self) -> Option<Tried> {
        if self.total() > MAX_OF_ONE { self.crowded() } else { None }
    }

    #[cold]
    fn crowded(&self) -> Option<Tried> {
        let mut crowded = Tried::new();
        for (id, held) in &*self.lock() {
            if held.threads > MAX_OF_ONE {
                crowded.insert(*id);
            }
        }
        (!crowded.is_empty()).then_some(crowded)
    }

    /// Before an attempt is abandoned.
    pub(crate) fn hold(&self, id: EndpointId, address: &str) {
        let mut by_endpoint = self.lock();
        let new = || Held { address: address.into(), threads: 0 };
        by_endpoint.entry(id).or_insert_with(new).threads += 1;
        self.total.fetch_add(1, Ordering::Relaxed);
    }

    /// The attempt has returned, or was not abandoned after all.
    pub(crate) fn release(&self, id: EndpointId) {
        let mut by_endpoint = self.lock();
        let Some(held) = by_endpoint.get_mut(&id) else { return };
        held.threads -= 1;
        if held.threads == 0 {
            by_endpoint.remove(&id);
        }
        self.total.fetch_sub(1, Ordering::Relaxed);
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
