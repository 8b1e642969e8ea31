//! The power of two choices (M. Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001): of two
//! endpoints drawn at random, the one with the lower load.

use std::sync::Arc;

use crate::circle::Circle;
use crate::in_flight::InFlight;
use crate::shares::Shares;
use crate::split_mix::{below, mix, nth};

/// Two different members, each drawn by its share; the same one twice where no other has a share.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the two halves of a number")]
pub(crate) fn two(shares: &Shares, number: u64) -> (usize, usize) {
    if let Some(circle) = shares.circle() {
        return two_by_share(circle, number);
    }
    let len = shares.len();
    if len == 1 {
        return (0, 0);
    }
    // Half of a number is enough for each: sets are far smaller than 2³².
    let first = below(number, len);
    let second = below(u64::from(number as u32) << 32, len - 1);
    (first, second + usize::from(second >= first))
}

/// The second is drawn from the rest of the circle, which begins where the first one's arc ends.
fn two_by_share(circle: &Circle, number: u64) -> (usize, usize) {
    let (first, next, rest) = circle.owner_and_rest(number);
    if rest == 0 {
        return (first, first);
    }
    let further = below(nth(number, 1), rest);
    (first, circle.owner(next.wrapping_add(further as u64)))
}

/// Two different members of those that `wanted` says yes of; the same one twice where there is no other. `None`: there is
/// none at all.
pub(crate) fn two_wanted(
    shares: &Shares,
    number: u64,
    wanted: &dyn Fn(usize) -> bool,
) -> Option<(usize, usize)> {
    let first = shares.draw_wanted(number, wanted)?;
    let second = shares.draw_wanted(mix(number), |index| index != first && wanted(index));
    Some((first, second.unwrap_or(first)))
}

/// Of two the one with fewer requests in flight for its weight; the first where they are alike. An idle pair goes as it was
/// drawn, which is by weight already: else the heavier would always be taken, and the lighter would get nothing before the
/// other is busy.
#[inline]
pub(crate) fn less_in_flight(
    shares: &Shares,
    in_flight: &[Arc<InFlight>],
    (first, second): (usize, usize),
) -> usize {
    let count = |index: usize| u64::from(in_flight[index].get());
    let (of_first, of_second) = (count(first), count(second));
    // With this request: (in flight + 1) / weight, multiplied out.
    let load = |in_flight: u64, other: usize| (in_flight + 1) * u64::from(shares.weight(other));
    let is_idle = of_first | of_second == 0;
    if !is_idle && load(of_second, first) < load(of_first, second) { second } else { first }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::split_mix::STEP;

    #[test]
    fn the_two_are_different_while_another_has_a_share() {
        for weights in
            [&[3, 1][..], &[1, 1], &[1_000_000, 1], &[u32::MAX, 1, 0], &[1; 10], &[5, 0, 0, 1, 7], &[0, 0]]
        {
            let shares = Shares::new(weights.into());
            let mut seen = vec![false; weights.len()];
            for n in 0..10_000 {
                let (first, second) = two(&shares, mix(STEP.wrapping_mul(n)));
                assert_ne!(first, second, "{weights:?}");
                (seen[first], seen[second]) = (true, true);
            }
            let expected: Vec<_> = (0..weights.len()).map(|index| shares.weight(index) > 0).collect();
            assert_eq!(seen, expected, "{weights:?}");
        }
    }

    #[test]
    fn the_same_one_comes_twice_where_no_other_has_a_share() {
        for (weights, only) in [(&[1][..], 0), (&[0], 0), (&[0, 9, 0], 1)] {
            let shares = Shares::new(weights.into());
            assert!((0..100).all(|n| two(&shares, mix(n)) == (only, only)), "{weights:?}");
            assert_eq!(two_wanted(&shares, 7, &|_| true), Some((only, only)), "{weights:?}");
        }
    }

    #[test]
    fn two_of_the_wanted_are_different_while_there_are_two() {
        let shares = Shares::new([9, 1, 0, 2, u32::MAX].into());
        for n in 0..1000 {
            let number = mix(n);
            let (first, second) = two_wanted(&shares, number, &|index| index < 4).unwrap();
            assert!(first != second && first < 4 && second < 4 && first != 2 && second != 2);
            assert_eq!(two_wanted(&shares, number, &|index| index == 3), Some((3, 3)));
            assert_eq!(two_wanted(&shares, number, &|index| index == 2), None);
        }
    }

    /// Of {3, 2, 1}: the first by the shares of all, the second by the shares of the others.
    #[test]
    fn the_second_comes_by_the_shares_of_the_others() {
        let shares = Shares::new([3, 2, 1].into());
        let mut counts = [[0_u64; 3]; 3];
        for n in 0..200_000 {
            let (first, second) = two(&shares, mix(STEP.wrapping_mul(n)));
            counts[first][second] += 1;
        }
        let expected = [
            [0.0, 3.0 / 6.0 * 2.0 / 3.0, 3.0 / 6.0 / 3.0],
            [2.0 / 6.0 * 3.0 / 4.0, 0.0, 2.0 / 6.0 / 4.0],
            [1.0 / 6.0 * 3.0 / 5.0, 1.0 / 6.0 * 2.0 / 5.0, 0.0],
        ];
        let chi_square = lb_test::chi_square(counts.as_flattened(), expected.as_flattened());
        assert!(chi_square < lb_test::chi_square_critical(5), "{counts:?}");
    }
}
