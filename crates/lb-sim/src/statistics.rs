use std::fmt;

/// A mean over seeds, and how far the true one may be from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    mean: f64,
    half_width: f64,
}

impl Estimate {
    /// The mean of `values`, one for each seed, with the 95 % interval of Student's t. Of fewer than two values nothing is
    /// known: the interval is infinite.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        Self::with_quantiles(values, &T_975, 1.96)
    }

    /// The same with a 99.9 % interval.
    pub fn strict(values: impl IntoIterator<Item = f64>) -> Self {
        Self::with_quantiles(values, &T_9995, 3.29)
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Half the width of the interval around the mean.
    pub fn half_width(&self) -> f64 {
        self.half_width
    }

    /// The lower end of the interval.
    pub fn low(&self) -> f64 {
        self.mean - self.half_width
    }

    /// The upper end of the interval.
    pub fn high(&self) -> f64 {
        self.mean + self.half_width
    }

    /// Whether `value` lies within the interval.
    pub fn contains(&self, value: f64) -> bool {
        (value - self.mean).abs() <= self.half_width
    }

    fn with_quantiles(values: impl IntoIterator<Item = f64>, quantiles: &[f64], normal: f64) -> Self {
        let values: Vec<f64> = values.into_iter().collect();
        let count = crate::time::float(values.len() as u64);
        let mean = values.iter().sum::<f64>() / count.max(1.0);
        if values.len() < 2 {
            return Self { mean, half_width: f64::INFINITY };
        }
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        let error = libm::sqrt(squares / (count - 1.0) / count);
        let quantile = quantiles.get(values.len() - 2).copied().unwrap_or(normal);
        Self { mean, half_width: quantile * error }
    }
}

impl fmt::Display for Estimate {
    /// With the precision that was asked for: `{:.1}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(2);
        write!(f, "{:.digits$} ± {:.digits$}", self.mean, self.half_width)
    }
}

/// The 0.975 quantile of Student's t, for 1 to 30 degrees of freedom.
const T_975: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/// The 0.9995 quantile, for 1 to 30 degrees of freedom.
const T_9995: [f64; 30] = [
    636.62, 31.599, 12.924, 8.610, 6.869, 5.959, 5.408, 5.041, 4.781, 4.587, 4.437, 4.318, 4.221, 4.140,
    4.073, 4.015, 3.965, 3.922, 3.883, 3.850, 3.819, 3.792, 3.768, 3.745, 3.725, 3.707, 3.690, 3.674, 3.659,
    3.646,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_students() {
        let estimate = Estimate::of([1.0, 2.0, 3.0, 4.0]);
        // √(5/3) / 2 is the standard error; 3.182 the quantile for three degrees of freedom.
        assert!((estimate.half_width() - 3.182 * (5.0_f64 / 3.0).sqrt() / 2.0).abs() < 1e-9);
        assert!(estimate.contains(2.5) && estimate.contains(4.5) && !estimate.contains(4.6));
        assert!(Estimate::strict([1.0, 2.0, 3.0, 4.0]).contains(10.0));
        assert_eq!(format!("{estimate:.1}"), "2.5 ± 2.1");
    }

    #[test]
    fn one_seed_tells_nothing() {
        assert!(Estimate::of([7.0]).contains(1e300));
        assert!(Estimate::of([]).half_width().is_infinite());
    }
}
