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

/// As many different turns as the counters tell apart where there is no cycle: the circle has no end. Counters start a
/// sixteenth of them apart, which is, of all numbers near 2⁴⁸, so chosen that it leads a sixteenth of the circle on.
#[expect(clippy::cast_possible_truncation, reason = "fewer turns, where a usize has 32 bits")]
const ENDLESS: usize = (16 * 0xfff_ffe2_f95f_u64) as usize;

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

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::split_mix::{STEP, mix};
    use lb_core::Instance;

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

    fn turns(weights: &[u32]) -> TurnsByWeight {
        let member =
            |(index, weight): (usize, &u32)| (Instance::new(format!("{index:05}")).with_weight(*weight), ());
        TurnsByWeight::of(&EndpointSet::new(weights.iter().enumerate().map(member)))
    }

    /// How far any member's count is from its share over any turns in a row of these, at the most: how far apart the
    /// extremes of (count − share) are, which is at its lowest before a turn of the member, and at its highest after.
    #[expect(clippy::cast_precision_loss, reason = "no test counts to 2⁵³")]
    fn unevenness(weights: &[u32], turns: impl Iterator<Item = usize>) -> f64 {
        let total: f64 = weights.iter().copied().map(f64::from).sum();
        // Of each: its count, the least and the most of (count − share).
        let mut state = vec![(0.0_f64, 0.0_f64, 0.0_f64); weights.len()];
        let mut taken = 0_u64;
        for member in turns {
            let share = f64::from(weights[member]) / total;
            let (count, least, most) = &mut state[member];
            *least = least.min(*count - share * taken as f64);
            *count += 1.0;
            taken += 1;
            *most = most.max(*count - share * taken as f64);
        }
        let apart = weights.iter().zip(state).map(|(weight, (count, least, most))| {
            // At the end, who has waited longest.
            let end = count - f64::from(*weight) / total * taken as f64;
            most - least.min(end)
        });
        apart.fold(0.0, f64::max)
    }

    fn small_sets() -> Vec<Vec<u32>> {
        let random = |n: u64| {
            let numbers: Vec<u64> = (0..20).map(|k| mix(STEP.wrapping_mul(100 * n + k))).collect();
            let len = 2 + usize::try_from(numbers[19] % 18).unwrap();
            let most = [2, 5, 20, 50][usize::try_from(n % 4).unwrap()];
            numbers[..len].iter().map(|number| u32::try_from(number % (most + 1)).unwrap()).collect()
        };
        let named: [&[u32]; 9] = [
            &[5, 1, 1],
            &[7, 3, 2, 1],
            &[100, 1],
            &[100, 99, 98, 1, 1, 1],
            &[1, 2, 3, 4, 5, 6, 7, 8],
            &[1000, 1],
            &[500, 499, 1],
            &[30_000, 10_000, 20_000],
            &[512, 256, 128, 64, 32, 16, 8, 4, 2, 1, 1],
        ];
        named.iter().map(|weights| weights.to_vec()).chain((0..400).map(random)).collect()
    }

    #[test]
    fn a_cycle_has_each_as_often_as_its_weight_and_no_count_is_two_from_its_share_over_any_turns_in_a_row() {
        let (mut cycles, mut worst) = (0, 0.0_f64);
        for weights in small_sets() {
            let turns = turns(&weights);
            let Some(cycle) = &turns.cycle else { continue };
            cycles += 1;
            let divisor = weights.iter().fold(0, |divisor, weight| gcd(divisor, *weight));
            for (member, weight) in (0..).zip(&weights) {
                let count = cycle.iter().filter(|turn| **turn == member).count();
                assert_eq!(count, (weight / divisor) as usize, "{weights:?}");
            }
            // Twice: the seam is a place like any other.
            let twice = (0..2 * turns.len()).map(|turn| turns.member(turn % turns.len()));
            let apart = unevenness(&weights, twice);
            assert!(apart < 2.0, "{weights:?}: {apart}");
            worst = worst.max(apart);
        }
        assert!(cycles > 300 && worst > 1.0, "{cycles} cycles, at most {worst} off");
    }

    #[test]
    fn no_burst_is_longer_than_it_has_to_be() {
        // A member with more than half of the turns has ⌈weight / others⌉ in a row somewhere, the seam included.
        for (weights, expected) in
            [(&[5, 1, 1][..], 3), (&[1, 1, 1], 1), (&[9, 1], 9), (&[4, 3, 3], 2), (&[7, 2, 1], 4)]
        {
            let turns = turns(weights);
            let sequence: Vec<_> =
                (0..3 * turns.len()).map(|turn| turns.member(turn % turns.len())).collect();
            let longest = sequence.chunk_by(|a, b| a == b).map(<[_]>::len).max().unwrap();
            assert!(longest <= expected, "{weights:?}: {longest} in a row");
        }
    }

    /// Golden steps come back to the rest of the circle after a Fibonacci number of them: four in a row where three are the
    /// fewest.
    #[test]
    fn golden_steps_have_no_long_bursts_either() {
        for (weights, expected) in [
            (&[5000, 1000, 1001][..], 4),
            (&[1000, 999, 7], 2),
            (&[400, 401, 402, 403], 1),
            (&[9000, 1001], 12),
        ] {
            let turns = turns(weights);
            assert!(turns.cycle.is_none());
            let sequence: Vec<_> = (0..100_000).map(|turn| turns.member(turn)).collect();
            let longest = sequence.chunk_by(|a, b| a == b).map(<[_]>::len).max().unwrap();
            assert_eq!(longest, expected, "{weights:?}");
        }
    }

    /// What golden steps come to: measured, and asserted with little room.
    #[test]
    fn by_golden_steps_a_count_is_off_by_a_few() {
        let spread = |n: u64| u32::try_from(mix(n) % 1_000_000 + 1).unwrap();
        let cases: [(Vec<u32>, usize, f64); 5] = [
            ((0..10_000).map(spread).collect(), 1_000_000, 4.0),
            (vec![1, 1_000_000], 4_000_000, 2.0),
            (vec![1000, 999, 7], 1_000_000, 5.5),
            ((0..100).map(spread).collect(), 1_000_000, 5.5),
            (vec![u32::MAX, u32::MAX - 1], 1_000_000, 5.5),
        ];
        for (weights, count, bound) in cases {
            let turns = turns(&weights);
            assert!(turns.cycle.is_none());
            let apart = unevenness(&weights, (0..count).map(|turn| turns.member(turn)));
            assert!(apart < bound, "{} members: {apart}", weights.len());
        }
    }

    #[test]
    fn a_sixteenth_of_all_turns_leads_a_sixteenth_of_the_circle_on() {
        let step = (ENDLESS as u64 / 16).wrapping_mul(GOLDEN);
        assert!(step.abs_diff(1 << 60) < 1 << 42, "{step:x}");
    }

    #[test]
    fn every_turn_of_golden_steps_is_a_members_however_far_the_counter_is() {
        let turns = turns(&[1, 0, 1_000_000]);
        assert_eq!(turns.len(), ENDLESS);
        for turn in (0..1000).chain(ENDLESS - 1000..ENDLESS) {
            assert!([0, 2].contains(&turns.member(turn)));
        }
        // Once in a million and one turns, give or take the unevenness.
        let firsts: Vec<_> = (0..4_000_000).filter(|turn| turns.member(*turn) == 0).collect();
        assert!((3..=5).contains(&firsts.len()), "{firsts:?}");
    }
}
