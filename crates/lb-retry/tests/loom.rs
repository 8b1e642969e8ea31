//! A model check of the hand-over between a caller that gives up and a worker that is just done:
//! `RUSTFLAGS="--cfg loom" cargo test -p lb-retry --release --test loom`.
#![cfg(loom)]

#[path = "../src/handover.rs"]
mod handover;
#[path = "../src/sync.rs"]
mod sync;

use handover::Handover;
use loom::thread;
use std::sync::Arc;
use sync::{AtomicUsize, Ordering};

/// What the worker of `workers.rs` does when its attempt has returned. True: the result was sent.
fn work(handover: &Handover) -> bool {
    let wanted = handover.finish();
    if !wanted {
        handover.release();
    }
    wanted
}

#[test]
fn a_result_is_either_sent_or_abandoned_and_the_count_returns_to_zero() {
    loom::model(|| {
        let abandoned = Arc::new(AtomicUsize::new(0));
        let handover = Arc::new(Handover::new(Arc::clone(&abandoned)));
        let caller = Arc::clone(&handover);
        let caller = thread::spawn(move || caller.abandon());
        let sent = work(&handover);
        let given_up = caller.join().unwrap();
        assert_ne!(sent, given_up, "lost, or sent to nobody");
        assert_eq!(abandoned.load(Ordering::Acquire), 0);
    });
}

#[test]
fn the_count_is_never_below_the_threads_that_are_held() {
    loom::model(|| {
        let abandoned = Arc::new(AtomicUsize::new(0));
        let handovers: Vec<_> = (0..2).map(|_| Arc::new(Handover::new(Arc::clone(&abandoned)))).collect();
        let workers: Vec<_> =
            handovers.iter().cloned().map(|handover| thread::spawn(move || work(&handover))).collect();
        for handover in &handovers {
            handover.abandon();
            // Below zero it would wrap around.
            assert!(abandoned.load(Ordering::Acquire) <= 2);
        }
        for worker in workers {
            worker.join().unwrap();
        }
        assert_eq!(abandoned.load(Ordering::Acquire), 0);
    });
}
