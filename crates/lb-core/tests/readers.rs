//! `EndpointCache` under readers and writers at once: whole sets, and whose thread runs the user's code.
//!
//! How slow the slowest pick may be while a writer replaces is for the benches.

#[path = "support/watch.rs"]
mod watch;

use std::cell::Cell;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::unbounded;
use lb_core::{EndpointCache, EndpointSet, Instance, Publisher};
use lb_test::CountingFactory;
use watch::watch;

const MEMBERS: usize = 8;
const ROUNDS: usize = 400;

/// What a writer publishes in one round: as many new members as ever, and one that stays.
fn generation(writer: usize, round: usize) -> Vec<String> {
    let new = (0..MEMBERS).map(|n| format!("{writer}-{round:03}-{n}"));
    new.chain(["stays".to_owned()]).collect()
}

/// Every member of one generation is there, in order, and none of another.
fn assert_whole<E>(set: &EndpointSet<E>) {
    let addresses: Vec<_> = set.instances().map(Instance::address).collect();
    assert!(addresses.is_sorted(), "{addresses:?}");
    assert_eq!(addresses.len(), MEMBERS + 1, "{addresses:?}");
    assert_eq!(addresses[MEMBERS], "stays");
    let (of, _) = addresses[0].rsplit_once('-').unwrap();
    assert!(addresses[..MEMBERS].iter().all(|address| address.starts_with(of)), "{addresses:?}");
}

/// Runs `reader` on two threads again and again, while two others replace the set of `cache`.
fn while_replacing<E: Send + Sync>(cache: &EndpointCache<E>, reader: impl Fn(&mut usize) + Sync) {
    let done = AtomicBool::new(false);
    cache.replace(generation(0, 0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut turn = 0;
                while !done.load(Ordering::Relaxed) {
                    reader(&mut turn);
                }
            });
        }
        let writers = [0, 1].map(|writer| {
            scope.spawn(move || (1..=ROUNDS).for_each(|round| cache.replace(generation(writer, round))))
        });
        for writer in writers {
            writer.join().unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn readers_see_the_old_set_or_the_new_one_each_whole_and_ordered() {
    let cache = EndpointCache::new(CountingFactory::new());
    while_replacing(&cache, |_| assert_whole(&cache.endpoints().unwrap()));
}

#[test]
fn made_is_live_and_draining_and_dropped_after_readers_have_held_picks_across_replaces() {
    let factory = CountingFactory::new();
    let cache = EndpointCache::new(factory.clone());
    let held = Mutex::new(Vec::new());
    while_replacing(&cache, |turn| {
        let set = cache.endpoints().unwrap();
        let pick = set.pick(*turn % set.len()).unwrap();
        assert_eq!(pick.address(), pick.instance().address());
        *turn += 1;
        if *turn % 1024 == 0 {
            held.lock().unwrap().push(pick);
        }
    });
    let held = held.into_inner().unwrap();
    factory.assert_balance(&cache.endpoints().unwrap(), &held);
    drop(held);
    assert_eq!(factory.alive(), MEMBERS + 1);
    assert_eq!(factory.made_for("stays"), 1, "it was left untouched all the time");
    drop(cache);
    assert_eq!(factory.alive(), 0);
}

thread_local! {
    static DESTRUCTORS: Cell<usize> = const { Cell::new(0) };
}

/// Counts its destructor on the thread that runs it.
struct Counting;

impl Drop for Counting {
    fn drop(&mut self) {
        DESTRUCTORS.set(DESTRUCTORS.get() + 1);
    }
}

#[expect(clippy::disallowed_methods, reason = "tells a reader that lost its core from one that did not")]
fn now() -> Instant {
    Instant::now()
}

/// A writer waits 5 ms for a reader in the middle of a look. One that lost its core for longer may find itself the last.
const LOST_ITS_CORE: Duration = Duration::from_millis(4);

#[test]
fn no_destructor_runs_on_a_reader_in_the_middle_of_a_look_the_writer_frees_the_old_set() {
    let cache = EndpointCache::new(|_: &Instance| Ok::<_, String>(Counting));
    let (swapped, has_swapped) = unbounded();
    let _watch = watch(&cache, move || swapped.send(now()).unwrap());
    let (looks, is_looking) = unbounded();
    thread::scope(|scope| {
        let cache = &cache;
        scope.spawn(move || {
            for _ in 0..ROUNDS {
                let view = cache.endpoints().unwrap();
                looks.send(()).unwrap();
                let since: Instant = has_swapped.recv().unwrap();
                drop(view);
                let ran = DESTRUCTORS.take();
                assert!(ran == 0 || since.elapsed() > LOST_ITS_CORE, "{ran} destructors ran on the reader");
            }
        });
        for round in 0..ROUNDS {
            is_looking.recv().unwrap();
            cache.replace(generation(0, round));
        }
    });
}

#[test]
fn no_factory_runs_on_a_reader() {
    let threads = Arc::new(Mutex::new(HashSet::new()));
    let cache = EndpointCache::new({
        let threads = threads.clone();
        move |_: &Instance| {
            threads.lock().unwrap().insert(thread::current().id());
            Ok::<_, String>(())
        }
    });
    let readers = Mutex::new(HashSet::new());
    while_replacing(&cache, |turn| {
        if *turn == 0 {
            readers.lock().unwrap().insert(thread::current().id());
        }
        *turn += 1;
        assert_whole(&cache.endpoints().unwrap());
    });
    assert_eq!(threads.lock().unwrap().len(), 3, "the first set's and the two writers'");
    assert!(threads.lock().unwrap().is_disjoint(&readers.lock().unwrap()));
}

#[test]
fn readers_never_wait_for_a_factory() {
    let (entered, has_entered) = crossbeam_channel::bounded(0);
    let (leave, may_leave) = crossbeam_channel::bounded::<()>(0);
    let cache = EndpointCache::new(move |instance: &Instance| {
        if instance.address() == "slow" {
            entered.send(()).unwrap();
            may_leave.recv().unwrap();
        }
        Ok::<_, String>(())
    });
    cache.replace(["quick"]);
    thread::scope(|scope| {
        let writer = scope.spawn(|| cache.replace(["slow"]));
        has_entered.recv().unwrap();
        let set = cache.endpoints().unwrap();
        assert_eq!(set.instance(0).map(Instance::address), Some("quick"));
        drop(set);
        leave.send(()).unwrap();
        writer.join().unwrap();
    });
    assert_eq!(cache.endpoints().unwrap().instance(0).map(Instance::address), Some("slow"));
}
