//! The power of two choices (M. Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001): of two
//! endpoints drawn at random, the one with the lower load.

use crate::shares::Shares;
use crate::split_mix::{STEP, below, mix};

/// So often a second is drawn where weights are unequal, before the first is taken alone.
const REDRAWS: u64 = 4;

/// Two different members, each drawn by its share; the same one twice where no other was found.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the two halves of a number")]
pub(crate) fn two(shares: &Shares, number: u64) -> (usize, usize) {
    if !shares.are_equal() {
        return two_by_weight(shares, number);
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

fn two_by_weight(shares: &Shares, number: u64) -> (usize, usize) {
    let first = shares.draw(number);
    let others = (1..=REDRAWS).map(|n| shares.draw(mix(number.wrapping_add(STEP.wrapping_mul(n)))));
    let second = others.into_iter().find(|other| *other != first);
    (first, second.unwrap_or(first))
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
