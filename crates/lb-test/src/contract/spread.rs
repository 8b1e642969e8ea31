//! How evenly a load balancer spreads its picks.

#![expect(
    clippy::missing_panics_doc,
    reason = "each check panics where the promise is broken, and only there"
)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use lb_core::LoadBalancer;

use super::Rule;
use super::stage::{Source, Stage};
use crate::Counted;

/// After 10,000 picks from ten endpoints, by one thread and by four, no two counts are further apart than `bound`.
pub fn spreads_evenly<L>(new: impl Fn(Source) -> L, bound: u64)
where
    L: LoadBalancer<Endpoint = Counted>,
{
    const TEN: [&str; 10] = ["a:1", "a:2", "a:3", "a:4", "a:5", "a:6", "a:7", "a:8", "a:9", "b:0"];
    let _rule =
        Rule("over many picks the counts of two endpoints are no further apart than `uniform_within`");
    for threads in [1, 4] {
        for stage in Stage::both(&new, &TEN) {
            let counts = TEN.map(|_| AtomicU64::new(0));
            let work = || {
                for _ in 0..10_000 / threads {
                    let pick = stage.pick();
                    let index = TEN.iter().position(|address| *address == pick.address());
                    counts[index.expect("a member")].fetch_add(1, Ordering::Relaxed);
                }
            };
            thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
            let counts = counts.map(AtomicU64::into_inner);
            let apart = counts.iter().max().zip(counts.iter().min()).map_or(0, |(most, least)| most - least);
            assert!(
                apart <= bound,
                "{threads} threads: {counts:?} are {apart} apart, which is more than {bound}"
            );
        }
    }
}
