//! What the tests of strategies share.

#![allow(dead_code, reason = "each file of tests uses a part of it")]

pub(crate) mod simulation;

use std::sync::Arc;

use lb_core::{EndpointCache, Instance, LoadBalancer, PickRequest, Publisher, Tried};
use lb_test::{DEVIATIONS, chi_square, chi_square_critical, deviations, picks_to_find};

/// Endpoints that know their index.
pub(crate) type Cache = Arc<EndpointCache<usize>>;

/// An endpoint for each weight; the address tells its index.
pub(crate) fn weighted(weights: &[u32]) -> Cache {
    let cache = Arc::new(EndpointCache::new(|instance: &Instance| instance.address().parse::<usize>()));
    cache.replace(instances(weights));
    cache
}

pub(crate) fn instances(weights: &[u32]) -> Vec<Instance> {
    let instance = |(index, weight): (usize, &u32)| Instance::new(address(index)).with_weight(*weight);
    weights.iter().enumerate().map(instance).collect()
}

pub(crate) fn address(index: usize) -> String {
    format!("{index:05}")
}

/// The endpoints at these indices, as tried.
pub(crate) fn tried_at<P: Publisher>(publisher: &P, indices: &[usize]) -> Tried {
    let (set, mut tried) = (publisher.endpoints().unwrap(), Tried::new());
    for index in indices {
        tried.insert(set.id_at(*index).unwrap());
    }
    tried
}

/// How often each of `len` endpoints is picked.
pub(crate) fn counts<L>(lb: &L, len: usize, picks: u64) -> Vec<u64>
where
    L: LoadBalancer<Endpoint = usize>,
{
    counts_with(lb, len, (0..picks).map(|_| PickRequest::new()))
}

/// The same for these requests.
pub(crate) fn counts_with<'a, L>(
    lb: &L,
    len: usize,
    requests: impl Iterator<Item = PickRequest<'a>>,
) -> Vec<u64>
where
    L: LoadBalancer<Endpoint = usize>,
{
    let mut counts = vec![0; len];
    requests.for_each(|request| counts[*lb.pick(&request).unwrap()] += 1);
    counts
}

/// The order in which a request comes by all `len` endpoints that tries each.
pub(crate) fn order<L>(lb: &L, len: usize) -> Vec<usize>
where
    L: LoadBalancer<Endpoint = usize>,
{
    let mut tried = Tried::new();
    let next = |_| {
        let pick = lb.pick(&PickRequest::new().with_tried(&tried)).unwrap();
        tried.insert(pick.id());
        *pick
    };
    (0..len).map(next).collect()
}

/// So many picks that a bias of 1 % of any endpoint's share is found in 95 of 100 samples.
pub(crate) fn enough_picks(weights: &[u32]) -> u64 {
    let total: f64 = weights.iter().copied().map(f64::from).sum();
    let least = weights.iter().filter(|weight| **weight > 0).min().unwrap();
    let share = f64::from(*least) / total;
    picks_to_find(share, 1.01 * share)
}

/// That counts are as these shares, of any sum, say: each as near as in all but one of a thousand samples, and all of them
/// together too.
#[track_caller]
pub(crate) fn assert_shares(what: &str, counts: &[u64], shares: &[f64]) {
    let (all, total): (u64, f64) = (counts.iter().sum(), shares.iter().sum());
    for (index, (&count, share)) in counts.iter().zip(shares).enumerate() {
        if *share == 0.0 {
            assert_eq!(count, 0, "{what}: {index} of {counts:?} has no share");
        } else if *share < total {
            let off = deviations(count, all, share / total);
            assert!(off.abs() < DEVIATIONS, "{what}: {index} of {counts:?} is {off} deviations off");
        }
    }
    let some = shares.iter().filter(|share| **share > 0.0).count();
    if some > 1 {
        let critical = chi_square_critical(u32::try_from(some - 1).unwrap());
        assert!(chi_square(counts, shares) < critical, "{what}: {counts:?}");
    }
}

pub(crate) fn floats(weights: &[u32]) -> Vec<f64> {
    weights.iter().copied().map(f64::from).collect()
}

/// A sequence that looks random and is always the same.
pub(crate) fn numbers(seed: u64) -> impl Iterator<Item = u64> {
    (1_u64..).map(move |n| {
        let z = seed.wrapping_add(n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}
