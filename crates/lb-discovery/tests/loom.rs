//! Every interleaving of those who wait for discovery with what they wait for:
//! `RUSTFLAGS="--cfg loom" cargo test -p lb-discovery --release --test loom`.
#![cfg(loom)]

#[path = "../src/error.rs"]
#[allow(dead_code, unreachable_pub, reason = "the whole file is taken in")]
mod error;
#[path = "../src/ready.rs"]
#[allow(dead_code, unreachable_pub, reason = "the whole file is taken in")]
mod ready;
#[path = "../src/shared.rs"]
#[allow(dead_code, unreachable_pub, reason = "the whole file is taken in")]
mod shared;
#[path = "../src/status.rs"]
#[allow(dead_code, unreachable_pub, reason = "the whole file is taken in")]
mod status;
#[path = "../src/sync.rs"]
#[allow(dead_code, reason = "the whole file is taken in")]
mod sync;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use error::DiscoveryError;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use ready::Ready;
use shared::{Report, Shared, Snapshot, Subscriber};

/// A set without endpoints.
struct Empty;

impl Subscriber for Empty {
    fn update(self: Arc<Self>, _: &Snapshot) {}
    fn stop(self: Arc<Self>) {}
    fn wait_stopped(&self, _: Instant) {}
    fn close(self: Arc<Self>) {}
}

/// Counts how often it is woken.
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn woken() -> (Arc<Woken>, Waker) {
    let woken = Arc::new(Woken(AtomicUsize::new(0)));
    (Arc::clone(&woken), Waker::from(woken))
}

fn poll(ready: &mut Ready, waker: &Waker) -> Poll<Result<(), DiscoveryError>> {
    Pin::new(ready).poll(&mut Context::from_waker(waker))
}

/// One discovery, and a subscription whose set has gone: nothing waits for it.
fn shared() -> (Arc<Shared>, u64) {
    let shared = Shared::new("x".into());
    let id = shared.subscribe(Weak::<Empty>::new());
    (shared, id)
}

fn concurrently(shared: &Arc<Shared>, act: fn(&Shared)) -> thread::JoinHandle<()> {
    let shared = Arc::clone(shared);
    thread::spawn(move || act(&shared))
}

/// A first answer without instances comes, and the set follows it.
fn answer(shared: &Shared) {
    shared.publish(|snapshot| snapshot.instances = Some(Arc::new([])));
    shared.report(1, || Report { version: 1, usable: true, idle: true, ..Report::default() });
    shared.conclude(None, |_| {});
}

fn ready(shared: &Arc<Shared>, id: u64) -> Ready {
    Ready::new(Arc::clone(shared), id, None)
}

#[test]
fn a_future_that_waits_is_woken() {
    loom::model(|| {
        let (shared, id) = shared();
        let teller = concurrently(&shared, answer);
        let (woken, waker) = woken();
        let mut ready = ready(&shared, id);
        let first = poll(&mut ready, &waker);
        teller.join().unwrap();
        assert!(first.is_ready() || woken.0.load(Ordering::SeqCst) == 1);
        assert!(matches!(poll(&mut ready, &waker), Poll::Ready(Ok(()))));
    });
}

#[test]
fn a_future_that_moves_to_another_task_wakes_that_one() {
    loom::model(|| {
        let (shared, id) = shared();
        let teller = concurrently(&shared, |shared| {
            shared.stop();
        });
        let ((_, before), (woken, after)) = (woken(), woken());
        let mut ready = ready(&shared, id);
        let _ = poll(&mut ready, &before);
        let second = poll(&mut ready, &after);
        teller.join().unwrap();
        assert!(second.is_ready() || woken.0.load(Ordering::SeqCst) == 1);
        assert!(matches!(poll(&mut ready, &after), Poll::Ready(Err(DiscoveryError::Stopped { .. }))));
    });
}

#[test]
fn a_future_dropped_half_way_takes_no_wake_from_another() {
    loom::model(|| {
        let (shared, id) = shared();
        let ((_, leaving), (woken, staying)) = (woken(), woken());
        let mut left = ready(&shared, id);
        let mut stays = ready(&shared, id);
        assert!(poll(&mut left, &leaving).is_pending() && poll(&mut stays, &staying).is_pending());
        let teller = concurrently(&shared, answer);
        drop(left);
        teller.join().unwrap();
        assert_eq!(woken.0.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn the_constructor_sees_the_first_outcome_even_if_discovery_is_stopped() {
    loom::model(|| {
        let (shared, id) = shared();
        let teller = concurrently(&shared, |shared| {
            shared.conclude(Some(Arc::new(std::fmt::Error)), |_| {});
            let _ = shared.stop();
        });
        let outcome = shared.wait_first(id);
        assert!(matches!(outcome, Err(Some(_))), "{outcome:?}");
        teller.join().unwrap();
    });
}

#[test]
fn a_report_beside_a_conclusion_is_not_lost() {
    loom::model(|| {
        let (shared, id) = shared();
        shared.publish(|snapshot| snapshot.instances = Some(Arc::new([])));
        let worker = concurrently(&shared, |shared| shared.conclude(None, |_| {}));
        let (woken, waker) = woken();
        let mut ready = ready(&shared, id);
        let first = poll(&mut ready, &waker);
        shared.report(id, || Report { version: 1, usable: true, idle: true, ..Report::default() });
        worker.join().unwrap();
        assert!(first.is_ready() || woken.0.load(Ordering::SeqCst) == 1);
        assert!(matches!(poll(&mut ready, &waker), Poll::Ready(Ok(()))));
    });
}
