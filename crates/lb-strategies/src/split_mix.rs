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
