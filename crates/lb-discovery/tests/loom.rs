//! Every interleaving of those who wait for discovery with what they wait for:
//! `RUSTFLAGS="--cfg loom" cargo test -p lb-discovery --release --test loom`.
#![cfg(loom)]

#[path = "../src/gate.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "the whole file is taken in; the library uses and exports all of it"
)]
mod gate;
#[path = "../src/sync.rs"]
mod sync;

mod error {
    pub(crate) type SharedError = std::sync::Arc<dyn std::error::Error + Send + Sync>;
}

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use gate::{Gate, Ready};
use lb_discovery::DiscoveryError;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

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

fn gate() -> Arc<Gate> {
    Arc::new(Gate::new("x".into()))
}

fn concurrently(gate: &Arc<Gate>, act: fn(&Gate)) -> thread::JoinHandle<()> {
    let gate = Arc::clone(gate);
    thread::spawn(move || act(&gate))
}

#[test]
fn a_future_that_waits_is_woken() {
    loom::model(|| {
        let gate = gate();
        let teller = concurrently(&gate, |gate| gate.tell(true, None));
        let (woken, waker) = woken();
        let mut ready = Ready::new(Arc::clone(&gate));
        let first = poll(&mut ready, &waker);
        teller.join().unwrap();
        assert!(first.is_ready() || woken.0.load(Ordering::SeqCst) == 1);
        assert!(matches!(poll(&mut ready, &waker), Poll::Ready(Ok(()))));
    });
}

#[test]
fn a_future_that_moves_to_another_task_wakes_that_one() {
    loom::model(|| {
        let gate = gate();
        let teller = concurrently(&gate, Gate::stop);
        let ((_, before), (woken, after)) = (woken(), woken());
        let mut ready = Ready::new(Arc::clone(&gate));
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
        let gate = gate();
        let ((_, leaving), (woken, staying)) = (woken(), woken());
        let mut left = Ready::new(Arc::clone(&gate));
        let mut stays = Ready::new(Arc::clone(&gate));
        assert!(poll(&mut left, &leaving).is_pending() && poll(&mut stays, &staying).is_pending());
        let teller = concurrently(&gate, |gate| gate.tell(true, None));
        drop(left);
        teller.join().unwrap();
        assert_eq!(woken.0.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn the_constructor_sees_the_first_outcome_even_if_discovery_is_stopped() {
    loom::model(|| {
        let gate = gate();
        let teller = concurrently(&gate, |gate| {
            gate.tell(false, Some(Arc::new(std::fmt::Error)));
            gate.stop();
        });
        let outcome = gate.wait_asked();
        assert!(matches!(outcome, Err(Some(_))), "{outcome:?}");
        teller.join().unwrap();
    });
}
