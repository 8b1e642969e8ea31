//! Why two threads that pick the same endpoint do not fight for its reference count.
//!
//! In a small set every endpoint is picked all the time, and threads that count references on one cache line wait for
//! each other: it is most of the cost of a pick. So a small set has its members several times over, a *lane* for each of
//! some threads. In a large set two threads seldom meet, and it is the memory that counts.

use std::cell::Cell;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The largest set that has more than one lane.
const SMALL: usize = 128;

/// The most lanes: with more threads than that in the same nanoseconds, some share.
const MOST: usize = 8;

/// How many lanes a set of `len` members has: a power of two, about one for each core.
pub(crate) fn of_set(len: usize) -> usize {
    static OF_SMALL: LazyLock<usize> = LazyLock::new(|| {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        cores.next_power_of_two().min(MOST)
    });
    if len <= SMALL { *OF_SMALL } else { 1 }
}

/// The lane of this thread among `lanes`, a power of two. Threads take them in turn.
#[inline]
pub(crate) fn of_thread(lanes: usize) -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: Cell<usize> = const { Cell::new(usize::MAX) };
    }
    let own = OWN.with(|own| {
        if own.get() == usize::MAX {
            own.set(NEXT.fetch_add(1, Ordering::Relaxed) % MOST);
        }
        own.get()
    });
    own & (lanes - 1)
}
