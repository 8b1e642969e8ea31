use lb_core::EndpointSet;

use crate::circle::{Arc, Circle};
use crate::split_mix::{STEP, below, mix};

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
        let drawn = (1..=REDRAWS).map(|n| self.draw(mix(number.wrapping_add(STEP.wrapping_mul(n)))));
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
            #[expect(clippy::cast_possible_truncation, reason = "the high half")]
            let rest = ((u128::from(before) * u128::from(low)) >> 64) as u64;
            arcs.push(Arc { start: before * high + rest, owner });
            before += u64::from(weight);
        }
    }
    arcs
}
