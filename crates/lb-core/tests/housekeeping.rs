//! The housekeeper by hand: what is due when, and what becomes of chores that panic, end or are gone.

#[path = "support/logs.rs"]
mod logs;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;

use lb_core::{Chore, ChoreWaker, Clock, Derived, Housekeeper, Publisher};
use lb_test::ScriptedPublisher;

const SECOND: Duration = Duration::from_secs(1);

/// Writes down when it ran, in seconds, and asks for the next run as its script says; after that for none.
#[derive(Default)]
struct Scripted {
    ran: Mutex<Vec<u64>>,
    script: Mutex<VecDeque<Option<Duration>>>,
}

impl Scripted {
    fn new(script: impl IntoIterator<Item = Option<Duration>>) -> Arc<Self> {
        Arc::new(Self { ran: Mutex::default(), script: Mutex::new(script.into_iter().collect()) })
    }

    fn take_ran(&self) -> Vec<u64> {
        std::mem::take(&mut self.ran.lock().unwrap())
    }
}

impl Chore for Scripted {
    fn run(&self, now: u64) -> Option<Duration> {
        self.ran.lock().unwrap().push(now / 1_000_000_000);
        self.script.lock().unwrap().pop_front().flatten()
    }
}

fn weak<C: Chore + 'static>(chore: &Arc<C>) -> Weak<dyn Chore> {
    Arc::<C>::downgrade(chore)
}

fn housekeeper() -> (Housekeeper, Clock) {
    let clock = Clock::manual();
    (Housekeeper::scripted(clock.clone()), clock)
}

#[test]
fn a_chore_runs_when_it_is_added_and_after_that_when_it_asked_to() {
    let (housekeeper, clock) = housekeeper();
    let chore = Scripted::new([Some(SECOND), Some(3 * SECOND), None]);
    housekeeper.add(weak(&chore));
    assert_eq!(chore.take_ran(), [], "not on the thread that adds it");
    let mut ran = Vec::new();
    for _ in 0..10 {
        housekeeper.run_due();
        housekeeper.run_due();
        ran.extend(chore.take_ran());
        clock.advance(SECOND);
    }
    assert_eq!(ran, [0, 1, 4]);
}

#[test]
fn a_chore_that_is_late_runs_once() {
    let (housekeeper, clock) = housekeeper();
    let chore = Scripted::new([Some(SECOND), Some(SECOND)]);
    housekeeper.add(weak(&chore));
    housekeeper.run_due();
    clock.advance(10 * SECOND);
    housekeeper.run_due();
    assert_eq!(chore.take_ran(), [0, 10]);
    clock.advance(SECOND);
    housekeeper.run_due();
    assert_eq!(chore.take_ran(), [11], "a second after it ran, not after it was due");
}

#[test]
fn a_chore_that_asks_for_longer_than_time_lasts_waits_to_be_woken() {
    let (housekeeper, clock) = housekeeper();
    let chore = Scripted::new([Some(Duration::MAX)]);
    let waker = housekeeper.add(weak(&chore));
    housekeeper.run_due();
    clock.advance(1_000_000 * SECOND);
    housekeeper.run_due();
    assert_eq!(chore.take_ran(), [0]);
    waker.wake();
    housekeeper.run_due();
    assert_eq!(chore.take_ran(), [1_000_000]);
}

#[test]
fn a_chore_that_is_woken_runs_before_its_time_and_once_however_often_it_was_woken() {
    let (housekeeper, clock) = housekeeper();
    let chore = Scripted::new([Some(9 * SECOND), Some(2 * SECOND)]);
    let waker = housekeeper.add(weak(&chore));
    housekeeper.run_due();
    clock.advance(SECOND);
    for waker in [&waker, &waker.clone(), &waker] {
        waker.wake();
    }
    housekeeper.run_due();
    housekeeper.run_due();
    assert_eq!(chore.take_ran(), [0, 1]);
    let mut ran = Vec::new();
    for _ in 0..20 {
        clock.advance(SECOND);
        housekeeper.run_due();
        ran.extend(chore.take_ran());
    }
    assert_eq!(ran, [3], "what it asked for last counts, the 9 seconds of before do not");
}

#[test]
fn a_waker_wakes_its_own_chore_alone() {
    let (housekeeper, _clock) = housekeeper();
    let chores = [Scripted::new([]), Scripted::new([])];
    let wakers = chores.each_ref().map(|chore| housekeeper.add(weak(chore)));
    housekeeper.run_due();
    assert_eq!(chores.each_ref().map(|chore| chore.take_ran().len()), [1, 1]);
    wakers[1].wake();
    housekeeper.run_due();
    assert_eq!(chores.each_ref().map(|chore| chore.take_ran().len()), [0, 1]);
}

#[test]
fn a_chore_that_was_dropped_is_forgotten_and_its_waker_does_nothing() {
    let (housekeeper, clock) = housekeeper();
    let chore = Scripted::new([Some(SECOND)]);
    let waker = housekeeper.add(weak(&chore));
    housekeeper.run_due();
    let gone = Arc::downgrade(&chore);
    drop(chore);
    assert!(gone.upgrade().is_none(), "the housekeeper keeps no chore alive");
    clock.advance(SECOND);
    waker.wake();
    housekeeper.run_due();
    let chore = Scripted::new([]);
    housekeeper.add(weak(&chore));
    housekeeper.run_due();
    assert_eq!(chore.take_ran(), [1]);
    drop(housekeeper);
    waker.wake();
}

#[test]
fn a_chore_that_panics_is_logged_costs_the_others_nothing_and_runs_again_when_it_is_woken() {
    struct Panics(AtomicUsize);
    impl Chore for Panics {
        fn run(&self, _: u64) -> Option<Duration> {
            self.0.fetch_add(1, Ordering::Relaxed);
            panic!("undecided");
        }
    }
    let (housekeeper, clock) = housekeeper();
    let (panics, after) = (Arc::new(Panics(AtomicUsize::new(0))), Scripted::new([]));
    let waker = housekeeper.add(weak(&panics));
    housekeeper.add(weak(&after));
    let lines = logs::captured(|| housekeeper.run_due());
    let texts: Vec<_> = lines.iter().map(|line| (line.level, line.text.as_str())).collect();
    assert_eq!(texts, [(log::Level::Error, "a chore of a filter panicked: undecided")]);
    assert_eq!(after.take_ran(), [0]);
    clock.advance(SECOND);
    housekeeper.run_due();
    assert_eq!(panics.0.load(Ordering::Relaxed), 1);
    waker.wake();
    housekeeper.run_due();
    assert_eq!(panics.0.load(Ordering::Relaxed), 2);
}

/// Runs its closure with the waker of itself, once it has one.
struct WithWaker<F> {
    waker: OnceLock<ChoreWaker>,
    ran: AtomicUsize,
    does: F,
}

impl<F: Fn(&ChoreWaker, usize) + Send + Sync> Chore for WithWaker<F> {
    fn run(&self, _: u64) -> Option<Duration> {
        (self.does)(self.waker.get().unwrap(), self.ran.fetch_add(1, Ordering::Relaxed));
        None
    }
}

fn with_waker<F: Fn(&ChoreWaker, usize) + Send + Sync + 'static>(
    housekeeper: &Housekeeper,
    does: F,
) -> Arc<WithWaker<F>> {
    let chore = Arc::new(WithWaker { waker: OnceLock::new(), ran: AtomicUsize::new(0), does });
    chore.waker.set(housekeeper.add(weak(&chore))).unwrap();
    chore
}

#[test]
fn a_chore_that_is_woken_while_it_runs_runs_again() {
    let (housekeeper, _clock) = housekeeper();
    let chore = with_waker(&housekeeper, |waker, run| {
        if run < 3 {
            waker.wake();
        }
    });
    for runs in [1, 2, 3, 4, 4, 4] {
        housekeeper.run_due();
        assert_eq!(chore.ran.load(Ordering::Relaxed), runs);
    }
}

#[test]
fn a_chore_may_add_a_chore_and_drop_one() {
    let (housekeeper, _clock) = housekeeper();
    let added = Scripted::new([]);
    let dropped = Arc::new(Mutex::new(Some(Scripted::new([]))));
    housekeeper.add(weak(dropped.lock().unwrap().as_ref().unwrap()));
    let (of, to_add, to_drop) = (housekeeper.clone(), added.clone(), dropped.clone());
    let _chore = with_waker(&housekeeper, move |_, _| {
        of.add(weak(&to_add));
        drop(to_drop.lock().unwrap().take());
    });
    housekeeper.run_due();
    housekeeper.run_due();
    assert_eq!(added.take_ran(), [0]);
    assert!(dropped.lock().unwrap().is_none());
}

#[test]
fn the_destructor_of_a_chore_whose_last_holder_is_the_housekeeper_may_panic() {
    /// Gives up its own life while it runs.
    struct Fragile(Mutex<Option<Arc<Self>>>);
    impl Chore for Fragile {
        fn run(&self, _: u64) -> Option<Duration> {
            drop(self.0.lock().unwrap().take());
            None
        }
    }
    impl Drop for Fragile {
        fn drop(&mut self) {
            panic!("broken");
        }
    }
    let (housekeeper, _clock) = housekeeper();
    let (fragile, after) = (Arc::new(Fragile(Mutex::new(None))), Scripted::new([]));
    *fragile.0.lock().unwrap() = Some(fragile.clone());
    housekeeper.add(weak(&fragile));
    housekeeper.add(weak(&after));
    drop(fragile);
    let lines = logs::captured(|| housekeeper.run_due());
    assert_eq!(
        lines.iter().map(|line| &*line.text).collect::<Vec<_>>(),
        ["a chore of a filter panicked: broken"]
    );
    assert_eq!(after.take_ran(), [0]);
}

#[test]
fn the_chores_of_two_housekeepers_have_nothing_to_do_with_each_other() {
    let [(one, _), (two, _)] = [housekeeper(), housekeeper()];
    let chore = Scripted::new([]);
    one.add(weak(&chore));
    two.run_due();
    assert_eq!(chore.take_ran(), []);
    one.clone().run_due();
    assert_eq!(chore.take_ran(), [0], "a clone is the same");
    assert_eq!(one.clock().nanos(), 0);
}

/// Derives again, as a filter does whose members change with time.
struct Refreshes<P: Publisher>(Arc<Derived<P, u64>>);

impl<P: Publisher<Endpoint = ()>> Chore for Refreshes<P> {
    fn run(&self, _: u64) -> Option<Duration> {
        self.0.refresh();
        Some(SECOND)
    }
}

#[test]
fn a_chore_has_what_depends_on_time_derived_again() {
    let (housekeeper, clock) = housekeeper();
    let of = clock.clone();
    let derived = Arc::new(Derived::new(ScriptedPublisher::new([("a:80", ())]), move |_, _| of.nanos()));
    let chore = Arc::new(Refreshes(derived.clone()));
    housekeeper.add(weak(&chore));
    for seconds in 0..3 {
        housekeeper.run_due();
        assert_eq!(*derived.load().unwrap(), seconds * 1_000_000_000);
        clock.advance(SECOND);
        assert_eq!(*derived.load().unwrap(), seconds * 1_000_000_000, "a load derives nothing");
    }
}
