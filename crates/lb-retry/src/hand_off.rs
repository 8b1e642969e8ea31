use std::sync::Arc;

use lb_core::EndpointId;

use crate::held_threads::HeldThreads;
use crate::sync::{AtomicBool, Ordering};

/// Whether an attempt's result is still wanted: agreed once between the worker that makes it and the caller that waits.
///
/// Whoever speaks first decides. The caller counts the worker's thread as held *before* it speaks, and the worker uncounts
/// it when it is through with the attempt: the count never falls below the number of threads that are really held.
///
/// That is why `settled` is swapped with `AcqRel`: a worker that finds its attempt abandoned finds its thread counted too.
pub(crate) struct HandOff {
    settled: AtomicBool,
    endpoint: EndpointId,
    held_threads: Arc<HeldThreads>,
}

impl HandOff {
    pub(crate) fn new(endpoint: EndpointId, held_threads: Arc<HeldThreads>) -> Self {
        Self { settled: AtomicBool::new(false), endpoint, held_threads }
    }

    /// The worker has the result. True: the caller waits for it. False: nobody does, and [`release`](Self::release) is due.
    pub(crate) fn finish(&self) -> bool {
        !self.settled.swap(true, Ordering::AcqRel)
    }

    /// The caller stops waiting. False: it is too late for that, the result is there or about to be.
    pub(crate) fn abandon(&self, address: &str) -> bool {
        self.held_threads.hold(self.endpoint, address);
        let first = !self.settled.swap(true, Ordering::AcqRel);
        if !first {
            self.release();
        }
        first
    }

    /// The worker is through with an abandoned attempt.
    pub(crate) fn release(&self) {
        self.held_threads.release(self.endpoint);
    }
}
