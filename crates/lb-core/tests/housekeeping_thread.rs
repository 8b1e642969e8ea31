//! The housekeeping thread of the process.
#![cfg(not(loom))] // it is a thread that never ends

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak, mpsc};
use std::thread::{self, ThreadId};
use std::time::Duration;

use lb_core::{Chore, Housekeeper};

/// Far more than any of these takes, so that a test which would hang fails instead.
const LONG: Duration = Duration::from_secs(30);

/// Runs its closure.
struct Does<F>(F);

impl<F: Fn() -> Option<Duration> + Send + Sync> Chore for Does<F> {
    fn run(&self, _: u64) -> Option<Duration> {
        (self.0)()
    }
}

fn weak<F: Fn() -> Option<Duration> + Send + Sync + 'static>(chore: &Arc<Does<F>>) -> Weak<dyn Chore> {
    Arc::<Does<F>>::downgrade(chore)
}

/// A chore that says on which thread it ran, and asks for the next run as given.
#[expect(clippy::type_complexity, reason = "a closure")]
fn tells(
    again: Option<Duration>,
) -> (Arc<Does<impl Fn() -> Option<Duration> + Send + Sync>>, mpsc::Receiver<(ThreadId, Option<String>)>) {
    let (tell, told) = mpsc::channel();
    let chore = Does(move || {
        let thread = thread::current();
        let _ = tell.send((thread.id(), thread.name().map(str::to_owned)));
        again
    });
    (Arc::new(chore), told)
}

#[test]
fn a_chore_runs_when_it_is_added_and_when_it_is_woken_on_one_thread_for_all() {
    let (chores, told): (Vec<_>, Vec<_>) = [tells(None), tells(None)].into_iter().unzip();
    let wakers: Vec<_> = chores.iter().map(|chore| Housekeeper::of_process().add(weak(chore))).collect();
    let mut threads: Vec<_> = told.iter().map(|told| told.recv_timeout(LONG).unwrap()).collect();
    for (waker, told) in wakers.iter().zip(&told) {
        thread::scope(|scope| {
            scope.spawn(|| waker.wake());
        });
        threads.push(told.recv_timeout(LONG).unwrap());
    }
    assert!(threads.iter().all(|(id, _)| *id == threads[0].0 && *id != thread::current().id()));
    assert!(threads.iter().all(|(_, name)| name.as_deref() == Some("lb-housekeeping")), "{threads:?}");
}

#[test]
fn a_chore_runs_again_after_its_time() {
    let (chore, told) = tells(Some(Duration::from_millis(1)));
    Housekeeper::of_process().add(weak(&chore));
    for _ in 0..5 {
        told.recv_timeout(LONG).expect("nobody wakes it");
    }
}

#[test]
fn a_chore_with_an_earlier_time_does_not_wait_for_that_of_another() {
    let (late, told_late) = tells(Some(LONG * 100));
    Housekeeper::of_process().add(weak(&late));
    told_late.recv_timeout(LONG).unwrap();
    let (early, told_early) = tells(Some(Duration::from_millis(1)));
    Housekeeper::of_process().add(weak(&early));
    for _ in 0..3 {
        told_early.recv_timeout(LONG).unwrap();
    }
    assert!(told_late.try_recv().is_err());
}

#[test]
fn the_one_of_the_process_is_not_run_by_hand() {
    let (tell, told) = mpsc::channel();
    let chore = Arc::new(Does(move || {
        let _ = tell.send(thread::current().id());
        None
    }));
    let waker = Housekeeper::of_process().add(weak(&chore));
    for _ in 0..100 {
        waker.wake();
        Housekeeper::of_process().run_due();
        // The chore runs once more at least after each wake.
        assert_ne!(told.recv_timeout(LONG).unwrap(), thread::current().id());
    }
}

#[test]
fn whatever_was_written_before_a_wake_is_seen_by_a_run_after_it() {
    const EACH: u64 = 5_000;
    let (written, seen) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (tell, told) = mpsc::channel();
    let chore = Arc::new(Does({
        let (written, seen) = (written.clone(), seen.clone());
        move || {
            seen.store(written.load(Ordering::Relaxed), Ordering::Relaxed);
            let _ = tell.send(());
            None
        }
    }));
    let waker = Housekeeper::of_process().add(weak(&chore));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..EACH {
                    written.fetch_add(1, Ordering::Relaxed);
                    waker.wake();
                }
            });
        }
    });
    while seen.load(Ordering::Relaxed) < 4 * EACH {
        told.recv_timeout(LONG).expect("a wake was lost");
    }
}

#[test]
fn a_wake_is_not_lost_to_a_chore_that_waits_for_something_itself() {
    // A chore that parks the thread takes the word that was meant for the housekeeper.
    let (started, has_started) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let may_go_on = Mutex::new(may_go_on);
    let waits = Arc::new(Does(move || {
        let _ = started.send(());
        let _ = may_go_on.lock().unwrap().recv();
        thread::current().unpark(); // whether or not `recv` took the word already
        thread::park();
        None
    }));
    let (chore, told) = tells(None);
    let waker = Housekeeper::of_process().add(weak(&chore));
    told.recv_timeout(LONG).unwrap();
    let _waker_of_waits = Housekeeper::of_process().add(weak(&waits));
    has_started.recv_timeout(LONG).unwrap();
    waker.wake();
    go_on.send(()).unwrap();
    told.recv_timeout(LONG).expect("the wake was lost");
}

#[test]
fn a_chore_whose_destructor_panics_on_the_thread_does_not_end_it() {
    /// Is given the last reference to itself while it runs.
    struct Fragile(Mutex<mpsc::Receiver<Arc<Self>>>, mpsc::Sender<()>);
    impl Chore for Fragile {
        fn run(&self, _: u64) -> Option<Duration> {
            drop(self.0.lock().unwrap().recv());
            None
        }
    }
    impl Drop for Fragile {
        fn drop(&mut self) {
            let _ = self.1.send(());
            panic!("broken");
        }
    }
    let ((give, given), (tell, dropped)) = (mpsc::channel(), mpsc::channel());
    let fragile = Arc::new(Fragile(Mutex::new(given), tell));
    Housekeeper::of_process().add(Arc::<Fragile>::downgrade(&fragile));
    give.send(fragile).unwrap();
    dropped.recv_timeout(LONG).unwrap();
    let (chore, told) = tells(None);
    Housekeeper::of_process().add(weak(&chore));
    told.recv_timeout(LONG).expect("the thread lives");
}
