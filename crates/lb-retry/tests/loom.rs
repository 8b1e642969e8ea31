//! A model check of the hand-off between a caller that gives up and a worker that is just done:
//! `RUSTFLAGS="--cfg loom" cargo test -p lb-retry --release --test loom`.
#![cfg(loom)]

#[path = "../src/hand_off.rs"]
mod hand_off;
#[expect(dead_code, reason = "what picks ask is not modelled")]
#[path = "../src/held_threads.rs"]
mod held_threads;
#[path = "../src/sync.rs"]
mod sync;

use hand_off::HandOff;
use held_threads::HeldThreads;
use lb_core::{EndpointSet, Instance};
use loom::thread;
use std::sync::Arc;

/// Attempts at one endpoint, and where their threads are counted.
fn attempts<const N: usize>() -> ([Arc<HandOff>; N], Arc<HeldThreads>) {
    let endpoint = EndpointSet::new([(Instance::new("a:80"), ())]).id_at(0).unwrap();
    let held_threads = Arc::new(HeldThreads::default());
    let attempt = |()| Arc::new(HandOff::new(endpoint, Arc::clone(&held_threads)));
    ([(); N].map(attempt), held_threads)
}

/// What the worker of `workers.rs` does when its attempt has returned. True: the result was sent.
fn work(hand_off: &HandOff) -> bool {
    let wanted = hand_off.finish();
    if !wanted {
        hand_off.release();
    }
    wanted
}

#[test]
fn a_result_is_either_sent_or_abandoned_and_the_count_returns_to_zero() {
    loom::model(|| {
        let ([worker], held_threads) = attempts();
        let caller = Arc::clone(&worker);
        let caller = thread::spawn(move || caller.abandon("a:80"));
        let sent = work(&worker);
        let given_up = caller.join().unwrap();
        assert_ne!(sent, given_up, "lost, or sent to nobody");
        assert_eq!((held_threads.total(), held_threads.holders().len()), (0, 0));
    });
}

#[test]
fn the_count_is_never_below_the_threads_that_are_held() {
    loom::model(|| {
        let (attempts, held_threads) = attempts::<2>();
        let workers = attempts.clone().map(|attempt| thread::spawn(move || work(&attempt)));
        for attempt in &attempts {
            attempt.abandon("a:80");
            // Below zero it would wrap around.
            assert!(held_threads.total() <= 2);
        }
        for worker in workers {
            worker.join().unwrap();
        }
        assert_eq!((held_threads.total(), held_threads.holders().len()), (0, 0));
    });
}
