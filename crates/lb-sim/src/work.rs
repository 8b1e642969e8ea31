use std::time::Duration;

use crate::error::{Invalid, positive};
use crate::generator::Generator;
use crate::time::{float, nanos};

/// How much work a request is, in time on a core of speed 1; also how long a closed-loop user thinks.
///
/// | distribution | what it is like | squared coefficient of variation |
/// |---|---|---|
/// | [`constant`](Self::constant) | each request is alike | 0 |
/// | [`exponential`](Self::exponential) | the textbook's | 1 |
/// | [`lognormal`](Self::lognormal) | most measured services | e^(σ²) − 1 |
/// | [`pareto`](Self::pareto) | a heavy tail: files, queries without a limit | 1/(α(α − 2)) where α > 2, else infinite |
/// | [`bimodal`](Self::bimodal) | few requests are of another kind: cache misses, reports | by the share and the factor |
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Work {
    mean: Duration,
    shape: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Constant,
    Exponential,
    Lognormal { sigma: f64 },
    Pareto { alpha: f64 },
    Bimodal { share: f64, factor: f64 },
}

impl Work {
    /// Always `mean`.
    pub fn constant(mean: Duration) -> Self {
        Self { mean, shape: Shape::Constant }
    }

    /// Exponential, with this mean.
    pub fn exponential(mean: Duration) -> Self {
        Self { mean, shape: Shape::Exponential }
    }

    /// Lognormal, with this mean; `sigma` is the deviation of the logarithm, above 0: 1 is usual.
    pub fn lognormal(mean: Duration, sigma: f64) -> Self {
        Self { mean, shape: Shape::Lognormal { sigma } }
    }

    /// Pareto, with this mean; `alpha` is above 1: the smaller, the heavier the tail.
    pub fn pareto(mean: Duration, alpha: f64) -> Self {
        Self { mean, shape: Shape::Pareto { alpha } }
    }

    /// Two constants of this mean: a `share` of the requests, above 0 and below 1, is `factor` times as much work as the
    /// others are.
    pub fn bimodal(mean: Duration, share: f64, factor: f64) -> Self {
        Self { mean, shape: Shape::Bimodal { share, factor } }
    }

    /// Its mean.
    pub fn mean(&self) -> Duration {
        self.mean
    }

    pub(crate) fn check(&self, what: &str) -> Result<(), Invalid> {
        if self.mean.is_zero() && self.shape != Shape::Constant {
            return Err(Invalid::new(format!("the mean of {what}"), "0s", "longer than zero"));
        }
        match self.shape {
            Shape::Constant | Shape::Exponential => Ok(()),
            Shape::Lognormal { sigma } => positive(format!("the sigma of {what}"), sigma),
            Shape::Pareto { alpha } if alpha.is_finite() && alpha > 1.0 => Ok(()),
            Shape::Pareto { alpha } => {
                Err(Invalid::new(format!("the alpha of {what}"), alpha, "a finite number above 1"))
            }
            Shape::Bimodal { share, factor } if share > 0.0 && share < 1.0 => {
                positive(format!("the factor of {what}"), factor)
            }
            Shape::Bimodal { share, .. } => {
                Err(Invalid::new(format!("the share of {what}"), share, "above 0 and below 1"))
            }
        }
    }

    /// In nanoseconds.
    pub(crate) fn draw(&self, generator: &mut Generator) -> f64 {
        let mean = float(nanos(self.mean));
        mean * match self.shape {
            Shape::Constant => 1.0,
            Shape::Exponential => generator.exponential(),
            Shape::Lognormal { sigma } => libm::exp(sigma * generator.normal() - sigma * sigma / 2.0),
            Shape::Pareto { alpha } => {
                let least = (alpha - 1.0) / alpha;
                least * libm::exp(generator.exponential() / alpha)
            }
            Shape::Bimodal { share, factor } => {
                let least = 1.0 / (1.0 - share + share * factor);
                if generator.unit() <= share { least * factor } else { least }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::Stream;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn every_distribution_has_the_mean_it_was_given() {
        // The deviation of one draw, in means: what it is off by is five standard errors at most.
        for (work, deviation) in [
            (Work::constant(3 * MS), 0.0),
            (Work::exponential(3 * MS), 1.0),
            (Work::lognormal(3 * MS, 1.0), 1.31),
            (Work::pareto(3 * MS, 3.0), 0.58),
            (Work::bimodal(3 * MS, 0.01, 100.0), 4.95),
        ] {
            let mut generator = Generator::new(3, Stream::Work);
            let draws = 400_000;
            let mean = (0..draws).map(|_| work.draw(&mut generator)).sum::<f64>() / f64::from(draws) / 3e6;
            let error = 5.0 * deviation / f64::from(draws).sqrt() + 1e-9;
            assert!((mean - 1.0).abs() < error, "{work:?}: {mean}");
        }
    }

    #[test]
    fn a_wrong_shape_is_named_with_its_value_and_its_rule() {
        for (work, message) in [
            (Work::exponential(Duration::ZERO), "the mean of the work is 0s: longer than zero"),
            (Work::lognormal(MS, f64::NAN), "the sigma of the work is NaN: a finite number above 0"),
            (Work::pareto(MS, 1.0), "the alpha of the work is 1: a finite number above 1"),
            (Work::bimodal(MS, 1.0, 2.0), "the share of the work is 1: above 0 and below 1"),
            (Work::bimodal(MS, 0.5, 0.0), "the factor of the work is 0: a finite number above 0"),
        ] {
            assert_eq!(work.check("the work").unwrap_err().to_string(), message);
        }
    }
}
