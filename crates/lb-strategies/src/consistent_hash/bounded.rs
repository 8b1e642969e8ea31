use std::sync::Arc;
use std::sync::atomic::Ordering;

use lb_core::PickObserver;

use super::table::Table;
use crate::sync::AtomicU64;

/// How many requests one balancer has in flight on one endpoint, and, shared by all its endpoints, in all.
#[derive(Debug)]
pub(super) struct Load {
    own: AtomicU64,
    all: Arc<AtomicU64>,
    /// With the counts of its `Arc` it fills a cache line.
    _padding: [u64; 4],
}

impl Load {
    pub(super) fn new(all: Arc<AtomicU64>) -> Self {
        Self { own: AtomicU64::new(0), all, _padding: [0; 4] }
    }
}

impl PickObserver for Load {
    // Relaxed: counts that nothing else is read by.
    fn picked(&self) {
        self.own.fetch_add(1, Ordering::Relaxed);
        self.all.fetch_add(1, Ordering::Relaxed);
    }

    fn dropped(&self) {
        self.own.fetch_sub(1, Ordering::Relaxed);
        self.all.fetch_sub(1, Ordering::Relaxed);
    }
}

/// No endpoint gets more than c times its share of what is in flight (V. Mirrokni, M. Thorup, M. Zadimoghaddam,
/// "Consistent Hashing with Bounded Loads", 2016). What is too much for one jumps to another place for each key, instead of
/// to the neighbour, which would be the next to be full (J. Chen, B. Coleman, A. Shrivastava, "Revisiting Consistent
/// Hashing with Bounded Loads", 2020).
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound(f64);

impl Bound {
    /// `None`: a factor below 1, or none at all, cannot hold all requests.
    pub(super) fn new(factor: f64) -> Option<Self> {
        (factor >= 1.0).then_some(Self(factor))
    }

    /// The endpoint of a hash among those that are not full and that `wanted` says yes of. Somebody is always below the
    /// average; when that one is not wanted, it is the wanted one with the least load for its weight.
    pub(super) fn owner(
        self,
        table: &Table,
        loads: &[Arc<Load>],
        hash: u64,
        wanted: &dyn Fn(usize) -> bool,
    ) -> Option<usize> {
        let cap = self.cap(table, loads);
        let load = |index: usize| loads[index].own.load(Ordering::Relaxed);
        let has_room = |index: usize| wanted(index) && load(index) < cap(index);
        table.owner_among(hash, has_room).or_else(|| {
            let candidates =
                (0..loads.len()).filter(|index| wanted(*index) && table.shares.weight(*index) > 0);
            let relative = |index: &usize| {
                (u128::from(load(*index) + 1) << u32::BITS) / u128::from(table.shares.weight(*index))
            };
            candidates.min_by_key(relative)
        })
    }

    /// The most that an endpoint may have in flight, this request included.
    fn cap<'a>(self, table: &'a Table, loads: &[Arc<Load>]) -> impl Fn(usize) -> u64 + 'a {
        let all = loads.first().map_or(0, |load| load.all.load(Ordering::Relaxed)) + 1;
        move |index| self.most(all, table.shares.weight(index), table.total_weight)
    }

    /// ⌈c · all · weight / total⌉. Divided last: what comes to a whole number is one, and not a little more.
    #[inline]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "no program has 2⁵³ requests in flight"
    )]
    fn most(self, all: u64, weight: u32, total: u64) -> u64 {
        (self.0 * (all as f64 * f64::from(weight)) / total as f64).ceil() as u64
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_exact() {
        for quarters in [4_u32, 5, 6, 12] {
            let bound = Bound::new(f64::from(quarters) / 4.0).unwrap();
            for total in 1..50 {
                for (all, weight) in (1..300).flat_map(|all| (0..=total).map(move |weight| (all, weight))) {
                    let most = (u64::from(quarters) * all * u64::from(weight)).div_ceil(4 * u64::from(total));
                    assert_eq!(
                        bound.most(all, weight, u64::from(total)),
                        most,
                        "{bound:?}: {all} · {weight} / {total}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_factor_that_could_not_hold_all_is_none() {
        assert!([0.999, 0.0, -1.0, f64::NAN].into_iter().all(|factor| Bound::new(factor).is_none()));
        assert_eq!(Bound::new(f64::INFINITY).unwrap().most(1, 0, 7), 0, "weight 0 is none");
    }
}
