use lb_core::EndpointSet;

use crate::circle::{Arc, Circle};
use crate::split_mix::{below, nth};

/// What share of the picks each member of a set gets by its weight.
///
/// Weights are not to be trusted. 0 gets nothing, unless all are 0, which means that all are equal. Any other up to
/// `u32::MAX` gets its share, to 2⁻⁶³ of all, in memory that does not depend on the weights: 28 bytes a member at most,
/// none where all are equal.
#[derive(Debug)]
pub(crate) struct Shares {
    len: usize,
    /// `None`: all are equal.
    weighted: Option<Weighted>,
}

#[derive(Debug)]
struct Weighted {
    weights: Box<[u32]>,
    circle: Circle,
}

/// So often a tried member is drawn again, before the untried ones are counted.
const REDRAWS: u64 = 8;

impl Shares {
    pub(crate) fn of<E>(set: &EndpointSet<E>) -> Self {
        Self::new(set.instances().map(lb_core::Instance::weight).collect())
    }

    pub(crate) fn new(weights: Box<[u32]>) -> Self {
        let len = weights.len();
        if weights.iter().all(|weight| *weight == weights[0]) {
            return Self { len, weighted: None };
        }
        let circle = Circle::new(arcs(&weights));
        Self { len, weighted: Some(Weighted { weights, circle }) }
    }

    /// How many members there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether all members have the same share.
    #[inline]
    pub(crate) fn are_equal(&self) -> bool {
        self.weighted.is_none()
    }

    /// The circle that the members have their shares of. `None`: all are equal.
    #[inline]
    pub(crate) fn circle(&self) -> Option<&Circle> {
        self.weighted.as_ref().map(|weighted| &weighted.circle)
    }

    /// The weight of a member: 1 where all are equal, 0 where it gets nothing.
    #[inline]
    pub(crate) fn weight(&self, index: usize) -> u32 {
        self.weighted.as_ref().map_or(1, |weighted| weighted.weights[index])
    }

    /// The sum of all weights.
    pub(crate) fn total(&self) -> u64 {
        match &self.weighted {
            None => self.len as u64,
            Some(weighted) => weighted.weights.iter().map(|weight| u64::from(*weight)).sum(),
        }
    }

    /// The member that a number, uniform over all, stands for.
    #[inline]
    pub(crate) fn draw(&self, number: u64) -> usize {
        match &self.weighted {
            None => below(number, self.len),
            Some(weighted) => weighted.circle.owner(number),
        }
    }

    /// The same among the members that `wanted` says yes of, by their shares. `None`: none of them has one.
    pub(crate) fn draw_wanted(&self, number: u64, wanted: impl Fn(usize) -> bool) -> Option<usize> {
        // Whoever is drawn again until it is wanted comes as often as its share of the wanted ones says.
        let drawn = (1..=REDRAWS).map(|n| self.draw(nth(number, n)));
        drawn.into_iter().find(|index| wanted(*index)).or_else(|| self.draw_counted(number, wanted))
    }

    fn draw_counted(&self, number: u64, wanted: impl Fn(usize) -> bool) -> Option<usize> {
        let weights =
            || (0..self.len).filter(|index| wanted(*index)).map(|index| (index, self.weight(index)));
        let total: u64 = weights().map(|(_, weight)| u64::from(weight)).sum();
        let mut left = usize::try_from(total).map_or(0, |total| below(number, total)) as u64;
        for (index, weight) in weights() {
            if left < u64::from(weight) {
                return Some(index);
            }
            left -= u64::from(weight);
        }
        None
    }
}

/// An arc for each member of positive weight, as long as its share of the circle.
fn arcs(weights: &[u32]) -> Vec<Arc> {
    let total: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
    // The sum of the weights before, times 2⁶⁴, by the total: one division for all of them.
    let unit = u128::MAX / u128::from(total);
    #[expect(clippy::cast_possible_truncation, reason = "the two halves of a number")]
    let (high, low) = ((unit >> 64) as u64, unit as u64);
    let mut before = 0_u64;
    let mut arcs = Vec::with_capacity(weights.len());
    for (&weight, owner) in weights.iter().zip(0..) {
        if weight > 0 {
            let rest = ((u128::from(before) * u128::from(low)) >> 64) as u64;
            arcs.push(Arc { start: before * high + rest, owner });
            before += u64::from(weight);
        }
    }
    arcs
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::split_mix::{STEP, mix};

    const MAX: u32 = u32::MAX;

    /// Sets of weights that are hard on a table.
    fn hard() -> Vec<Vec<u32>> {
        let spread = |n: u64| u32::try_from(mix(n) % 1_000_000 + 1).unwrap();
        vec![
            vec![1, MAX],
            vec![MAX, 1],
            vec![0, 1, 0, MAX, 0],
            vec![MAX; 3].into_iter().chain([1]).collect(),
            vec![1, 1_000_000],
            (0..1000).collect(),
            (0..10_000).map(spread).collect(),
            (0..10_000).map(|n| if n == 5000 { 1 } else { MAX }).collect(),
            (0..10_000).map(|n| if n == 5000 { MAX } else { 1 }).collect(),
        ]
    }

    /// By the table, not by luck: each has an arc of its own, which is where a draw finds it, and as long as its share to
    /// 2⁻⁶³ of the circle.
    #[test]
    fn each_that_has_weight_has_an_arc_of_the_length_of_its_share() {
        for weights in hard() {
            let total: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
            let (shares, arcs) = (Shares::new(weights.clone().into()), arcs(&weights));
            assert_eq!(arcs.len(), weights.iter().filter(|weight| **weight > 0).count());
            for (place, arc) in arcs.iter().enumerate() {
                let end = arcs.get(place + 1).map_or(1 << 64, |next| u128::from(next.start));
                let length = end - u128::from(arc.start);
                let share = (u128::from(weights[arc.owner as usize]) << 64) / total;
                assert!(length.abs_diff(share) <= 2, "{length} is not {share}");
                assert_eq!(shares.draw(arc.start), arc.owner as usize);
                assert_eq!(shares.draw(u64::try_from(end - 1).unwrap()), arc.owner as usize);
            }
        }
    }

    #[test]
    fn equal_weights_need_no_table_and_all_zero_is_equal() {
        for weights in [&[][..], &[0], &[7], &[0, 0, 0], &[MAX, MAX]] {
            let shares = Shares::new(weights.into());
            assert!(shares.are_equal() && shares.circle().is_none());
            assert_eq!(shares.total(), weights.len() as u64);
            assert!((0..weights.len()).all(|index| shares.weight(index) == 1));
        }
    }

    /// Of the wanted ones each by its share; a member whose share is so small that it is never drawn is found by counting.
    #[test]
    fn what_is_wanted_is_drawn_by_its_share_of_the_wanted() {
        let shares = Shares::new([MAX, 3, 0, 1, MAX].into());
        let mut counts = [0_u64; 5];
        for n in 0..100_000 {
            let number = mix(STEP.wrapping_mul(n));
            counts[shares.draw_wanted(number, |index| (1..4).contains(&index)).unwrap()] += 1;
        }
        assert_eq!([counts[0], counts[2], counts[4]], [0; 3]);
        assert!(lb_test::deviations(counts[1], 100_000, 0.75).abs() < lb_test::DEVIATIONS, "{counts:?}");
        assert_eq!(shares.draw_wanted(7, |index| index == 2), None, "it has no share");
        assert_eq!(shares.draw_wanted(7, |_| false), None);
    }
}
