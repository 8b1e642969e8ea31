//! `PeakEwma`: what its averages make of slow, failing, new and starved endpoints, in virtual time.

mod support;

use std::time::Duration;

use lb_core::{Clock, LoadBalancer, Outcome, PickRequest};
use lb_strategies::PeakEwma;

use support::simulation::World;
use support::{Cache, instances, tried_at, weighted};

const MS: Duration = Duration::from_millis(1);

fn balancer(cache: &Cache, clock: &Clock) -> PeakEwma<Cache> {
    PeakEwma::builder(cache.clone()).clock(clock.clone()).seed(7).build()
}

/// All take 10 ms, but one.
fn all_but(odd: usize, serves: (Duration, Outcome)) -> impl Fn(usize) -> (Duration, Outcome) {
    move |index| if index == odd { serves } else { (10 * MS, Outcome::Success) }
}

/// A request that takes `took` and ends so, at the endpoint at `index` of `len`.
fn request(
    lb: &PeakEwma<Cache>,
    cache: &Cache,
    clock: &Clock,
    index: usize,
    len: usize,
    took: Duration,
    end: Option<Outcome>,
) {
    let others: Vec<usize> = (0..len).filter(|other| *other != index).collect();
    let pick = lb.pick(&PickRequest::new().with_tried(&tried_at(cache, &others))).unwrap();
    assert_eq!(*pick, index);
    clock.advance(took);
    if let Some(outcome) = end {
        pick.record(outcome);
    }
}

/// How often of 100 picks the one at `index` is picked, where no time passes, nothing is recorded, and nothing stays in
/// flight.
fn of_100(lb: &PeakEwma<Cache>, index: usize) -> usize {
    (0..100).filter(|_| *lb.endpoint().unwrap() == index).count()
}

#[test]
fn endpoints_that_are_alike_get_alike() {
    let (cache, clock) = (weighted(&[1; 10]), Clock::manual());
    let counts = World::new(clock.clone()).run(
        &balancer(&cache, &clock),
        10,
        20_000,
        2 * MS,
        all_but(99, (MS, Outcome::Success)),
    );
    assert!(counts.iter().all(|count| (1800..2200).contains(count)), "{counts:?}");
}

#[test]
fn a_slow_endpoint_gets_little() {
    let (cache, clock) = (weighted(&[1; 10]), Clock::manual());
    let counts = World::new(clock.clone()).run(
        &balancer(&cache, &clock),
        10,
        20_000,
        2 * MS,
        all_but(4, (100 * MS, Outcome::Success)),
    );
    // 2 % at the most, where it would have 10; but it is looked at again and again.
    assert!((2..400).contains(&counts[4]), "{counts:?}");
}

#[test]
fn one_that_fails_fast_does_not_look_fast() {
    let (cache, clock) = (weighted(&[1; 10]), Clock::manual());
    let counts = World::new(clock.clone()).run(
        &balancer(&cache, &clock),
        10,
        20_000,
        2 * MS,
        all_but(4, (MS / 10, Outcome::Failure)),
    );
    assert!((1..200).contains(&counts[4]), "{counts:?}");
}

#[test]
fn a_failure_among_successes_raises_the_average_and_does_not_banish() {
    let (cache, clock) = (weighted(&[1, 1]), Clock::manual());
    let lb = balancer(&cache, &clock);
    for _ in 0..100 {
        request(&lb, &cache, &clock, 0, 2, 10 * MS, Some(Outcome::Success));
        request(&lb, &cache, &clock, 1, 2, 11 * MS, Some(Outcome::Success));
    }
    assert_eq!(of_100(&lb, 0), 100, "it is the faster one");
    request(&lb, &cache, &clock, 0, 2, 10 * MS, Some(Outcome::Failure));
    assert_eq!(of_100(&lb, 0), 0, "it has failed");
    // A second after one failure of a hundred requests in 2 s, it is better again.
    let mut world = World::new(clock.clone());
    let counts =
        world.run(&lb, 2, 10_000, 10 * MS, |index| (10 * MS + u32::from(index == 1) * MS, Outcome::Success));
    assert!(counts[0] > 1000, "{counts:?}");
}

#[test]
fn a_starved_endpoint_is_looked_at_again_however_little_traffic_there_is() {
    // A request each 0.1 s, or each 5 s.
    for (every, requests) in [(100 * MS, 1000), (5000 * MS, 100)] {
        let (cache, clock) = (weighted(&[1, 1]), Clock::manual());
        let lb = balancer(&cache, &clock);
        request(&lb, &cache, &clock, 0, 2, 5000 * MS, Some(Outcome::Success));
        request(&lb, &cache, &clock, 1, 2, 10 * MS, Some(Outcome::Success));
        assert_eq!(of_100(&lb, 0), 0, "it was 500 times slower");
        // It has recovered: from its next request on it is as fast as the other.
        let mut world = World::new(clock.clone());
        world.run(&lb, 2, requests, every, |_| (10 * MS, Outcome::Success));
        let counts = world.run(&lb, 2, requests, every, |_| (10 * MS, Outcome::Success));
        assert!(counts[0] > requests / 4, "{counts:?}");
    }
}

#[test]
fn a_newcomer_is_neither_flooded_nor_shunned() {
    let (cache, clock) = (weighted(&[1; 10]), Clock::manual());
    let lb = balancer(&cache, &clock);
    let mut world = World::new(clock);
    let serves = |index: usize| (MS * (8 + u32::try_from(index % 5).unwrap()), Outcome::Success);
    world.run(&lb, 10, 5000, 2 * MS, serves);
    cache.replace(instances(&[1; 11]));
    let first = world.run(&lb, 11, 110, 2 * MS, serves);
    assert!((3..=30).contains(&first[10]), "of 110 it should have 10: {first:?}");
    let then = world.run(&lb, 11, 11_000, 2 * MS, serves);
    assert!((500..=2000).contains(&then[10]), "{then:?}");
}

#[test]
fn of_those_of_whom_nothing_is_known_each_is_tried_once_before_another_is_twice() {
    let (cache, clock) = (weighted(&[1, 1]), Clock::manual());
    let lb = balancer(&cache, &clock);
    let held = [lb.endpoint().unwrap(), lb.endpoint().unwrap()];
    assert_ne!(held[0].id(), held[1].id());
}

#[test]
fn a_cancelled_pick_raises_the_average_and_never_lowers_it() {
    let (cache, clock) = (weighted(&[1, 1]), Clock::manual());
    let lb = balancer(&cache, &clock);
    request(&lb, &cache, &clock, 0, 2, 20 * MS, Some(Outcome::Success));
    request(&lb, &cache, &clock, 1, 2, 10 * MS, Some(Outcome::Success));
    assert_eq!(of_100(&lb, 1), 100);
    // Cancelled at once, again and again: that tells nothing.
    for _ in 0..50 {
        request(&lb, &cache, &clock, 0, 2, Duration::ZERO, None);
    }
    assert_eq!(of_100(&lb, 1), 100, "cancelled picks made it look fast");
    // Given up after 100 ms: it took that long at least.
    request(&lb, &cache, &clock, 1, 2, 100 * MS, None);
    assert_eq!(of_100(&lb, 1), 0);
}

#[test]
fn of_the_untried_it_is_the_better_one_and_once_all_were_tried_any_again() {
    let (cache, clock) = (weighted(&[1, 1, 1]), Clock::manual());
    let lb = balancer(&cache, &clock);
    for (index, took) in [(0, 10), (1, 20), (2, 30)] {
        request(&lb, &cache, &clock, index, 3, took * MS, Some(Outcome::Success));
    }
    for (tried, better) in [(&[0][..], 1), (&[1], 0), (&[2], 0), (&[0, 1], 2)] {
        let tried = tried_at(&cache, tried);
        let request = PickRequest::new().with_tried(&tried);
        assert!((0..100).all(|_| *lb.pick(&request).unwrap() == better), "{better} is the better one");
    }
    let tried = tried_at(&cache, &[0, 1, 2]);
    let all = PickRequest::new().with_tried(&tried);
    assert!((0..100).all(|_| *lb.pick(&all).unwrap() != 2), "of any two it is the slower");
}

#[test]
fn averages_survive_every_update_in_which_the_endpoint_does() {
    let (cache, clock) = (weighted(&[1, 1]), Clock::manual());
    let lb = balancer(&cache, &clock);
    request(&lb, &cache, &clock, 0, 2, 100 * MS, Some(Outcome::Success));
    request(&lb, &cache, &clock, 1, 2, 10 * MS, Some(Outcome::Success));
    for weights in [&[1, 1, 1][..], &[4, 4], &[1, 1]] {
        cache.replace(instances(weights));
    }
    assert_eq!(of_100(&lb, 0), 0);
    // One that left and came back is new: it starts at the mean of the known, which is the other's.
    cache.replace(instances(&[1, 1]).into_iter().skip(1));
    cache.replace(instances(&[1, 1]));
    assert!((20..80).contains(&of_100(&lb, 0)));
}

#[test]
fn two_balancers_have_averages_of_their_own() {
    let (cache, clock) = (weighted(&[1, 1]), Clock::manual());
    let (one, other) = (balancer(&cache, &clock), balancer(&cache, &clock));
    request(&one, &cache, &clock, 0, 2, 100 * MS, Some(Outcome::Success));
    request(&one, &cache, &clock, 1, 2, 10 * MS, Some(Outcome::Success));
    assert_eq!(of_100(&one, 0), 0);
    assert!((20..80).contains(&of_100(&other, 0)));
}

#[test]
fn a_heavier_one_may_be_slower_in_proportion() {
    let (cache, clock) = (weighted(&[3, 1]), Clock::manual());
    let lb = balancer(&cache, &clock);
    request(&lb, &cache, &clock, 1, 2, 10 * MS, Some(Outcome::Success));
    request(&lb, &cache, &clock, 0, 2, 29 * MS, Some(Outcome::Success));
    assert_eq!(of_100(&lb, 0), 100);
    request(&lb, &cache, &clock, 0, 2, 32 * MS, Some(Outcome::Success));
    assert_eq!(of_100(&lb, 0), 0);
}

#[test]
fn the_settings_are_those_that_were_set() {
    let (cache, clock) = (weighted(&[1, 1]), Clock::manual());
    let lb = PeakEwma::builder(cache.clone())
        .clock(clock.clone())
        .seed(7)
        .time_constant(100 * MS)
        .failure_penalty(15 * MS)
        .build();
    request(&lb, &cache, &clock, 1, 2, 14 * MS, Some(Outcome::Success));
    request(&lb, &cache, &clock, 0, 2, MS, Some(Outcome::Failure));
    assert_eq!(of_100(&lb, 0), 0, "a failure counts as 15 ms");
    request(&lb, &cache, &clock, 1, 2, 200 * MS, Some(Outcome::Success));
    assert_eq!(of_100(&lb, 0), 100);
    clock.advance(300 * MS);
    request(&lb, &cache, &clock, 0, 2, 16 * MS, Some(Outcome::Success));
    assert_eq!(of_100(&lb, 1), 100, "200 ms are worth 10 after three time constants and more");
}
