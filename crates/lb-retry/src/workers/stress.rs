use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crossbeam_channel::RecvTimeoutError;

use super::tests::{abandon, drained, run};
use super::*;

const CALLERS: u64 = 8;
const ATTEMPTS: u64 = 2_000;

/// A response that counts itself.
struct Response {
    number: u64,
    alive: Arc<AtomicU64>,
}

impl Response {
    fn new(number: u64, alive: &Arc<AtomicU64>) -> Self {
        alive.fetch_add(1, Ordering::AcqRel);
        Self { number, alive: Arc::clone(alive) }
    }
}

impl Drop for Response {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Calls in a loop, with more or less patience; yields how often it gave up.
fn call(caller: u64, workers: &Workers, alive: &Arc<AtomicU64>) -> u64 {
    let mut given_up = 0;
    for attempt in 0..ATTEMPTS {
        let number = caller * ATTEMPTS + attempt;
        let made = Arc::clone(alive);
        let ticket = run(workers, move || {
            (0..number % 7).for_each(|_| thread::yield_now());
            Response::new(number, &made)
        });
        let Ok(ticket) = ticket else {
            thread::yield_now(); // a slow machine: 256 have not returned yet
            continue;
        };
        let patience = Duration::from_micros(attempt % 3 * 20);
        let answer = match ticket.answer.recv_timeout(patience) {
            Err(RecvTimeoutError::Timeout) if abandon(&ticket) => None,
            Err(_) => Some(ticket.answer.recv().unwrap()),
            Ok(answer) => Some(answer),
        };
        match answer {
            Some(response) => assert_eq!(response.unwrap().number, number),
            None => given_up += 1,
        }
        assert!(workers.held_threads.total() <= MAX_ABANDONED + 2 * 8);
    }
    given_up
}

#[test]
fn callers_that_give_up_at_any_moment_lose_no_result_and_leave_no_slot_taken() {
    let workers = Workers::new();
    let alive = Arc::new(AtomicU64::new(0));
    let given_up: u64 = thread::scope(|scope| {
        let callers = (0..CALLERS).map(|caller| {
            let (workers, alive) = (&workers, &alive);
            scope.spawn(move || call(caller, workers, alive))
        });
        let callers: Vec<_> = callers.collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).sum()
    });
    assert!((1..CALLERS * ATTEMPTS).contains(&given_up), "{given_up} given up: nothing was tested");
    drained(&workers);
    assert_eq!(alive.load(Ordering::Acquire), 0, "responses left");
}
