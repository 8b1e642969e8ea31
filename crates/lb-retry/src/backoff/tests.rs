use std::time::Duration;

use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

use super::{Backoff, Delays, InvalidBackoff};

const MILLISECOND: Duration = Duration::from_millis(1);

fn draws(backoff: Backoff, seed: u64, count: usize) -> Vec<Duration> {
    let mut delays = Delays::seeded(Xoshiro256PlusPlus::seed_from_u64(seed));
    (0..count).map(|_| delays.draw(backoff)).collect()
}

#[test]
fn a_base_of_zero_is_refused_by_name() {
    let error = Backoff::new(Duration::ZERO, MILLISECOND).unwrap_err();
    assert_eq!(error, InvalidBackoff::ZeroBase);
    assert_eq!(error.to_string(), "backoff base is 0: it must be longer than zero");
}

#[test]
fn a_base_longer_than_the_max_is_refused_with_both_values() {
    let error = Backoff::new(2 * MILLISECOND, MILLISECOND).unwrap_err();
    assert_eq!(error.to_string(), "backoff base 2ms is longer than its max 1ms: it must not be");
}

#[test]
fn the_ceiling_doubles_up_to_the_max() {
    let backoff = Backoff::new(10 * MILLISECOND, 50 * MILLISECOND).unwrap();
    let ceilings: Vec<_> = (0..5).map(|round| backoff.ceiling(round).as_millis()).collect();
    assert_eq!(ceilings, [10, 20, 40, 50, 50]);
    assert_eq!(backoff.ceiling(u32::MAX), 50 * MILLISECOND);
}

#[test]
fn the_jitter_is_full_it_reaches_the_lowest_and_the_highest_tenth() {
    let fixed = Backoff::new(100 * MILLISECOND, 100 * MILLISECOND).unwrap();
    let draws = draws(fixed, 7, 1_000);
    let lowest = draws.iter().filter(|delay| **delay < 10 * MILLISECOND).count();
    let highest = draws.iter().filter(|delay| **delay > 90 * MILLISECOND).count();
    assert!((50..200).contains(&lowest) && (50..200).contains(&highest), "{lowest} and {highest} of 1000");
}

#[test]
fn two_requests_do_not_sleep_the_same_delays() {
    let requests = [Delays::new(), Delays::new()];
    let backoff = Backoff::default();
    let [first, second] = requests.map(|mut delays| [0; 4].map(|_| delays.draw(backoff)));
    assert_ne!(first, second);
}

#[test]
fn the_last_wait_ends_before_what_is_left_of_the_time_and_is_never_zero() {
    let mut delays = Delays::seeded(Xoshiro256PlusPlus::seed_from_u64(7));
    for nanos in [0, 1] {
        assert_eq!(delays.within(Duration::from_nanos(nanos)), None);
    }
    for nanos in [2, 1_000, 1_000_000] {
        let left = Duration::from_nanos(nanos);
        let mut drawn = (0..100).map(|_| delays.within(left).unwrap());
        assert!(drawn.all(|delay| !delay.is_zero() && delay < left), "{left:?}");
    }
}

proptest! {
    #[test]
    fn a_wait_is_never_zero_and_never_longer_than_the_max(
        base in 1_u64.., extra in any::<u64>(), seed in any::<u64>(),
    ) {
        let max = Duration::from_nanos(base).saturating_add(Duration::from_secs(extra));
        let backoff = Backoff::new(Duration::from_nanos(base), max).unwrap();
        for delay in draws(backoff, seed, 70) {
            prop_assert!(!delay.is_zero() && delay <= max);
        }
    }
}
