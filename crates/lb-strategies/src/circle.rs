//! The circle of all 64-bit numbers, cut into arcs that have an owner each: a weighted choice and a hash ring are both one
//! look at it.

/// Arcs of the circle. A look costs two reads on average, whatever the lengths of the arcs: a *guide* says for each of
/// some equal parts of the circle which arc it begins in (the guide table method, H. C. Chen and Y. Asau, 1974; L. Devroye,
/// "Non-Uniform Random Variate Generation", 1986, III.2.4).
///
/// Memory: 16 bytes an arc and 4 bytes a part, of which there are one to two for each arc.
#[derive(Debug)]
pub(crate) struct Circle {
    arcs: Box<[Arc]>,
    /// For each part how many arcs start before it; and, at the end, how many arcs there are.
    guide: Box<[u32]>,
    /// A number's part is its bits above this one.
    shift: u32,
}

/// It goes on to where the next one starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Arc {
    pub(crate) start: u64,
    pub(crate) owner: u32,
}

/// Up to so many arcs of one part are looked at one after the other.
const FEW: usize = 8;

impl Circle {
    /// `arcs` are ordered by start, one at least. What is before the first start belongs to the last. Of several with one
    /// start the last counts.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a set has less than 2³² members, and a ring fewer points"
    )]
    pub(crate) fn new(arcs: Vec<Arc>) -> Self {
        debug_assert!(arcs.is_sorted_by_key(|arc| arc.start));
        let parts = arcs.len().next_power_of_two().max(2);
        let shift = u64::BITS - parts.trailing_zeros();
        let mut guide = Vec::with_capacity(parts + 1);
        for (before, arc) in arcs.iter().enumerate() {
            let part = (arc.start >> shift) as usize;
            while guide.len() <= part {
                guide.push(before as u32);
            }
        }
        guide.resize(parts + 1, arcs.len() as u32);
        Self { arcs: arcs.into(), guide: guide.into(), shift }
    }

    /// How many arcs it has.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.arcs.len()
    }

    /// The owner of the arc that `at` lies on.
    #[inline]
    pub(crate) fn owner(&self, at: u64) -> usize {
        self.arcs[self.arc(at)].owner as usize
    }

    /// The owner of the arc that `at` lies on, where the next one starts, and how long all other arcs are together: 0
    /// where there is none.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "a usize has 64 bits here, as in `below`")]
    pub(crate) fn owner_and_rest(&self, at: u64) -> (usize, u64, usize) {
        let own = self.arc(at);
        let Arc { start, owner } = self.arcs[own];
        let next = self.arcs.get(own + 1).unwrap_or(&self.arcs[0]).start;
        (owner as usize, next, start.wrapping_sub(next) as usize)
    }

    /// The index of the arc that `at` lies on.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "a part is an index of the guide")]
    fn arc(&self, at: u64) -> usize {
        let part = (at >> self.shift) as usize;
        let mut next = self.guide[part] as usize;
        let end = self.guide[part + 1] as usize;
        if end - next > FEW {
            next += self.arcs[next..end].partition_point(|arc| arc.start <= at);
        }
        while next < end && self.arcs[next].start <= at {
            next += 1;
        }
        if next == 0 { self.arcs.len() - 1 } else { next - 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split_mix::{STEP, mix};

    /// As it is defined: the last arc that starts at or before.
    fn owner_by_search(arcs: &[Arc], at: u64) -> usize {
        let own = arcs.iter().rposition(|arc| arc.start <= at).unwrap_or(arcs.len() - 1);
        arcs[own].owner as usize
    }

    fn assert_finds_the_owners(mut arcs: Vec<Arc>) {
        arcs.sort_by_key(|arc| arc.start);
        let circle = Circle::new(arcs.clone());
        let edges =
            arcs.iter().flat_map(|arc| [arc.start.wrapping_sub(1), arc.start, arc.start.wrapping_add(1)]);
        let anywhere = (0..1000).map(|n| mix(STEP.wrapping_mul(n)));
        for at in edges.chain(anywhere).chain([0, u64::MAX]) {
            assert_eq!(circle.owner(at), owner_by_search(&arcs, at), "at {at} of {arcs:?}");
        }
    }

    #[test]
    fn every_number_belongs_to_the_last_arc_that_starts_before_it() {
        let arcs =
            |starts: &[u64]| starts.iter().zip(0..).map(|(&start, owner)| Arc { start, owner }).collect();
        assert_finds_the_owners(arcs(&[0]));
        assert_finds_the_owners(arcs(&[u64::MAX]));
        assert_finds_the_owners(arcs(&[5, u64::MAX - 5]));
        assert_finds_the_owners(arcs(&[1 << 63; 20]));
        for count in [2_u64, 3, 17, 1000] {
            assert_finds_the_owners(arcs(&(0..count).map(mix).collect::<Vec<_>>()));
            // All in one part.
            assert_finds_the_owners(arcs(&(0..count).map(|n| mix(n) >> 40).collect::<Vec<_>>()));
        }
    }
}
