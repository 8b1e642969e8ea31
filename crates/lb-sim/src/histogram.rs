use std::time::Duration;

use crate::time::{float, whole};

/// How often which time was measured. A time is known to 1/128 of itself, times below 128 ns exactly; 57 kB.
#[derive(Clone, PartialEq, Eq)]
pub struct Histogram {
    counts: Vec<u64>,
    count: u64,
    sum: u128,
    max: u64,
}

/// Of the 64 bits of a time the first 8 that count are kept.
const BITS: u32 = 7;

impl Histogram {
    /// Without a time.
    pub(crate) fn new() -> Self {
        Self { counts: Vec::new(), count: 0, sum: 0, max: 0 }
    }

    pub(crate) fn add(&mut self, nanos: u64) {
        let bucket = bucket(nanos);
        if bucket >= self.counts.len() {
            self.counts.resize(bucket + 1, 0);
        }
        self.counts[bucket] += 1;
        self.count += 1;
        self.sum += u128::from(nanos);
        self.max = self.max.max(nanos);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.counts.resize(self.counts.len().max(other.counts.len()), 0);
        for (own, others) in self.counts.iter_mut().zip(&other.counts) {
            *own += others;
        }
        self.count += other.count;
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }

    /// How many times were measured.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their mean, exactly; zero where there are none.
    pub fn mean(&self) -> Duration {
        let mean = self.sum / u128::from(self.count.max(1));
        Duration::from_nanos(u64::try_from(mean).unwrap_or(u64::MAX))
    }

    /// The longest, exactly; zero where there are none.
    pub fn max(&self) -> Duration {
        Duration::from_nanos(self.max)
    }

    /// The time that `percent` of all do not exceed: 99.0 is the 99th percentile. What is below 0 counts as 0, what is above
    /// 100 as 100. Known to 1/128, never too short; zero where there are none.
    pub fn percentile(&self, percent: f64) -> Duration {
        let rank = whole(libm::ceil(float(self.count) * percent.clamp(0.0, 100.0) / 100.0)).max(1);
        let mut below = 0;
        let bucket = self.counts.iter().position(|count| {
            below += count;
            below >= rank
        });
        Duration::from_nanos(bucket.map_or(0, |bucket| last_of(bucket).min(self.max)))
    }

    /// The counts of all that was measured, for a fingerprint.
    pub(crate) fn counts(&self) -> impl Iterator<Item = u64> {
        self.counts.iter().copied()
    }
}

impl std::fmt::Debug for Histogram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Histogram");
        shown.field("count", &self.count).field("mean", &self.mean()).field("max", &self.max());
        shown.finish_non_exhaustive()
    }
}

fn bucket(nanos: u64) -> usize {
    let exponent = (u64::BITS - nanos.leading_zeros()).saturating_sub(BITS + 1);
    // The exponent's buckets begin where those of the one before end: half of each was there already.
    usize::try_from((u64::from(exponent) << BITS) + (nanos >> exponent)).unwrap_or_default()
}

/// The longest time of a bucket.
fn last_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let exponent = (bucket >> BITS).saturating_sub(1);
    let first = (bucket - (exponent << BITS)) << exponent;
    first + ((1_u64 << exponent) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_known_to_a_part_in_128() {
        let mut last = 0;
        for nanos in (0..2_000_u64)
            .chain((0..64).flat_map(|bit| [1 << bit, (1 << bit) + (1 << bit) / 3, u64::MAX >> bit]))
        {
            let end = last_of(bucket(nanos));
            assert!(nanos <= end && end - nanos <= nanos / 128, "{nanos}: {end}");
            assert_eq!(bucket(end), bucket(nanos));
            assert!(end == u64::MAX || bucket(end + 1) == bucket(nanos) + 1);
            last = last.max(bucket(nanos));
        }
        assert!(last < 7_500, "{last}");
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_times() {
        let mut histogram = Histogram::new();
        assert_eq!((histogram.percentile(50.0), histogram.mean()), (Duration::ZERO, Duration::ZERO));
        (1..=100).for_each(|nanos| histogram.add(nanos));
        for percent in [0, 1, 50, 99, 100] {
            let expected = Duration::from_nanos(percent.max(1));
            assert_eq!(histogram.percentile(float(percent)), expected, "{percent}");
        }
        assert_eq!(histogram.mean(), Duration::from_nanos(50));
        let mut other = Histogram::new();
        other.add(1_000_000);
        histogram.merge(&other);
        assert_eq!((histogram.count(), histogram.percentile(100.0)), (101, Duration::from_millis(1)));
        assert_eq!(histogram.percentile(99.0), Duration::from_nanos(100));
    }
}
