use crate::time::float;

/// A generator of random numbers that are the same for a seed on every platform: xoshiro256++ (Blackman and Vigna, 2018),
/// seeded through `SplitMix64`.
#[derive(Clone, Debug)]
pub(crate) struct Generator([u64; 4]);

/// What a stream of random numbers is for. A run draws each from a generator of its own, so that two strategies meet the
/// same requests at the same times.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stream {
    Arrivals,
    Work,
    Keys,
    Noise,
    Thinking,
    Strategies,
    Backoff,
}

impl Generator {
    /// The generator of the `stream`-th stream of a `seed`.
    pub(crate) fn new(seed: u64, stream: Stream) -> Self {
        let mut state = mix(seed ^ mix(stream as u64 + 1));
        Self(std::array::from_fn(|_| {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            mix(state)
        }))
    }

    pub(crate) fn next(&mut self) -> u64 {
        let state = &mut self.0;
        let result = state[0].wrapping_add(state[3]).rotate_left(23).wrapping_add(state[0]);
        let shifted = state[1] << 17;
        state[2] ^= state[0];
        state[3] ^= state[1];
        state[1] ^= state[2];
        state[0] ^= state[3];
        state[2] ^= shifted;
        state[3] = state[3].rotate_left(45);
        result
    }

    /// From 0, exclusive, to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        float((self.next() >> 11) + 1) / float(1 << 53)
    }

    /// One of `count` numbers from 0 on.
    pub(crate) fn below(&mut self, count: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(count);
        u64::try_from(wide >> 64).unwrap_or_default()
    }

    pub(crate) fn between(&mut self, (low, high): (f64, f64)) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Exponential, of mean 1.
    pub(crate) fn exponential(&mut self) -> f64 {
        -libm::log(self.unit())
    }

    /// Normal, of mean 0 and deviation 1 (Box and Muller, 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(2.0 * self.exponential());
        radius * libm::cos(2.0 * std::f64::consts::PI * self.unit())
    }
}

/// The output function of `SplitMix64`.
fn mix(state: u64) -> u64 {
    let mut z = state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of xoshiro256++ from the state {1, 2, 3, 4}, as its authors' program prints them.
    #[test]
    fn it_is_xoshiro256_plus_plus() {
        let mut generator = Generator([1, 2, 3, 4]);
        let numbers: [u64; 4] = std::array::from_fn(|_| generator.next());
        assert_eq!(numbers, [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386]);
    }

    #[test]
    fn streams_of_a_seed_differ_and_repeat() {
        let first = |seed, stream| Generator::new(seed, stream).next();
        assert_eq!(first(1, Stream::Work), first(1, Stream::Work));
        assert_ne!(first(1, Stream::Work), first(2, Stream::Work));
        assert_ne!(first(1, Stream::Work), first(1, Stream::Arrivals));
    }

    #[test]
    fn means_and_deviations_are_as_they_should_be() {
        let mut generator = Generator::new(7, Stream::Work);
        let mean_of = |draw: &mut dyn FnMut() -> f64| (0..200_000).map(|_| draw()).sum::<f64>() / 200_000.0;
        // Five standard errors: 1/√200,000 is 0.0022.
        assert!((mean_of(&mut || generator.exponential()) - 1.0).abs() < 0.011);
        assert!(mean_of(&mut || generator.normal()).abs() < 0.011);
        assert!((mean_of(&mut || generator.normal().powi(2)) - 1.0).abs() < 0.016);
        assert!((mean_of(&mut || float(generator.below(10))) - 4.5).abs() < 0.033);
    }
}
