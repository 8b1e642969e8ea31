//! `SplitMix64`: G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014, section 4,
//! with the constants of its reference implementation. A state is a plain counter, so that one can be shared between
//! threads by an atomic add.

/// What the state advances by for each number.
pub(crate) const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// The number that belongs to a state.
#[inline]
pub(crate) fn mix(state: u64) -> u64 {
    let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The n-th number after a state; for n = 0 that of the state itself.
#[inline]
pub(crate) fn nth(state: u64, n: u64) -> u64 {
    mix(state.wrapping_add(STEP.wrapping_mul(n)))
}

/// Maps a number to an index below `len`, by multiplication (D. Lemire, "Fast Random Integer Generation in an Interval",
/// 2019, section 3). Its bias, at most `len` in 2⁶⁴, is far below what any number of picks could show.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the high half of the product is below `len`, which is a usize"
)]
pub(crate) fn below(number: u64, len: usize) -> usize {
    ((u128::from(number) * len as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_yields_the_numbers_of_the_reference_implementation() {
        let state = |n: u64| 1_234_567_u64.wrapping_add(STEP.wrapping_mul(n));
        let numbers = [1, 2, 3].map(|n| mix(state(n)));
        assert_eq!(
            numbers,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn below_maps_the_whole_range_of_numbers_evenly() {
        assert_eq!([0, u64::MAX / 2, u64::MAX].map(|number| below(number, 10)), [0, 4, 9]);
        assert_eq!([0, u64::MAX].map(|number| below(number, 1)), [0, 0]);
    }
}
