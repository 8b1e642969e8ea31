use std::cell::RefCell;
use std::panic::panic_any;
use std::sync::LazyLock;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded, unbounded};
use lb_core::{EndpointSet, Instance};

use super::{MAX_ABANDONED, Ticket, Workers};
use crate::error::Reason;

/// Far longer than anything here takes: a test that gets here has failed.
const LONG: Duration = Duration::from_secs(30);

thread_local! {
    /// Disconnects its channel when the thread ends.
    static ALIVE: RefCell<Option<Sender<()>>> = const { RefCell::new(None) };
}

/// Runs `work` as an attempt at one and the same endpoint.
pub(super) fn run<T: Send + 'static>(
    workers: &Workers,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<Ticket<T>, Reason> {
    static SET: LazyLock<EndpointSet<()>> = LazyLock::new(|| EndpointSet::new([(Instance::new("a:80"), ())]));
    workers.run(SET.id_at(0).unwrap(), work)
}

pub(super) fn abandon<T>(ticket: &Ticket<T>) -> bool {
    ticket.hand_off.abandon("a:80")
}

/// Runs a job that marks its thread; the receiver disconnects when the thread has ended.
fn marked(workers: &Workers) -> Receiver<()> {
    let (sender, ended) = bounded(0);
    let ticket = run(workers, move || ALIVE.set(Some(sender))).unwrap();
    ticket.answer.recv_timeout(LONG).unwrap().unwrap();
    ended
}

#[track_caller]
fn assert_ends(thread: &Receiver<()>) {
    assert_eq!(thread.recv_timeout(LONG), Err(crossbeam_channel::RecvTimeoutError::Disconnected));
}

/// A job that never returns until it is told to, already begun.
fn hanging(workers: &Workers, release: &Receiver<()>) -> Ticket<()> {
    let (tell, begun) = bounded(1);
    let release = release.clone();
    let ticket = run(workers, move || {
        let _ = tell.send(());
        let _ = release.recv();
    });
    begun.recv_timeout(LONG).unwrap();
    ticket.unwrap()
}

/// Waits until no abandoned attempt holds a thread.
pub(super) fn drained(workers: &Workers) {
    while !workers.held_threads.holders().is_empty() {
        std::thread::yield_now();
    }
}

#[test]
fn one_caller_in_a_loop_keeps_one_thread() {
    let workers = Workers::new();
    let run = || {
        let ticket = run(&workers, || std::thread::current().id()).unwrap();
        ticket.answer.recv_timeout(LONG).unwrap().unwrap()
    };
    let first = run();
    assert!((0..1_000).all(|_| run() == first));
}

#[test]
fn dropping_the_pool_ends_its_idle_workers() {
    let workers = Workers::new();
    let thread = marked(&workers);
    drop(workers);
    assert_ends(&thread);
}

#[test]
fn a_worker_that_is_busy_when_the_pool_is_dropped_ends_with_its_job() {
    let workers = Workers::new();
    let (release, released) = bounded::<()>(0);
    let (sender, thread) = bounded::<()>(0);
    let ticket = run(&workers, move || {
        ALIVE.set(Some(sender));
        let _ = released.recv();
    })
    .unwrap();
    drop(workers);
    drop(release);
    ticket.answer.recv_timeout(LONG).unwrap().unwrap();
    assert_ends(&thread);
}

#[test]
fn an_idle_worker_retires() {
    let workers = Workers::retiring_after(Duration::from_millis(1));
    let thread = marked(&workers);
    assert_ends(&thread);
    assert_ends(&marked(&workers));
}

#[test]
fn a_panic_is_handed_over_and_does_not_kill_the_worker() {
    let workers = Workers::new();
    let thread = marked(&workers);
    let ticket = run(&workers, || panic_any(42)).unwrap();
    let payload = ticket.answer.recv_timeout(LONG).unwrap().unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&42));
    let ticket = run(&workers, || ALIVE.with_borrow(Option::is_some)).unwrap();
    assert!(ticket.answer.recv_timeout(LONG).unwrap().unwrap(), "another thread");
    drop(workers);
    assert_ends(&thread);
}

#[test]
fn a_panic_in_the_destructor_of_what_nobody_wants_any_more_does_not_kill_the_worker() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("the destructor of an abandoned response");
        }
    }
    let workers = Workers::new();
    let (release, released) = bounded::<()>(0);
    let (sender, thread) = bounded::<()>(0);
    let ticket = run(&workers, move || {
        ALIVE.set(Some(sender));
        let _ = released.recv();
        Bomb
    });
    assert!(abandon(&ticket.unwrap()));
    drop(release);
    drained(&workers);
    assert_eq!(thread.try_recv(), Err(TryRecvError::Empty), "the worker has ended");
    drop(workers);
    assert_ends(&thread);
}

#[test]
fn the_257th_abandoned_attempt_is_refused_until_one_returns() {
    let workers = Workers::new();
    let (release, released) = unbounded();
    for _ in 0..MAX_ABANDONED {
        assert!(abandon(&hanging(&workers, &released)));
    }
    assert_eq!(run(&workers, || ()).err(), Some(Reason::Saturated));
    release.send(()).unwrap();
    while run(&workers, || ()).is_err() {
        std::thread::yield_now();
    }
    drop(release);
    drained(&workers);
}
