//! Every interleaving of what is written by hand: the cancellation tree, `Derived` and the observers it lives on, the wakes
//! of the housekeeper.
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release -p lb-core --test loom`
#![cfg(loom)]

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context as TaskContext, Wake, Waker};

use crossbeam_channel::TryRecvError;
use lb_core::{
    Cancelled, Chore, Clock, Context, Derived, EndpointCache, EndpointCell, EndpointSet, Endpoints, Error,
    Housekeeper, Instance, Observer, Observers, Publisher,
};
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;

/// Runs `cancel` on another thread beside `code`.
fn beside<T>(cancel: impl FnOnce() + 'static, code: impl FnOnce() -> T) -> T {
    let other = thread::spawn(cancel);
    let result = code();
    other.join().unwrap();
    result
}

#[test]
fn what_derives_while_its_ancestor_is_cancelled_is_cancelled() {
    loom::model(|| {
        let (root, canceller) = Context::background().with_cancel();
        let (child, grandchild) = beside(
            move || canceller.cancel(),
            || {
                let (child, _) = root.with_cancel();
                let (grandchild, _) = child.with_cancel();
                (child, grandchild)
            },
        );
        assert!(root.is_cancelled() && child.is_cancelled() && grandchild.is_cancelled());
    });
}

#[test]
fn a_cancelled_that_is_asked_for_while_the_context_is_cancelled_disconnects() {
    loom::model(|| {
        let (root, canceller) = Context::background().with_cancel();
        let (child, _keeps) = root.with_cancel();
        beside(
            move || canceller.cancel(),
            || {
                child.cancelled();
            },
        );
        assert_eq!(child.cancelled().try_recv(), Err(TryRecvError::Disconnected));
    });
}

#[test]
fn of_two_who_cancel_parent_and_child_at_once_both_are_done_and_siblings_follow_the_parent() {
    loom::model(|| {
        let (root, of_root) = Context::background().with_cancel();
        let (child, of_child) = root.with_cancel();
        let (sibling, _) = root.with_cancel();
        beside(move || of_root.cancel(), || of_child.cancel());
        assert!(root.is_cancelled() && child.is_cancelled() && sibling.is_cancelled());
    });
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

fn flag() -> (Arc<Flag>, Waker) {
    let flag = Arc::new(Flag(AtomicBool::new(false)));
    (flag.clone(), Waker::from(flag))
}

#[test]
fn a_task_that_found_no_cancellation_is_woken_by_it() {
    loom::model(|| {
        let (ctx, canceller) = Context::background().with_cancel();
        let (woken, waker) = flag();
        let mut future = ctx.on_cancelled();
        let poll = |future: &mut Cancelled| Pin::new(future).poll(&mut TaskContext::from_waker(&waker));
        let pending = beside(move || canceller.cancel(), || poll(&mut future).is_pending());
        assert_eq!(
            woken.0.load(Ordering::Acquire),
            pending,
            "woken where it was told to wait, and only there"
        );
        assert!(poll(&mut future).is_ready());
    });
}

#[test]
fn a_future_may_be_dropped_while_its_context_is_cancelled() {
    loom::model(|| {
        let (ctx, canceller) = Context::background().with_cancel();
        let (woken, waker) = flag();
        let mut futures = [ctx.on_cancelled(), ctx.on_cancelled()];
        for future in &mut futures {
            assert!(Pin::new(future).poll(&mut TaskContext::from_waker(&waker)).is_pending());
        }
        let [dropped, kept] = futures;
        beside(move || canceller.cancel(), || drop(dropped));
        assert!(woken.0.load(Ordering::Acquire));
        drop(kept);
    });
}

/// Yields one of its sets, and tells of each change.
struct Switch {
    sets: [EndpointCell<usize>; 3],
    current: AtomicUsize,
    observers: Observers,
}

impl Switch {
    fn new() -> Arc<Self> {
        let set = |n: usize| EndpointCell::new(EndpointSet::new([(Instance::new("a"), n)]));
        Arc::new(Self { sets: [0, 1, 2].map(set), current: AtomicUsize::new(0), observers: Observers::new() })
    }

    fn to(&self, index: usize) {
        self.current.store(index, Ordering::Release);
        self.observers.notify();
    }
}

impl Publisher for Switch {
    type Endpoint = usize;

    fn endpoints(&self) -> Result<Endpoints<usize>, Error> {
        Ok(self.sets[self.current.load(Ordering::Acquire)].load())
    }

    fn subscribe(&self, observer: Weak<dyn Observer>) -> bool {
        self.observers.subscribe(observer);
        true
    }
}

/// Which set it stands on.
fn number<P: Publisher<Endpoint = usize> + 'static>(publisher: P) -> Derived<P, usize> {
    Derived::new(publisher, |set, _| set.pick(0).map_or(usize::MAX, |pick| *pick))
}

#[test]
fn a_derived_that_is_made_while_the_set_changes_misses_no_change() {
    loom::model(|| {
        let switch = Switch::new();
        let other = switch.clone();
        let derived = beside(move || other.to(1), || number(switch));
        assert_eq!(*derived.load().unwrap(), 1);
    });
}

#[test]
fn after_changes_at_once_a_derived_stands_on_the_last_set() {
    loom::model(|| {
        let switch = Switch::new();
        let derived = number(switch.clone());
        let other = switch.clone();
        beside(move || other.to(1), || switch.to(2));
        assert_eq!(*derived.load().unwrap(), switch.current.load(Ordering::Acquire));
    });
}

#[test]
fn a_load_while_the_set_changes_yields_the_old_value_or_the_new_one() {
    loom::model(|| {
        let switch = Switch::new();
        let derived = number(switch.clone());
        let seen = beside(move || switch.to(1), || *derived.load().unwrap());
        assert!(seen < 2);
        assert_eq!(*derived.load().unwrap(), 1);
    });
}

#[test]
fn a_derived_may_be_dropped_while_the_set_changes() {
    loom::model(|| {
        let switch = Switch::new();
        let derived = number(switch.clone());
        let other = switch.clone();
        beside(move || other.to(1), || drop(derived));
        assert_eq!(Arc::strong_count(&switch), 1);
    });
}

#[test]
fn two_replaces_at_once_come_one_after_the_other_each_whole() {
    loom::model(|| {
        let cache = Arc::new(EndpointCache::new(|_: &Instance| Ok::<_, String>(())));
        let lengths = Derived::new(cache.clone(), |set, _| set.len());
        let other = cache.clone();
        beside(move || other.replace(["a", "b"]), || cache.replace(["a", "c", "d"]));
        let set = cache.endpoints().unwrap();
        let addresses: Vec<_> = set.instances().map(Instance::address).collect();
        assert!(addresses == ["a", "b"] || addresses == ["a", "c", "d"], "{addresses:?}");
        assert_eq!(*lengths.load().unwrap(), set.len());
    });
}

/// Looks at what was written for it.
struct Looks {
    written: Arc<AtomicUsize>,
    seen: AtomicUsize,
}

impl Looks {
    fn new(written: &Arc<AtomicUsize>) -> Arc<Self> {
        Arc::new(Self { written: written.clone(), seen: AtomicUsize::new(0) })
    }
}

impl Chore for Looks {
    fn run(&self, _: u64) -> Option<std::time::Duration> {
        self.seen.store(self.written.load(Ordering::Relaxed), Ordering::Relaxed);
        None
    }
}

#[test]
fn what_was_written_before_a_wake_is_seen_by_a_run_that_takes_it_or_by_one_after_it() {
    loom::model(|| {
        let (housekeeper, written) = (Housekeeper::scripted(Clock::manual()), Arc::new(AtomicUsize::new(0)));
        let looks = Looks::new(&written);
        // Woken already, since it was added: the wake beside may find the word of another.
        let waker = housekeeper.add(Arc::<Looks>::downgrade(&looks));
        let wake = move || {
            written.store(1, Ordering::Relaxed);
            waker.wake();
        };
        beside(wake, || housekeeper.run_due());
        housekeeper.run_due();
        assert_eq!(looks.seen.load(Ordering::Relaxed), 1, "the wake was lost");
    });
}

#[test]
fn of_two_wakes_at_once_beside_a_run_none_is_lost() {
    loom::model(|| {
        let (housekeeper, written) = (Housekeeper::scripted(Clock::manual()), Arc::new(AtomicUsize::new(0)));
        let looks = Looks::new(&written);
        let waker = housekeeper.add(Arc::<Looks>::downgrade(&looks));
        housekeeper.run_due();
        let wakes = [1, 2].map(|bit| {
            let (written, waker) = (written.clone(), waker.clone());
            thread::spawn(move || {
                written.fetch_or(bit, Ordering::Relaxed);
                waker.wake();
            })
        });
        housekeeper.run_due();
        for wake in wakes {
            wake.join().unwrap();
        }
        housekeeper.run_due();
        assert_eq!(looks.seen.load(Ordering::Relaxed), 3, "a wake was lost");
    });
}
