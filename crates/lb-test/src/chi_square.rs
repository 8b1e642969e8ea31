/// Pearson's χ² of `counts` against the `expected` shares: how far a sample is from its distribution.
///
/// The shares may have any sum; they are scaled to that of the counts. Each expected count should be 5 at least. Compare
/// with [`chi_square_critical`].
///
/// ```
/// use lb_test::{chi_square, chi_square_critical};
///
/// let uniform = [1.0; 4];
/// assert!(chi_square(&[260, 248, 255, 237], &uniform) < chi_square_critical(3));
/// assert!(chi_square(&[400, 200, 200, 200], &uniform) > chi_square_critical(3));
/// ```
///
/// # Panics
///
/// When there are not as many shares as counts.
#[track_caller]
pub fn chi_square(counts: &[u64], expected: &[f64]) -> f64 {
    assert_eq!(counts.len(), expected.len(), "as many expected shares as counts");
    let scale = as_float(counts.iter().sum()) / expected.iter().sum::<f64>();
    let deviation = |(&count, &share): (&u64, &f64)| {
        let (count, expected) = (as_float(count), share * scale);
        // What is never expected and never seen deviates by nothing.
        if count == 0.0 && expected == 0.0 { 0.0 } else { (count - expected).powi(2) / expected }
    };
    counts.iter().zip(expected).map(deviation).sum()
}

/// The χ² that a sample of the right distribution exceeds once in a thousand times; `degrees` of freedom are the number of
/// counts less one.
///
/// Wilson and Hilferty's approximation (1931): up to 3 % too large at one degree, 0.3 % and less from five on.
pub fn chi_square_critical(degrees: u32) -> f64 {
    /// The 0.999 quantile of the normal distribution.
    const QUANTILE: f64 = 3.090_232;
    let degrees = f64::from(degrees);
    let spread = 2.0 / (9.0 * degrees);
    degrees * (1.0 - spread + QUANTILE * spread.sqrt()).powi(3)
}

/// How many picks tell a share that is `biased` from one that is `right`, both between 0 and 1: a bias that large is found
/// in 95 of 100 samples, by a count that is further off than once in a thousand samples of the right share
/// ([`DEVIATIONS`]).
///
/// From the normal approximation of the binomial distribution, and 2 % for what that leaves out.
///
/// ```
/// use lb_test::picks_to_find;
///
/// assert_eq!(picks_to_find(0.5, 0.51), 62_109);
/// ```
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no test counts to 2⁵³")]
pub fn picks_to_find(right: f64, biased: f64) -> u64 {
    /// The 0.95 quantile of the normal distribution.
    const POWER: f64 = 1.645;
    let spread = |share: f64| (share * (1.0 - share)).sqrt();
    let reach = DEVIATIONS * spread(right) + POWER * spread(biased);
    (1.02 * (reach / (biased - right)).powi(2)).ceil() as u64
}

/// How many standard deviations a count is off, one way or the other, once in a thousand samples.
pub const DEVIATIONS: f64 = 3.290_527;

/// How many standard deviations `count` of `all` is off a share. Compare with [`DEVIATIONS`].
pub fn deviations(count: u64, all: u64, share: f64) -> f64 {
    let all = as_float(all);
    (as_float(count) - all * share) / (all * share * (1.0 - share)).sqrt()
}

#[expect(clippy::cast_precision_loss, reason = "no test counts to 2⁵³")]
fn as_float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `samples` samples of a share the per cent whose count is too far off one half. The generator is `SplitMix64`.
    fn found(share: f64, picks: u64, samples: u64) -> f64 {
        let mut state = 7_u64;
        let mut draw = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            as_float((z ^ (z >> 31)) >> 11) / as_float(1 << 53)
        };
        let mut is_found = || {
            let count = (0..picks).filter(|_| draw() < share).count() as u64;
            deviations(count, picks, 0.5).abs() > DEVIATIONS
        };
        100.0 * as_float((0..samples).filter(|_| is_found()).count() as u64) / as_float(samples)
    }

    #[test]
    fn the_bias_is_found_in_95_of_100_samples_and_none_where_there_is_none() {
        let picks = picks_to_find(0.5, 0.55);
        assert!((94.0..=97.0).contains(&found(0.55, picks, 1000)), "{}", found(0.55, picks, 1000));
        assert!((94.0..=97.0).contains(&found(0.45, picks, 1000)), "{}", found(0.45, picks, 1000));
        assert!(found(0.5, picks, 1000) <= 0.5, "{}", found(0.5, picks, 1000));
    }
}
