//! Every interleaving of two and three threads that pick.
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release -p lb-strategies --test loom`
#![cfg(loom)]

use std::sync::Arc;
use std::time::Duration;

use lb_core::{
    Clock, EndpointCell, EndpointSet, Endpoints, Error, Instance, LoadBalancer, Outcome, Pick, PickRequest,
    Publisher, StateKey, Tried,
};
use lb_strategies::{
    ConsistentHash, InFlight, LeastLoaded, PeakEwma, Random, RoundRobin, WeightedRoundRobin,
};
use loom::thread;

/// Endpoints that know their index.
struct Indexed(EndpointCell<usize>);

impl Indexed {
    fn new(count: usize) -> Self {
        Self::weighted(&vec![1; count])
    }

    fn weighted(weights: &[u32]) -> Self {
        let member =
            |(index, weight): (usize, &u32)| (Instance::new(index.to_string()).with_weight(*weight), index);
        Self(EndpointCell::new(EndpointSet::new(weights.iter().enumerate().map(member))))
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

#[test]
fn turns_by_weight_are_given_to_one_thread_each() {
    loom::model(|| {
        let lb = WeightedRoundRobin::starting_at(Indexed::weighted(&[3, 1, 1]), 0);
        assert_eq!(sorted(picked(lb, &[2, 3])), [0, 0, 0, 1, 2]);
    });
}

/// Runs both on threads of their own.
fn both(one: impl FnOnce() + 'static, other: impl FnOnce() + 'static) {
    let other = thread::spawn(other);
    one();
    other.join().unwrap();
}

#[test]
fn what_is_in_flight_is_what_is_held() {
    loom::model(|| {
        let source = Arc::new(Indexed::new(1));
        let lb = Arc::new(LeastLoaded::with_seed(source.clone(), 7));
        let state = source.0.load().states(&StateKey::<InFlight>::shared())[0].clone();
        let work = |lb: Arc<LeastLoaded<_>>, state: Arc<InFlight>| {
            move || {
                let held = lb.endpoint().unwrap();
                assert!((1..=2).contains(&state.get()));
                drop(held);
            }
        };
        both(work(lb.clone(), state.clone()), work(lb, state.clone()));
        assert_eq!(state.get(), 0);
    });
}

fn pick_but<L: LoadBalancer<Endpoint = usize>>(lb: &L, source: &Indexed, other: usize) -> Pick<usize> {
    let mut tried = Tried::new();
    tried.insert(source.0.load().id_at(other).unwrap());
    lb.pick(&PickRequest::new().with_tried(&tried)).unwrap()
}

/// Two records at once, one of 100 ms and one of 10: whichever is first, the average is 100.
#[test]
fn of_two_latencies_recorded_at_once_the_peak_stays() {
    loom::model(|| {
        let (source, clock) = (Arc::new(Indexed::new(2)), Clock::manual());
        let lb = PeakEwma::builder(source.clone()).clock(clock.clone()).seed(7).build();
        let fifty = pick_but(&lb, &source, 0);
        clock.advance(Duration::from_millis(50));
        fifty.record(Outcome::Success);
        drop(fifty);
        let long = pick_but(&lb, &source, 1);
        clock.advance(Duration::from_millis(90));
        let short = pick_but(&lb, &source, 1);
        clock.advance(Duration::from_millis(10));
        both(move || long.record(Outcome::Success), move || short.record(Outcome::Success));
        assert!((0..10).all(|_| *lb.endpoint().unwrap() == 1), "the one of 50 ms is the better");
    });
}

#[test]
fn a_pick_that_two_threads_share_and_record_ends_once() {
    loom::model(|| {
        let (source, clock) = (Arc::new(Indexed::new(1)), Clock::manual());
        let lb = PeakEwma::builder(source.clone()).clock(clock).seed(7).build();
        let pick = Arc::new(lb.endpoint().unwrap());
        let also = pick.clone();
        both(move || pick.record(Outcome::Success), move || also.record(Outcome::Failure));
        let states = source.0.load().states(&StateKey::<InFlight>::shared());
        assert_eq!(states[0].get(), 0);
    });
}

/// With c = 1 the second of two in flight cannot be where the first is: unless something was left in the total.
#[test]
fn the_total_of_a_bounded_load_ends_at_zero() {
    loom::model(|| {
        let lb = Arc::new(ConsistentHash::rendezvous(Indexed::new(2)).bounded_load(1.0));
        let pick = |lb: &ConsistentHash<Indexed>| lb.pick(&PickRequest::new().with_key(3)).unwrap();
        let work = |lb: Arc<ConsistentHash<Indexed>>| move || drop(pick(&lb));
        both(work(lb.clone()), work(lb.clone()));
        let home = lb.explain(3).unwrap().id;
        let first = pick(&lb);
        assert!(first.id() == home && pick(&lb).id() != home);
    });
}
