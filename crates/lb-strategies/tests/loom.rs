//! Every interleaving of two and three threads that pick.
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release -p lb-strategies --test loom`
#![cfg(loom)]

use std::sync::Arc;

use lb_core::{EndpointCell, EndpointSet, Endpoints, Error, Instance, LoadBalancer, Publisher};
use lb_strategies::{Random, RoundRobin};
use loom::thread;

/// Endpoints that know their index.
struct Indexed(EndpointCell<usize>);

impl Indexed {
    fn new(count: usize) -> Self {
        let members = (0..count).map(|index| (Instance::new(index.to_string()), index));
        Self(EndpointCell::new(EndpointSet::new(members)))
    }
}

impl Publisher for Indexed {
    type Endpoint = usize;

    fn endpoints(&self) -> Result<Endpoints<usize>, Error> {
        Ok(self.0.load())
    }
}

/// What each thread picked, `of_each[n]` times on the n-th.
fn picked<L>(lb: L, of_each: &[usize]) -> Vec<Vec<usize>>
where
    L: LoadBalancer<Endpoint = usize> + 'static,
{
    let lb = Arc::new(lb);
    let picks = |lb: &L, count| (0..count).map(|_| *lb.endpoint().unwrap()).collect::<Vec<_>>();
    let others: Vec<_> = of_each[1..]
        .iter()
        .map(|&count| {
            let lb = lb.clone();
            thread::spawn(move || picks(&lb, count))
        })
        .collect();
    let mut all = vec![picks(&lb, of_each[0])];
    all.extend(others.into_iter().map(|other| other.join().unwrap()));
    all
}

fn sorted(picked: Vec<Vec<usize>>) -> Vec<usize> {
    let mut all: Vec<_> = picked.into_iter().flatten().collect();
    all.sort_unstable();
    all
}

#[test]
fn one_counter_gives_the_exact_sequence_each_turn_to_one_thread() {
    loom::model(|| {
        let picked = picked(RoundRobin::starting_at(Indexed::new(10), 3), &[2, 3]);
        assert!(picked.iter().all(|indices| indices.is_sorted()), "{picked:?}");
        assert_eq!(sorted(picked), [3, 4, 5, 6, 7]);
    });
}

#[test]
fn three_threads_that_pick_once_each_from_three_endpoints_reach_all_three() {
    loom::model(|| {
        assert_eq!(sorted(picked(RoundRobin::new(Indexed::new(3)), &[1, 1, 1])), [0, 1, 2]);
    });
}

#[test]
fn each_thread_gets_the_strict_sequence_from_a_place_of_its_own() {
    loom::model(|| {
        let picked = picked(RoundRobin::new(Indexed::new(4)), &[3, 3]);
        for indices in &picked {
            assert!(indices.windows(2).all(|pair| pair[1] == (pair[0] + 1) % 4), "{picked:?}");
        }
        let apart = (4 + picked[0][0] - picked[1][0]) % 4;
        assert!(apart == 1 || apart == 3, "the places of two threads follow on each other: {picked:?}");
    });
}

#[test]
fn a_seed_gives_the_same_picks_whichever_threads_pick() {
    let alone = {
        let mut state = Vec::new();
        loom::model({
            let recorded = Arc::new(std::sync::Mutex::new(Vec::new()));
            let sink = recorded.clone();
            state.push(recorded);
            move || *sink.lock().unwrap() = sorted(picked(Random::new(Indexed::new(100), 7), &[5]))
        });
        state[0].lock().unwrap().clone()
    };
    loom::model(move || assert_eq!(sorted(picked(Random::new(Indexed::new(100), 7), &[2, 3])), alone));
}
