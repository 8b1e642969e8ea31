use crate::shares::Shares;
use crate::split_mix::mix;

/// Highest random weight (D. Thaler, C. Ravishankar, 1998): of all endpoints the one whose number for a key is the
/// greatest. By weight: −w/ln(u), where u is that number between 0 and 1 (J. Resch, 2015), which gives each exactly its
/// share.
#[derive(Debug)]
pub(super) struct Rendezvous(Box<[u64]>);

impl Rendezvous {
    pub(super) fn new(hashes: Box<[u64]>) -> Self {
        Self(hashes)
    }

    #[inline]
    pub(super) fn owner(&self, at: u64, shares: &Shares) -> usize {
        if !shares.are_equal() {
            return self.owner_by_weight(at, shares);
        }
        let mut best = (0, 0);
        for (index, hash) in self.0.iter().enumerate() {
            let number = mix(hash ^ at);
            if number > best.1 {
                best = (index, number);
            }
        }
        best.0
    }

    fn owner_by_weight(&self, at: u64, shares: &Shares) -> usize {
        let mut best = (0, f64::NEG_INFINITY);
        for (index, hash) in self.0.iter().enumerate() {
            let score = score(mix(hash ^ at), shares.weight(index));
            if score > best.1 {
                best = (index, score);
            }
        }
        best.0
    }
}

/// −w/ln(u), which has the same order for all whose weight is the same. Weight 0 is below all others.
#[expect(clippy::cast_precision_loss, reason = "53 bits of a number are enough")]
fn score(number: u64, weight: u32) -> f64 {
    if weight == 0 {
        return f64::NEG_INFINITY;
    }
    // Between 0 and 1, both excluded.
    let u = ((number >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
    -f64::from(weight) / libm::log(u)
}
