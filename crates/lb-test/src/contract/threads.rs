//! Threads that pick from a load balancer while its set changes.

#![expect(
    clippy::missing_panics_doc,
    reason = "each check panics where the promise is broken, and only there"
)]

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use lb_core::{LoadBalancer, PickRequest, Tried};

use super::Rule;
use super::stage::{Source, Stage};
use crate::Counted;

/// Threads pick while the set changes: every pick is of a set that was published, and no endpoint is lost or kept.
pub fn picks_on_many_threads_while_the_set_changes<L>(new: impl Fn(Source) -> L)
where
    L: LoadBalancer<Endpoint = Counted>,
{
    const SETS: [&[&str]; 3] = [&["a:80", "b:80", "c:80"], &["b:80"], &["c:80", "d:80"]];
    let _rule = Rule("threads pick while the set changes: no endpoint is lost or kept");
    for stage in Stage::both(new, SETS[0]) {
        let (start, done) = (Barrier::new(5), AtomicBool::new(false));
        let work = || {
            start.wait();
            let mut last = stage.pick();
            while !done.load(Ordering::Relaxed) {
                let mut tried = Tried::new();
                tried.insert(last.id());
                last = stage.lb.pick(&PickRequest::new().with_tried(&tried)).unwrap();
                assert_eq!(Counted::address(&last), last.address());
            }
            last
        };
        let held: Vec<_> = thread::scope(|scope| {
            let pickers: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
            start.wait();
            for round in 1..=200 {
                stage.set(SETS[round % SETS.len()]);
            }
            done.store(true, Ordering::Relaxed);
            pickers.into_iter().map(|picker| picker.join().expect("the picker's own panic")).collect()
        });
        let last = SETS[200 % SETS.len()];
        assert!((0..100).all(|_| last.contains(&stage.pick().address())));
        stage.factory.assert_balance(&stage.endpoints(), &held);
        drop(held);
        assert_eq!(stage.factory.alive(), last.len());
    }
}
