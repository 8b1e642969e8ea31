use std::cell::Cell;
use std::sync::atomic::{self, Ordering};

use crate::sync::{AtomicU64, AtomicUsize, Padded, per_thread};

/// How many counters a [`ShardedTurns`] has.
const SHARDS: usize = 16;

/// How many of them belong to one thread each, which counts without an atomic add. Later threads share the rest.
const OWNED: usize = 8;

/// How many balancers a thread remembers its shard of.
const REMEMBERED: usize = 8;

/// Whose turn it is, with several counters.
///
/// A thread that comes for the first time is given the next shard, and shard *k* starts *k* places further on: threads
/// that pick once each reach as many endpoints as there are. The first 8 threads own theirs for good; those after them
/// share the other 8. A counter has cache lines of its own, so that threads on different shards never wait for each
/// other.
#[derive(Debug)]
pub(crate) struct ShardedTurns {
    /// Unique in the process; a thread remembers its shard by it.
    id: u64,
    newcomers: Padded<AtomicUsize>,
    /// The thread that took each shard last: whoever has forgotten its shard finds it here.
    holders: Padded<[AtomicU64; SHARDS]>,
    shards: Box<[Padded<AtomicUsize>; SHARDS]>,
}

impl ShardedTurns {
    pub(crate) fn starting_at(start: u16) -> Self {
        static NEXT_ID: atomic::AtomicU64 = atomic::AtomicU64::new(1);
        let shard = |k| Padded(AtomicUsize::new(usize::from(start) + k));
        Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            newcomers: Padded(AtomicUsize::new(0)),
            holders: Padded(std::array::from_fn(|_| AtomicU64::new(0))),
            shards: Box::new(std::array::from_fn(shard)),
        }
    }

    /// The next turn among `len`, which is not 0.
    #[inline]
    pub(crate) fn next(&self, len: usize) -> usize {
        let shard = self.shard_of_thread();
        let count = &self.shards[shard % SHARDS].0;
        let turn = if shard < OWNED {
            // No other thread ever writes it.
            let turn = count.load(Ordering::Relaxed);
            count.store(turn.wrapping_add(1), Ordering::Relaxed);
            turn
        } else {
            count.fetch_add(1, Ordering::Relaxed)
        };
        turn % len
    }

    /// This thread's shard, always the same one: a thread alone gets the strict sequence. One that picks from more
    /// balancers than it remembers looks it up now and then.
    #[inline]
    fn shard_of_thread(&self) -> usize {
        per_thread! {
            static OWN: [Cell<(u64, usize)>; REMEMBERED] = const { [const { Cell::new((0, 0)) }; REMEMBERED] };
        }
        OWN.with(|own| {
            #[expect(clippy::cast_possible_truncation, reason = "reduced to an index")]
            let place = &own[self.id as usize % REMEMBERED];
            let (id, shard) = place.get();
            if id == self.id {
                return shard;
            }
            let shard = self.find_or_take_shard();
            place.set((self.id, shard));
            shard
        })
    }

    #[cold]
    fn find_or_take_shard(&self) -> usize {
        let thread = number_of_thread();
        let held = self.holders.0.iter().position(|holder| holder.load(Ordering::Relaxed) == thread);
        held.unwrap_or_else(|| {
            let newcomer = self.newcomers.0.fetch_add(1, Ordering::Relaxed);
            let shard =
                if newcomer < OWNED { newcomer } else { OWNED + (newcomer - OWNED) % (SHARDS - OWNED) };
            self.holders.0[shard].store(thread, Ordering::Relaxed);
            shard
        })
    }
}

/// This thread's number, from 1 on; never reused.
fn number_of_thread() -> u64 {
    static NEXT: atomic::AtomicU64 = atomic::AtomicU64::new(1);
    per_thread! {
        static OWN: Cell<u64> = const { Cell::new(0) };
    }
    OWN.with(|own| {
        if own.get() == 0 {
            own.set(NEXT.fetch_add(1, Ordering::Relaxed));
        }
        own.get()
    })
}

/// Whose turn it is, by one counter: the exact sequence, whichever threads ask.
#[derive(Debug)]
pub(crate) struct StrictTurns {
    offset: usize,
    count: Padded<AtomicUsize>,
}

impl StrictTurns {
    pub(crate) fn starting_at(offset: usize) -> Self {
        Self { offset, count: Padded(AtomicUsize::new(0)) }
    }

    /// The next turn among `len`, which is not 0.
    #[inline]
    pub(crate) fn next(&self, len: usize) -> usize {
        let count = self.count.0.fetch_add(1, Ordering::Relaxed);
        // Reduced one by one: their sum may not fit, and the sequence must not jump where it wraps.
        let turn = self.offset % len + count % len;
        if turn < len { turn } else { turn - len }
    }
}
