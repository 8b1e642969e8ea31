use std::time::Duration;

use crate::error::{Invalid, positive};
use crate::generator::Generator;
use crate::time::{float, nanos, whole};

/// What neighbours on the same machine do to a server: its speed is multiplied by a factor, which is drawn anew after a
/// time of 0.7 to 1.3 times `every`.
///
/// Servers are of several kinds, each with the ranges that its factors are drawn from, one as often as another:
///
/// ```
/// use std::time::Duration;
/// use lb_sim::Noise;
///
/// // Three servers of ten have a neighbour that takes half of the machine, half of the time.
/// let noise = Noise::every(Duration::from_secs(1))
///     .kind(0.3, &[(0.3, 0.7), (0.9, 1.3)])
///     .kind(0.7, &[(1.2, 2.0)]);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "it does nothing until a server has it"]
pub struct Noise {
    every: Duration,
    kinds: Vec<(f64, Vec<(f64, f64)>)>,
}

impl Noise {
    /// Draws anew after 0.7 to 1.3 times this, which is longer than zero. Without a [kind](Self::kind) it is silent.
    pub fn every(every: Duration) -> Self {
        Self { every, kinds: Vec::new() }
    }

    /// Adds a kind of servers: of those with this noise a `share` (relative to the other kinds') draws its factors from
    /// `ranges`. All numbers are above 0.
    pub fn kind(mut self, share: f64, ranges: &[(f64, f64)]) -> Self {
        self.kinds.push((share, ranges.to_vec()));
        self
    }

    pub(crate) fn check(&self, whose: &str) -> Result<(), Invalid> {
        if self.every.is_zero() {
            let what = format!("the noise's time of {whose}");
            return Err(Invalid::new(what, "0s", "longer than zero"));
        }
        for (share, ranges) in &self.kinds {
            positive(format!("a share of the noise of {whose}"), *share)?;
            if ranges.is_empty() {
                let what = format!("the ranges of the noise of {whose}");
                return Err(Invalid::plural(what, 0, "at least 1"));
            }
            for (low, high) in ranges {
                positive(format!("a factor of the noise of {whose}"), *low)?;
                positive(format!("a factor of the noise of {whose}"), *high)?;
            }
        }
        Ok(())
    }

    /// The ranges of one server.
    pub(crate) fn draw_kind(&self, generator: &mut Generator) -> &[(f64, f64)] {
        let all: f64 = self.kinds.iter().map(|(share, _)| share).sum();
        let mut left = all * generator.unit();
        let kind = self.kinds.iter().find(|(share, _)| {
            left -= share;
            left <= 0.0
        });
        kind.or(self.kinds.last()).map_or(&[], |(_, ranges)| ranges)
    }

    /// A factor from these ranges, and when the next is drawn, in nanoseconds from now.
    pub(crate) fn draw(&self, ranges: &[(f64, f64)], generator: &mut Generator) -> (f64, u64) {
        let which = generator.below(ranges.len().max(1) as u64);
        let range = usize::try_from(which).ok().and_then(|which| ranges.get(which));
        let factor = range.map_or(1.0, |range| generator.between(*range));
        let after = float(nanos(self.every)) * generator.between((0.7, 1.3));
        (factor, whole(after).max(1))
    }
}
