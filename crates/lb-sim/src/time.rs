//! Virtual time: nanoseconds since the start of a run, and what is converted to and from them.

use std::time::Duration;

/// `duration` in nanoseconds; 584 years fit.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A number of nanoseconds, or a count, as a float: 53 bits of it.
#[expect(clippy::cast_precision_loss, reason = "a run of 104 days has 53 bits of nanoseconds")]
pub(crate) fn float(number: u64) -> f64 {
    number as f64
}

/// The whole part of a number that is not negative.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
pub(crate) fn whole(number: f64) -> u64 {
    number as u64
}

/// An index of the simulation's own, which has no set of 2³² members.
#[expect(clippy::cast_possible_truncation, reason = "no set has 2³² members")]
pub(crate) fn index(number: usize) -> u32 {
    number as u32
}
