use std::cell::Cell;
use std::sync::atomic::{self, Ordering};

use crossbeam_utils::CachePadded;

use crate::sync::{AtomicU64, AtomicUsize, per_thread};

/// Whose turn it is.
#[derive(Debug)]
pub(crate) enum Turns {
    Sharded(ShardedTurns),
    Strict(StrictTurns),
}

impl Turns {
    /// From a random place, with a counter for each of up to 16 threads.
    pub(crate) fn sharded() -> Self {
        Self::Sharded(ShardedTurns::starting_at(rand::random()))
    }

    /// From `offset`, with one counter for all threads.
    pub(crate) fn strict(offset: usize) -> Self {
        Self::Strict(StrictTurns::starting_at(offset))
    }

    /// The next turn among `len`, which is not 0.
    #[inline]
    pub(crate) fn next(&self, len: usize) -> usize {
        match self {
            Self::Sharded(turns) => turns.next(len),
            Self::Strict(turns) => turns.next(len),
        }
    }
}

/// How many counters a [`ShardedTurns`] has.
const SHARDS: usize = 16;

/// How many of them belong to one thread each, which counts without an atomic add. Later threads share the rest.
const OWNED: usize = 8;

/// How many balancers a thread remembers its shard of.
const REMEMBERED: usize = 8;

/// How many turns a thread takes in strict sequence at least.
const RUN: usize = 256;

/// Whose turn it is, with several counters.
///
/// A thread that comes for the first time is given the next shard. Shards start spread over the set, each newcomer as far
/// from those before it as can be: threads that pick once each reach as many endpoints as there are, and any few picks in
/// a row are of different endpoints. The first 8 threads own their shard for good; those after them share the other 8. A
/// counter has cache lines of its own, so that threads on different shards never wait for each other.
///
/// A program that picks twice for each request, from an even number of endpoints, would give all second calls to one half
/// of them. So each shard skips one place now and then: after 256 turns at least, and between two rounds, so that each
/// round has each endpoint once.
#[derive(Debug)]
pub(crate) struct ShardedTurns {
    /// Unique in the process; a thread remembers its shard by it.
    id: u64,
    newcomers: CachePadded<AtomicUsize>,
    /// The thread that took each shard last: whoever has forgotten its shard finds it here.
    holders: CachePadded<[AtomicU64; SHARDS]>,
    shards: Box<[CachePadded<Shard>; SHARDS]>,
}

#[derive(Debug)]
struct Shard {
    count: AtomicUsize,
    /// The turn at which the strict sequence began that goes on now; of a shared shard, the first of all. Its owner's
    /// alone, as is the next.
    began: AtomicUsize,
    /// The turn at which it is looked at again: whether a round is over, so that it may end.
    ends: AtomicUsize,
}

impl ShardedTurns {
    pub(crate) fn starting_at(start: u16) -> Self {
        static NEXT_ID: atomic::AtomicU64 = atomic::AtomicU64::new(1);
        let start = usize::from(start);
        let shard = |_| {
            let (count, began, ends) = (start.into(), start.into(), (start + RUN).into());
            CachePadded::new(Shard { count, began, ends })
        };
        Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            newcomers: CachePadded::new(AtomicUsize::new(0)),
            holders: CachePadded::new(std::array::from_fn(|_| AtomicU64::new(0))),
            shards: Box::new(std::array::from_fn(shard)),
        }
    }

    /// The next turn among `len`, which is not 0.
    #[inline]
    pub(crate) fn next(&self, len: usize) -> usize {
        let number = self.shard_of_thread() % SHARDS;
        let shard = &self.shards[number];
        let turn = if number < OWNED { shard.next_of_owner(len) } else { shard.next_of_sharer(len) };
        turn.wrapping_add(start_of(number, len)) % len
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
        let held = self.holders.iter().position(|holder| holder.load(Ordering::Relaxed) == thread);
        held.unwrap_or_else(|| {
            let newcomer = self.newcomers.fetch_add(1, Ordering::Relaxed);
            let shard =
                if newcomer < OWNED { newcomer } else { OWNED + (newcomer - OWNED) % (SHARDS - OWNED) };
            self.holders[shard].store(thread, Ordering::Relaxed);
            shard
        })
    }
}

impl Shard {
    /// No other thread ever writes it: loads and stores are enough.
    #[inline]
    fn next_of_owner(&self, len: usize) -> usize {
        let turn = self.count.load(Ordering::Relaxed);
        let turn = if turn == self.ends.load(Ordering::Relaxed) { self.end_run(turn, len) } else { turn };
        self.count.store(turn.wrapping_add(1), Ordering::Relaxed);
        turn
    }

    /// Several threads may count here: where its owner would skip follows from the count alone. So all shards skip after
    /// equally many turns, and threads at one rate keep their distance.
    #[inline]
    fn next_of_sharer(&self, len: usize) -> usize {
        let turn = self.count.fetch_add(1, Ordering::Relaxed);
        let taken = turn.wrapping_sub(self.began.load(Ordering::Relaxed));
        turn.wrapping_add(taken / RUN.next_multiple_of(len))
    }

    /// Skips a place between two rounds; within a round, has the run go on to its end.
    #[cold]
    fn end_run(&self, turn: usize, len: usize) -> usize {
        let into_round = turn.wrapping_sub(self.began.load(Ordering::Relaxed)) % len;
        if into_round > 0 {
            self.ends.store(turn.wrapping_add(len - into_round), Ordering::Relaxed);
            return turn;
        }
        let turn = turn.wrapping_add(1);
        self.began.store(turn, Ordering::Relaxed);
        self.ends.store(turn.wrapping_add(RUN.next_multiple_of(len)), Ordering::Relaxed);
        turn
    }
}

/// Where a shard starts among `len`. Few endpoints: each newcomer at the next. Else as the van der Corput sequence goes,
/// which halves the widest gap: at 0, 1/2, 1/4, 3/4, 1/8 and so on.
#[inline]
fn start_of(number: usize, len: usize) -> usize {
    const PLACES: [usize; SHARDS] = [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15];
    if len <= SHARDS { number } else { PLACES[number] * len / SHARDS }
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
    count: CachePadded<AtomicUsize>,
}

impl StrictTurns {
    pub(crate) fn starting_at(offset: usize) -> Self {
        Self { offset, count: CachePadded::new(AtomicUsize::new(0)) }
    }

    /// The next turn among `len`, which is not 0.
    #[inline]
    pub(crate) fn next(&self, len: usize) -> usize {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        // Reduced one by one: their sum may not fit, and the sequence must not jump where it wraps.
        let turn = self.offset % len + count % len;
        if turn < len { turn } else { turn - len }
    }
}
