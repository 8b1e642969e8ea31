use std::cell::Cell;
use std::sync::atomic::Ordering;

use crossbeam_utils::CachePadded;

use crate::split_mix::{STEP, mix, nth};
use crate::sync::AtomicU64;

/// Where the random numbers of a strategy come from.
#[derive(Debug)]
pub(crate) enum Numbers {
    /// The state of one generator, which all threads advance.
    Seeded(CachePadded<AtomicU64>),
    /// A generator for each thread, seeded by the operating system.
    PerThread,
}

impl Numbers {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self::Seeded(CachePadded::new(AtomicU64::new(seed)))
    }

    #[inline]
    pub(crate) fn next(&self) -> u64 {
        match self {
            Self::Seeded(state) => nth(state.fetch_add(STEP, Ordering::Relaxed), 1),
            Self::PerThread => next_of_thread(),
        }
    }
}

#[inline]
fn next_of_thread() -> u64 {
    thread_local! {
        // 0: not seeded yet. A state that comes by 0 again, once in 2⁶⁴ numbers, is seeded anew.
        static STATE: Cell<u64> = const { Cell::new(0) };
    }
    STATE.with(|state| {
        let mut current = state.get();
        if current == 0 {
            current = seed();
        }
        let next = current.wrapping_add(STEP);
        state.set(next);
        mix(next)
    })
}

#[cold]
fn seed() -> u64 {
    rand::random()
}
