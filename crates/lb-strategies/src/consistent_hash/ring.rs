use super::hashing;
use crate::circle::{Arc, Circle};
use crate::shares::Shares;

/// Points an endpoint, where there are not many: as Ketama has.
const MOST_POINTS: usize = 160;

/// The most points a ring is meant to have, unless that would be less than [`FEWEST_POINTS`] an endpoint.
const RING: usize = 400_000;

const FEWEST_POINTS: usize = 10;

/// A ring of the endpoints' points: an endpoint owns what lies between one of its points and the next point
/// (D. Karger et al., "Consistent Hashing and Random Trees", 1997).
///
/// The j-th point of an endpoint is the j-th number from its hash. How many it has follows from its weight and the mean
/// weight, rounded down to a power of two, so that an endpoint that comes or goes seldom moves another's points.
pub(super) fn new(hashes: &[u64], shares: &Shares) -> Circle {
    let base = points_of_mean(hashes.len());
    let positive = (0..hashes.len()).filter(|index| shares.weight(*index) > 0).count() as u64;
    let mean = 1 << (shares.total() / positive.max(1)).max(1).ilog2();
    let mut arcs = Vec::new();
    for (index, (&hash, owner)) in hashes.iter().zip(0..).enumerate() {
        let weight = u64::from(shares.weight(index));
        let points = if weight == 0 { 0 } else { (weight * base / mean).max(1) };
        arcs.extend((0..points).map(|point| Arc { start: hashing::further(hash, point), owner }));
    }
    sort(&mut arcs);
    Circle::new(arcs)
}

/// 160, and half of that each time there are too many for the ring, down to 10.
fn points_of_mean(endpoints: usize) -> u64 {
    let halves = (0..4).find(|halves| (MOST_POINTS >> halves) * endpoints <= RING);
    halves.map_or(FEWEST_POINTS, |halves| MOST_POINTS >> halves) as u64
}

/// By start, then by owner. Points are spread evenly: they are dealt into buckets by their first bits, which hold one or
/// two each, and a last pass puts the neighbours in order.
#[expect(clippy::cast_possible_truncation, reason = "the first bits are an index")]
fn sort(arcs: &mut Vec<Arc>) {
    let bits = arcs.len().next_power_of_two().trailing_zeros().max(1);
    let bucket = |arc: &Arc| (arc.start >> (u64::BITS - bits)) as usize;
    let mut ends = vec![0_u32; (1 << bits) + 1];
    for arc in arcs.iter() {
        ends[bucket(arc) + 1] += 1;
    }
    for place in 1..ends.len() {
        ends[place] += ends[place - 1];
    }
    let mut sorted = vec![Arc { start: 0, owner: 0 }; arcs.len()];
    for arc in arcs.iter() {
        let place = &mut ends[bucket(arc)];
        sorted[*place as usize] = *arc;
        *place += 1;
    }
    // An insertion sort: nothing has far to go.
    for end in 1..sorted.len() {
        let mut place = end;
        while place > 0 && sorted[place] < sorted[place - 1] {
            sorted.swap(place, place - 1);
            place -= 1;
        }
    }
    *arcs = sorted;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split_mix::mix;

    #[test]
    fn points_are_sorted() {
        for count in [0, 1, 2, 3, 1000, 4097] {
            let mut arcs: Vec<_> = (0..count).map(|n| Arc { start: mix(u64::from(n)), owner: n }).collect();
            let mut expected = arcs.clone();
            expected.sort_unstable();
            sort(&mut arcs);
            assert_eq!(arcs, expected);
        }
    }

    #[test]
    fn the_ring_stays_within_its_size() {
        for (endpoints, points) in
            [(1, 160), (2500, 160), (2501, 80), (10_000, 40), (20_001, 10), (100_000, 10)]
        {
            assert_eq!(points_of_mean(endpoints), points, "{endpoints}");
        }
    }
}
