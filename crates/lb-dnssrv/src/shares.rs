//! One share for a target, whatever the number of its addresses.

/// Beyond this the split is no longer exact: weights are of 16 bits, and the product has to fit into 32.
const MOST: u32 = 1 << 16;

/// Splits the weights of targets among their addresses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shares {
    factor: u32,
}

impl Shares {
    /// For a set of targets with so many addresses each: all weights are multiplied by the least common multiple.
    pub(crate) fn new(counts: impl IntoIterator<Item = usize>) -> Self {
        let counts =
            counts.into_iter().filter_map(|count| u32::try_from(count).ok()).filter(|count| *count > 0);
        Self { factor: counts.fold(1, least_common_multiple) }
    }

    /// The weight of each of a target's `count` addresses. A weight stays more than zero.
    pub(crate) fn of_each(self, weight: u16, count: usize) -> u32 {
        let count = u32::try_from(count).unwrap_or(u32::MAX).max(1);
        let weight = u32::from(weight);
        let whole = u64::from(weight) * u64::from(self.factor) / u64::from(count);
        u32::try_from(whole).unwrap_or(u32::MAX).max(weight.min(1))
    }
}

fn least_common_multiple(one: u32, other: u32) -> u32 {
    let (mut a, mut b) = (one, other);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    let multiple = u64::from(one / a) * u64::from(other);
    u32::try_from(multiple).unwrap_or(MOST).min(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Weights with their numbers of addresses, and what each address gets.
    type Case = (&'static [(u16, usize)], &'static [u32]);

    #[test]
    fn case_31_each_target_has_its_share_whatever_its_addresses() {
        let cases: [Case; 6] = [
            (&[(7, 1), (3, 1)], &[7, 3]),
            (&[(1, 2), (1, 1)], &[1, 2]),
            (&[(5, 2), (5, 2)], &[5, 5]),
            (&[(1, 2), (2, 3), (0, 1)], &[3, 4, 0]),
            (&[(65_535, 65_536), (1, 1)], &[65_535, 65_536]),
            (&[], &[]),
        ];
        for (targets, expected) in cases {
            let shares = Shares::new(targets.iter().map(|(_, count)| *count));
            let weights: Vec<u32> =
                targets.iter().map(|&(weight, count)| shares.of_each(weight, count)).collect();
            assert_eq!(weights, expected, "{targets:?}");
        }
    }

    #[test]
    fn a_weight_is_never_lost_nor_too_large() {
        let shares = Shares::new([65_521, 65_519, 3]);
        assert!(shares.of_each(1, 4_000_000) >= 1);
        assert_eq!(shares.of_each(u16::MAX, 1), u32::from(u16::MAX) * MOST);
    }
}
