//! What a load balancer that knows weights makes of them, and what any makes of marks.

#![expect(
    clippy::missing_panics_doc,
    reason = "each check panics where the promise is broken, and only there"
)]

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use lb_core::{EndpointSet, LoadBalancer, PickRequest, Publisher, Tried};

use super::Rule;
use super::stage::{Source, Stage};
use crate::Counted;

const SOME_ZERO: [(&str, u32); 5] = [("a:80", 3), ("b:80", 0), ("c:80", 1), ("d:80", 0), ("e:80", 2)];
const ALL: [&str; 5] = ["a:80", "b:80", "c:80", "d:80", "e:80"];

/// Who is picked in 1,000 requests that tried these: half of them have a key each, half have none. One who has a sixth of
/// the requests is missed once in 10⁷⁹ times.
fn reached<L: LoadBalancer<Endpoint = Counted>>(stage: &Stage<L>, tried: &[&str]) -> BTreeSet<String> {
    let tried = stage.tried(tried);
    let request = |n| if n % 2 == 0 { PickRequest::new() } else { PickRequest::new().with_key(n) };
    let pick = |n| stage.lb.pick(&request(n).with_tried(&tried)).unwrap().address().to_owned();
    (0..1000).map(pick).collect()
}

#[track_caller]
fn assert_reached<L: LoadBalancer<Endpoint = Counted>>(stage: &Stage<L>, tried: &[&str], expected: &[&str]) {
    let reached = reached(stage, tried);
    assert!(reached.iter().eq(expected), "with {tried:?} tried {reached:?} were picked, not {expected:?}");
}

/// Of the weights 3, 0, 1, 0, 2 those that are not 0 are picked.
pub fn reaches_those_that_have_weight<L>(new: impl Fn(Source) -> L)
where
    L: LoadBalancer<Endpoint = Counted>,
{
    let _rule = Rule("every endpoint of positive weight is reachable, and one of weight 0 is not");
    for stage in Stage::weighted(new, &SOME_ZERO) {
        assert_reached(&stage, &[], &["a:80", "c:80", "e:80"]);
    }
}

/// Whatever was tried, one of weight 0 is none, while another has weight: not even when all others were tried, and the
/// next tier is picked from before.
pub fn passes_weight_zero_over_whatever_was_tried<L>(new: impl Fn(Source) -> L)
where
    L: LoadBalancer<Endpoint = Counted>,
{
    let _rule = Rule("an endpoint of weight 0 counts as none while others have weight, tried or not");
    for stage in Stage::weighted(new, &SOME_ZERO) {
        assert_reached(&stage, &["a:80"], &["c:80", "e:80"]);
        assert_reached(&stage, &["a:80", "b:80", "e:80"], &["c:80"]);
        assert_reached(&stage, &["a:80", "c:80", "e:80"], &["a:80", "c:80", "e:80"]);
        let all = stage.endpoints().to_set();
        stage.source.set_endpoints(all.select([0, 1]).or_else(all.select([2, 3])));
        let mut tried = Tried::new();
        for expected in ["a:80", "c:80", "a:80"] {
            let pick = stage.lb.pick(&PickRequest::new().with_tried(&tried)).unwrap();
            assert_eq!(pick.address(), expected, "of the tiers {{a: 3, b: 0}} and {{c: 1, d: 0}}");
            tried.insert(pick.id());
        }
    }
}

/// Where all weights are 0 all are equal, and each is picked.
pub fn takes_all_for_equal_where_all_weights_are_zero<L>(new: impl Fn(Source) -> L)
where
    L: LoadBalancer<Endpoint = Counted>,
{
    let _rule = Rule("where all weights are 0 they are equal");
    for stage in Stage::weighted(new, &ALL.map(|address| (address, 0))) {
        assert_reached(&stage, &[], &ALL);
        assert_reached(&stage, &["b:80", "d:80"], &["a:80", "c:80", "e:80"]);
    }
}

/// The next pick after a change of weights, of endpoints that stay, follows the new ones; the largest weights included.
pub fn follows_changes_of_weights<L>(new: impl Fn(Source) -> L)
where
    L: LoadBalancer<Endpoint = Counted>,
{
    const OF_EACH: [([u32; 3], &[&str]); 6] = [
        ([1, 0, 0], &["a:80"]),
        ([0, 0, u32::MAX], &["c:80"]),
        ([u32::MAX, 0, u32::MAX], &["a:80", "c:80"]),
        ([0, 0, 0], &["a:80", "b:80", "c:80"]),
        ([0, 7, 0], &["b:80"]),
        ([1, 2, 3], &["a:80", "b:80", "c:80"]),
    ];
    let _rule = Rule("the next pick after a change of weights follows the new ones");
    for stage in Stage::weighted(new, &[("a:80", 1), ("b:80", 1), ("c:80", 1)]) {
        for (weights, expected) in OF_EACH {
            stage.source.set_endpoints(stage.endpoints().with_weights(|index, _| weights[index]));
            assert_reached(&stage, &[], expected);
        }
    }
}

/// Threads pick while weights change: one whose weight is 0 in every set that was published is never picked.
pub fn follows_weights_on_many_threads<L>(new: impl Fn(Source) -> L)
where
    L: LoadBalancer<Endpoint = Counted>,
{
    const SETS: [[u32; 3]; 3] = [[1, 0, 5], [4, 0, u32::MAX], [0, 0, 1]];
    let _rule = Rule("threads pick while weights change: whose weight is 0 in all sets is never picked");
    for stage in Stage::weighted(new, &[("a:80", 1), ("b:80", 0), ("c:80", 5)]) {
        let (start, done) = (Barrier::new(5), AtomicBool::new(false));
        let work = || {
            start.wait();
            let mut picked = 0_u64;
            while picked < 100 || !done.load(Ordering::Relaxed) {
                let pick = stage.lb.pick(&PickRequest::new().with_key(picked)).unwrap();
                assert_ne!(pick.address(), "b:80", "it has no weight");
                picked += 1;
            }
        };
        thread::scope(|scope| {
            (0..4).for_each(|_| drop(scope.spawn(work)));
            start.wait();
            for round in 1..=30 {
                let set = stage.endpoints().with_weights(|index, _| SETS[round % SETS.len()][index]);
                stage.source.set_endpoints(set);
            }
            done.store(true, Ordering::Relaxed);
        });
    }
}

/// Marked members are picked as if they were not, whether some are marked or all.
pub fn ignores_marks<L>(new: impl Fn(Source) -> L)
where
    L: LoadBalancer<Endpoint = Counted>,
{
    let _rule = Rule("marks are the business of whoever chooses among tiers: strategies ignore them");
    for stage in Stage::both(new, &ALL) {
        for healthy in [3, 1, 0] {
            let marked = |set: &EndpointSet<_>| set.without_marks().with_health(|index, _| index < healthy);
            let set = marked(&stage.source.endpoints().unwrap());
            stage.source.set_endpoints(set);
            assert_reached(&stage, &[], &ALL);
            assert_reached(&stage, &["a:80", "b:80", "c:80"], &["d:80", "e:80"]);
        }
    }
}
