use super::hashing;
use crate::circle::{Arc, Circle};

/// Points an endpoint, where there are not many: twice as many as Ketama has, so that an endpoint's share is within 20 % of
/// the mean for all but one in some thousands.
const MOST_POINTS: usize = 320;

/// The most points a ring is meant to have, unless that would be less than [`FEWEST_POINTS`] an endpoint.
const RING: usize = 400_000;

const FEWEST_POINTS: usize = 10;

/// A ring of the endpoints' points: an endpoint owns what lies between one of its points and the next point
/// (D. Karger et al., "Consistent Hashing and Random Trees", 1997).
///
/// The j-th point of an endpoint is the j-th number from its hash. How many it has follows from its weight by a unit that
/// seldom changes, so that an endpoint that comes or goes seldom moves another's points.
pub(super) fn new(hashes: &[u64], weights: &[u32]) -> Circle {
    let base = points_of_unit(hashes.len()) as u64;
    let (unit, all_zero) = (unit(weights), weights.iter().all(|weight| *weight == 0));
    let points = |weight: u32| match u64::from(weight) {
        0 if all_zero => base,
        0 => 0,
        weight => (weight * base / unit).max(1),
    };
    let size = weights.iter().map(|weight| points(*weight)).sum::<u64>();
    let mut arcs = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    for ((&hash, owner), &weight) in hashes.iter().zip(0..).zip(weights) {
        arcs.extend((0..points(weight)).map(|point| Arc { start: hashing::further(hash, point), owner }));
    }
    arcs.sort_unstable();
    Circle::new(arcs)
}

/// The weight that has the base's points: the largest one, rounded down to a power of two, and a quarter of that as long as
/// it is more than four times the mean. By the mean alone, weights of 1 to 3 would have all points double whenever one of 3
/// leaves. At most twice the base's points an endpoint, and at least a quarter, is the mean.
fn unit(weights: &[u32]) -> u64 {
    let positive = || weights.iter().filter(|weight| **weight > 0).map(|weight| u64::from(*weight));
    let Some(largest) = positive().max() else { return 1 };
    let (count, total) = (positive().count() as u64, positive().sum::<u64>());
    let mut unit = 1 << largest.ilog2();
    while unit * count > 4 * total {
        unit /= 4;
    }
    unit
}

/// 320, and half of that each time there are too many for the ring, down to 10.
fn points_of_unit(endpoints: usize) -> usize {
    let halves = (0..=5).find(|halves| (MOST_POINTS >> halves) * endpoints <= RING);
    halves.map_or(FEWEST_POINTS, |halves| MOST_POINTS >> halves)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split_mix::mix;

    #[test]
    fn the_unit_is_of_the_order_of_the_heavy_ones() {
        for (weights, expected) in [
            (&[][..], 1),
            (&[0, 0], 1),
            (&[1, 1, 1], 1),
            (&[3, 3, 1], 2),
            (&[3, 3], 2),
            (&[0, 100, 100], 64),
            (&[100, 1, 1, 1, 1, 1, 1, 1, 1], 16),
            (&[u32::MAX], 1 << 31),
            (&[u32::MAX, 1, 1], 1 << 31),
        ] {
            assert_eq!(unit(weights), expected, "{weights:?}");
        }
    }

    #[test]
    fn the_number_of_points_does_not_depend_on_the_weights() {
        let one_heavy = |len: usize| [vec![u32::MAX], vec![1; len]].concat();
        let one_light = |len: usize| [vec![1], vec![u32::MAX; len]].concat();
        for weights in [
            one_heavy(1),
            one_heavy(500),
            one_light(1),
            one_light(500),
            (0..500).map(|n| n * n * n).collect(),
        ] {
            let hashes: Vec<u64> = (0..weights.len() as u64).map(mix).collect();
            let points = new(&hashes, &weights).len();
            assert!(points <= 2 * MOST_POINTS * weights.len(), "{points} for {} endpoints", weights.len());
        }
    }

    #[test]
    fn the_ring_stays_within_its_size() {
        for (endpoints, points) in [
            (1, 320),
            (1250, 320),
            (1251, 160),
            (2501, 80),
            (10_000, 40),
            (20_000, 20),
            (20_001, 10),
            (100_000, 10),
        ] {
            assert_eq!(points_of_unit(endpoints), points, "{endpoints}");
        }
    }
}
