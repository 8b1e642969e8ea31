//! Whose turn it is where members have weights: an order in which the turns of each are spread as evenly as can be.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use lb_core::EndpointSet;

use crate::shares::Shares;

/// In which order the members of a set have their turns: one after the other where all have the same weight, in an exact
/// cycle for small ratios, and else by steps of the golden ratio around the circle of the shares.
#[derive(Debug)]
pub(crate) struct TurnsByWeight {
    shares: Shares,
    cycle: Option<Box<[u32]>>,
}

/// The longest exact cycle. Its memory: 4 bytes a turn.
const LONGEST_CYCLE: u64 = 1024;

/// 2⁶⁴ over the golden ratio, made odd.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// As many different turns as the counters tell apart where there is no cycle: the circle has no end.
const ENDLESS: usize = 1 << (usize::BITS - 16);

impl TurnsByWeight {
    pub(crate) fn of<E>(set: &EndpointSet<E>) -> Self {
        let shares = Shares::of(set);
        let weights: Vec<u32> = (0..set.len()).map(|index| shares.weight(index)).collect();
        let divisor = weights.iter().fold(0, |divisor, weight| gcd(divisor, *weight));
        let is_short = shares.total() <= LONGEST_CYCLE * u64::from(divisor);
        let ratios = || weights.iter().map(|weight| weight / divisor).collect::<Vec<_>>();
        let cycle = (!shares.are_equal() && is_short).then(|| cycle(&ratios()));
        Self { shares, cycle }
    }

    /// How many turns there are before they begin again.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        match &self.cycle {
            Some(cycle) => cycle.len(),
            None if self.shares.are_equal() => self.shares.len(),
            None => ENDLESS,
        }
    }

    /// Whose turn it is, at a turn below [`len`](Self::len).
    #[inline]
    pub(crate) fn member(&self, turn: usize) -> usize {
        match &self.cycle {
            Some(cycle) => cycle[turn] as usize,
            None if self.shares.are_equal() => turn,
            None => self.shares.draw((turn as u64).wrapping_mul(GOLDEN)),
        }
    }

    pub(crate) fn shares(&self) -> &Shares {
        &self.shares
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// A cycle in which each member has as many turns as its weight w says, spread as evenly as can be: the k-th turn (from
/// 0) is to come from k·T/w on, where T is the sum of all weights, and before (k+1)·T/w; of those whose turn may come, the
/// one that has to come first is next. Serving the earliest deadline first is what solves the chairman assignment problem
/// (R. Tijdeman, 1980) and proportionate scheduling (S. Baruah et al., "Proportionate progress", 1996); starting no turn
/// early, while there is another, keeps a heavy member's turns apart. Over any number of turns in a row a member's count
/// is less than 2 from its share, as the tests find.
fn cycle(weights: &[u32]) -> Box<[u32]> {
    let total: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
    // When the k-th turn may come. Before the next one may, it must have been.
    let from =
        |member: u32, turn: u32| (u64::from(turn) * total).div_ceil(u64::from(weights[member as usize]));
    let members = (0..).zip(weights).filter(|(_, weight)| **weight > 0);
    let mut later: BinaryHeap<_> = members.map(|(member, _)| Reverse((0, member, 0))).collect();
    let mut ready = BinaryHeap::new();
    let mut turns = Vec::new();
    for now in 0..total {
        while later.peek().is_some_and(|Reverse((from, ..))| *from <= now) {
            let due = later.pop();
            ready.extend(
                due.map(|Reverse((_, member, turn))| Reverse((from(member, turn + 1), member, turn))),
            );
        }
        let Some(Reverse((_, member, turn))) = ready.pop().or_else(|| later.pop()) else { break };
        turns.push(member);
        if turn + 1 < weights[member as usize] {
            later.push(Reverse((from(member, turn + 1), member, turn + 1)));
        }
    }
    turns.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(weights: &[u32]) -> String {
        cycle(weights).iter().map(|member| char::from(b'a' + u8::try_from(*member).unwrap())).collect()
    }

    #[test]
    fn exact_sequences() {
        for (weights, expected) in [
            (&[5, 1, 1][..], "abaacaa"),
            (&[1, 1, 1], "abc"),
            (&[2, 1], "aba"),
            (&[3, 2], "ababa"),
            (&[1, 3], "babb"),
            (&[0, 2, 1], "bcb"),
        ] {
            assert_eq!(letters(weights), expected, "{weights:?}");
        }
    }

    #[test]
    fn no_count_is_two_from_its_share_over_any_turns_in_a_row() {
        for weights in
            [&[5, 1, 1][..], &[7, 3, 2, 1], &[100, 1], &[100, 99, 98, 1, 1, 1], &[1, 2, 3, 4, 5, 6, 7, 8]]
        {
            let total: u32 = weights.iter().sum();
            let turns = cycle(weights).repeat(2);
            assert_eq!(turns.len(), 2 * total as usize, "{weights:?}: a turn was lost");
            for (member, weight) in (0..).zip(weights) {
                let share = f64::from(*weight) / f64::from(total);
                for from in 0..total as usize {
                    let mut count = 0.0;
                    for (taken, turn) in (1..).zip(&turns[from..from + total as usize]) {
                        count += f64::from(u8::from(*turn == member));
                        let apart = (count - share * f64::from(taken)).abs();
                        assert!(apart < 2.0, "{weights:?}: {apart} from {from} over {taken}");
                    }
                }
            }
        }
    }
}
