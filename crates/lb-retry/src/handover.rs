use std::sync::Arc;

use crate::sync::{AtomicBool, AtomicUsize, Ordering};

/// Whether an attempt's result is still wanted: agreed once between the worker that makes it and the caller that waits.
///
/// Whoever speaks first decides. The caller counts the attempt as abandoned *before* it speaks, and the worker uncounts
/// it when it is through with it, so that the count never falls below the number of threads that are really held.
pub(crate) struct Handover {
    settled: AtomicBool,
    abandoned: Arc<AtomicUsize>,
}

impl Handover {
    pub(crate) fn new(abandoned: Arc<AtomicUsize>) -> Self {
        Self { settled: AtomicBool::new(false), abandoned }
    }

    /// The worker has the result. True: the caller waits for it. False: nobody does, and [`release`](Self::release) is due.
    pub(crate) fn finish(&self) -> bool {
        !self.settled.swap(true, Ordering::AcqRel)
    }

    /// The caller stops waiting. False: it is too late for that, the result is there or about to be.
    pub(crate) fn abandon(&self) -> bool {
        self.abandoned.fetch_add(1, Ordering::AcqRel);
        let first = !self.settled.swap(true, Ordering::AcqRel);
        if !first {
            self.release();
        }
        first
    }

    /// The worker is through with an abandoned attempt.
    pub(crate) fn release(&self) {
        self.abandoned.fetch_sub(1, Ordering::AcqRel);
    }
}
