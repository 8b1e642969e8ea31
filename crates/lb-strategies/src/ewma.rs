use std::sync::atomic::Ordering;

use crate::sync::AtomicU64;

/// A moving average of latencies, weighted by time: what was is worth e^(−t/τ) after the time t.
///
/// Value and time are one word, so that an update is one exchange and a read writes nothing. The value is kept to 24 bits,
/// the time in units of 2¹⁶ ns, about 66 µs, which begin again after 78 hours.
#[derive(Debug, Default)]
pub(crate) struct Ewma {
    /// The average in nanoseconds as `f32` above, the time of the last update below. 0: there is none yet.
    word: AtomicU64,
}

/// The inverse of the time constant τ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decay(f32);

/// How far a nanosecond is shifted to a unit of time.
const UNIT: u32 = 16;

impl Decay {
    #[expect(clippy::cast_precision_loss, reason = "a time constant is no exact number")]
    pub(crate) fn with_time_constant(tau: std::time::Duration) -> Self {
        Self((1_u64 << UNIT) as f32 / (tau.as_nanos().max(1) as f32))
    }

    /// What is left after so many units.
    #[inline]
    #[expect(clippy::cast_precision_loss, reason = "24 bits of a time are enough")]
    fn over(self, units: u32) -> f32 {
        if units == 0 { 1.0 } else { libm::expf(-(units as f32) * self.0) }
    }
}

impl Ewma {
    /// The average as it is worth at `now`, in nanoseconds. `None`: there was nothing yet.
    #[inline]
    pub(crate) fn get(&self, now: u64, decay: Decay) -> Option<f32> {
        // Relaxed, as all here: the word is all there is.
        let (value, stamp) = parts(self.word.load(Ordering::Relaxed))?;
        Some(value * decay.over(units_between(stamp, now)))
    }

    /// The average as it stood at its last update.
    pub(crate) fn last(&self) -> Option<f32> {
        parts(self.word.load(Ordering::Relaxed)).map(|(value, _)| value)
    }

    /// Begins with `value`, unless there is one already.
    pub(crate) fn begin_with(&self, value: f32, now: u64) {
        let _begun_already =
            self.word.compare_exchange(0, word(value, now), Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Has `next` compute the new average from the old one and what it is still worth, 0 to 1.
    #[inline]
    pub(crate) fn update(&self, now: u64, decay: Decay, next: impl Fn(Option<(f32, f32)>) -> f32) {
        let mut current = self.word.load(Ordering::Relaxed);
        loop {
            let before = parts(current).map(|(value, stamp)| (value, decay.over(units_between(stamp, now))));
            let updated = word(next(before), now);
            match self.word.compare_exchange_weak(current, updated, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return,
                Err(newer) => current = newer,
            }
        }
    }
}

/// A latency as averages have it.
#[inline]
pub(crate) fn nanos(latency: std::time::Duration) -> f32 {
    latency.as_secs_f32() * 1e9
}

#[inline]
fn parts(word: u64) -> Option<(f32, u32)> {
    #[expect(clippy::cast_possible_truncation, reason = "the two halves of a word")]
    (word != 0).then(|| (f32::from_bits((word >> 32) as u32), word as u32))
}

/// Never 0: a latency is 1 ns at least.
#[inline]
fn word(value: f32, now: u64) -> u64 {
    u64::from(value.max(1.0).to_bits()) << 32 | u64::from(stamp_of(now))
}

#[inline]
fn stamp_of(nanos: u64) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "times begin again")]
    ((nanos >> UNIT) as u32)
}

/// From `stamp` to `now`; 0 where another thread has a stamp that is later.
#[inline]
fn units_between(stamp: u32, now: u64) -> u32 {
    let units = stamp_of(now).wrapping_sub(stamp);
    if units > u32::MAX / 2 { 0 } else { units }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn it_is_worth_a_part_in_e_after_its_time_constant() {
        let (ewma, decay) = (Ewma::default(), Decay::with_time_constant(Duration::from_secs(10)));
        assert_eq!(ewma.get(0, decay), None);
        ewma.begin_with(1000.0, 0);
        ewma.begin_with(7.0, 0);
        assert_eq!(ewma.get(0, decay), Some(1000.0));
        let left = ewma.get(10 * SECOND, decay).unwrap();
        assert!((left - 1000.0 / std::f32::consts::E).abs() < 1.0, "{left}");
        assert_eq!(ewma.last(), Some(1000.0), "a read writes nothing");
    }

    #[test]
    fn a_read_leaves_the_word_as_it_is() {
        let (ewma, decay) = (Ewma::default(), Decay::with_time_constant(Duration::from_secs(1)));
        for value in [0.0, 7.0, f32::MAX] {
            ewma.begin_with(value, 3 * SECOND);
            let word = ewma.word.load(Ordering::Relaxed);
            for now in [0, 3 * SECOND, 100 * SECOND, u64::MAX] {
                ewma.get(now, decay);
                ewma.last();
            }
            assert_eq!(ewma.word.load(Ordering::Relaxed), word);
        }
    }

    #[test]
    fn an_update_is_told_what_was_and_what_is_left_of_it() {
        let (ewma, decay) = (Ewma::default(), Decay::with_time_constant(Duration::from_secs(1)));
        ewma.update(SECOND, decay, |before| {
            assert_eq!(before, None);
            100.0
        });
        ewma.update(2 * SECOND, decay, |before| {
            let (value, left) = before.unwrap();
            assert!(
                value.to_bits() == 100.0_f32.to_bits() && (left - 1.0 / std::f32::consts::E).abs() < 1e-3
            );
            200.0
        });
        assert_eq!(ewma.get(2 * SECOND, decay), Some(200.0));
        // Nothing is below a nanosecond, or it would look like a word that has not begun.
        ewma.update(0, decay, |_| 0.0);
        assert_eq!(ewma.last(), Some(1.0));
    }

    #[test]
    fn the_time_begins_again_after_78_hours_and_the_average_goes_on() {
        let (ewma, decay) = (Ewma::default(), Decay::with_time_constant(Duration::from_secs(10)));
        let wrap = 1_u64 << (u32::BITS + UNIT);
        ewma.begin_with(1000.0, wrap - SECOND);
        let left = ewma.get(wrap + SECOND, decay).unwrap();
        assert!((left - 1000.0 * (-0.2_f32).exp()).abs() < 1.0, "{left}");
    }

    #[test]
    fn a_time_before_the_last_update_takes_nothing_away() {
        let (ewma, decay) = (Ewma::default(), Decay::with_time_constant(Duration::from_secs(1)));
        ewma.begin_with(1000.0, 5 * SECOND);
        assert_eq!(ewma.get(4 * SECOND, decay), Some(1000.0));
    }

    #[test]
    fn any_time_constant_is_one() {
        for tau in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
            let (ewma, decay) = (Ewma::default(), Decay::with_time_constant(tau));
            ewma.begin_with(1000.0, 0);
            for now in [0, 1, SECOND, u64::MAX] {
                let value = ewma.get(now, decay).unwrap();
                assert!((0.0..=1000.0).contains(&value), "{value} at {now} with {tau:?}");
            }
        }
    }
}
