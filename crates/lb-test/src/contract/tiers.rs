//! What a load balancer makes of a set that has a next tier.

#![expect(
    clippy::missing_panics_doc,
    reason = "each check panics where the promise is broken, and only there"
)]

use lb_core::{LoadBalancer, PickRequest, Tried};

use super::Rule;
use super::stage::{Source, Stage};
use crate::Counted;

/// Of three tiers of two each, the first is picked from until both were tried, then the second, then the third; once all
/// were tried, the first again.
pub fn goes_on_with_the_next_tier<L>(new: impl Fn(Source) -> L)
where
    L: LoadBalancer<Endpoint = Counted>,
{
    const TIERS: [[&str; 2]; 3] = [["a:80", "b:80"], ["c:80", "d:80"], ["e:80", "f:80"]];
    let _rule =
        Rule("a tier all of whose members were tried leads to `next_tier()`; all tried, to the first tier");
    for stage in Stage::both(new, TIERS.as_flattened()) {
        let all = stage.endpoints().to_set();
        stage
            .source
            .set_endpoints(all.select([0, 1]).or_else(all.select([2, 3]).or_else(all.select([4, 5]))));
        // Twenty draws each: a strategy that draws at random must not pass by luck.
        for _ in 0..20 {
            let mut tried = Tried::new();
            for tier in TIERS {
                for _ in tier {
                    let pick = stage.lb.pick(&PickRequest::new().with_tried(&tried)).unwrap();
                    assert!(tier.contains(&pick.address()), "{} is not of the tier {tier:?}", pick.address());
                    assert!(!tried.contains(pick.id()), "{} was tried", pick.address());
                    tried.insert(pick.id());
                }
            }
            let pick = stage.lb.pick(&PickRequest::new().with_tried(&tried)).unwrap();
            assert!(
                TIERS[0].contains(&pick.address()),
                "all were tried: {} is not of the first tier",
                pick.address()
            );
        }
    }
}
