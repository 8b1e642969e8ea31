//! `WeightedRandom`: its distribution, tried endpoints included. Every sample is so large that a bias of 1 % of a share is
//! found in 95 of 100 samples (`enough_picks`).

mod support;

use std::thread;

use lb_core::{LoadBalancer, PickRequest};
use lb_strategies::WeightedRandom;

use support::{address, assert_shares, counts, counts_with, enough_picks, floats, tried_at, weighted};

#[test]
fn each_comes_by_its_share() {
    let cases: [&[u32]; 5] =
        [&[3, 1], &[60, 20, 20], &[0, 2, 0, 3, 0], &[4_000_000_000, 2_000_000_000], &[7]];
    for (weights, seed) in cases.into_iter().zip(1..) {
        let lb = WeightedRandom::new(weighted(weights), seed);
        let counts = counts(&lb, weights.len(), if weights.len() > 1 { enough_picks(weights) } else { 100 });
        assert_shares(&format!("{weights:?}"), &counts, &floats(weights));
    }
}

#[test]
fn all_zero_is_uniform() {
    let lb = WeightedRandom::new(weighted(&[0; 4]), 7);
    assert_shares("all zero", &counts(&lb, 4, enough_picks(&[1; 4])), &[1.0; 4]);
}

/// Each expected count is 5 at least, and 55 on average.
#[test]
fn a_thousand_endpoints_come_by_their_shares() {
    let weights: Vec<u32> = (51..=1050).collect();
    let lb = WeightedRandom::new(weighted(&weights), 7);
    let counts = counts(&lb, 1000, 60_000);
    let (chi_square, critical) =
        (lb_test::chi_square(&counts, &floats(&weights)), lb_test::chi_square_critical(999));
    assert!(chi_square < critical, "{chi_square} is more than {critical}");
}

#[test]
fn of_the_untried_each_comes_by_its_share_of_them() {
    // The heaviest is tried, so that half of the draws are in vain.
    let weights = [10, 3, 0, 2, 6];
    let cache = weighted(&weights);
    let (tried, lb) = (tried_at(&cache, &[0]), WeightedRandom::new(cache.clone(), 7));
    let picks = enough_picks(&[3, 2, 6]);
    let counts = counts_with(&lb, 5, (0..picks).map(|_| PickRequest::new().with_tried(&tried)));
    assert_shares("one tried", &counts, &[0.0, 3.0, 0.0, 2.0, 6.0]);
}

#[test]
fn one_pick_tells_nothing_of_the_next() {
    let lb = WeightedRandom::new(weighted(&[3, 1]), 7);
    let sequence: Vec<usize> = (0..200_001).map(|_| *lb.endpoint().unwrap()).collect();
    let mut pairs = [0; 4];
    sequence.windows(2).for_each(|pair| pairs[2 * pair[0] + pair[1]] += 1);
    assert_shares("pairs", &pairs, &[9.0, 3.0, 3.0, 1.0]);
}

#[test]
fn a_seed_gives_the_same_picks_whichever_threads_pick() {
    let cache = weighted(&[5, 1, 3]);
    let alone = counts(&WeightedRandom::new(cache.clone(), 7), 3, 4000);
    let lb = WeightedRandom::new(cache.clone(), 7);
    let mut shared = vec![0; 3];
    thread::scope(|scope| {
        let threads = [(); 4].map(|()| scope.spawn(|| counts(&lb, 3, 1000)));
        for counts in threads.map(|thread| thread.join().unwrap()) {
            shared.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
    });
    assert_eq!(shared, alone);
    assert_ne!(counts(&WeightedRandom::new(cache.clone(), 8), 3, 4000), alone);
}

#[test]
fn changed_weights_count_from_the_next_pick_on() {
    let cache = weighted(&[9, 1]);
    let lb = WeightedRandom::new(cache.clone(), 7);
    for weights in [[9, 1], [1, 9], [0, 1], [1, 1]] {
        cache.replace(support::instances(&weights));
        let picks = if weights.contains(&0) { 1000 } else { enough_picks(&weights).min(200_000) };
        assert_shares(&format!("{weights:?}"), &counts(&lb, 2, picks), &floats(&weights));
    }
    assert_eq!(lb.endpoint().unwrap().address().len(), address(0).len());
}
