//! Where a request goes: without a key, with tried endpoints, by the names of endpoints; and what is said of it.

use std::sync::Arc;

use lb_core::{EndpointCache, Error, Instance, LoadBalancer, PickRequest, Publisher, Tried};
use lb_strategies::ConsistentHash;
use lb_test::ScriptedPublisher;

use crate::support::{Cache, address, assert_shares, counts, numbers, tried_at, weighted};
use crate::{Balancer, RULES};

#[test]
fn without_a_key_it_is_by_weight() {
    for (name, rule) in RULES {
        let lb = rule(weighted(&[5, 0, 1, 4]));
        // No seed: a third of the deviations are looked at, which one run in 10²² exceeds.
        let counts = counts(&lb, 4, 90_000).into_iter().map(|count| count / 9).collect::<Vec<_>>();
        assert_shares(name, &counts, &[5.0, 0.0, 1.0, 4.0]);
    }
}

/// The keys of one that was tried go to all others by their shares, and each always to the same one.
#[test]
fn the_keys_of_one_that_was_tried_are_spread_over_all_others() {
    let weights = [1; 20];
    for (name, rule) in RULES {
        let cache = weighted(&weights);
        let (lb, tried) = (rule(cache.clone()), tried_at(&cache, &[3]));
        let pick = |key, tried| *lb.pick(&PickRequest::new().with_key(key).with_tried(tried)).unwrap();
        let none = Tried::new();
        let mut counts = [0_u64; 20];
        for key in numbers(5).take(20_000) {
            let (first, second) = (pick(key, &none), pick(key, &tried));
            if first == 3 {
                counts[second] += 1;
                assert_eq!(pick(key, &tried), second, "{name}: it stays where it went");
            } else {
                assert_eq!(first, second, "{name}: nobody else's key moves");
            }
        }
        let others = counts.iter().enumerate().filter(|(index, _)| *index != 3).map(|(_, count)| *count);
        let (least, most) = others.fold((u64::MAX, 0), |(least, most), n| (least.min(n), most.max(n)));
        assert!(counts[3] == 0 && least > 20 && most < 100, "{name}: {counts:?}");
    }
}

#[test]
fn explain_agrees_with_pick_and_names_the_endpoint() {
    for (name, rule) in RULES {
        for weights in [&[1, 1, 1][..], &[5, 1, 0, 3], &[0, 0]] {
            let lb = rule(weighted(weights));
            for key in numbers(3).take(300) {
                let (pick, explanation) =
                    (lb.pick(&PickRequest::new().with_key(key)).unwrap(), lb.explain(key).unwrap());
                assert_eq!((&*explanation.address, explanation.id), (pick.address(), pick.id()), "{name}");
                assert_eq!(explanation.key, key);
                let text = explanation.to_string();
                let known =
                    [format!("key {key} "), format!("{:#018x}", explanation.hash), explanation.reason];
                assert!(
                    known.iter().all(|part| text.contains(part)) && text.contains(pick.address()),
                    "{text}"
                );
            }
        }
        let empty = rule(weighted(&[]));
        assert!(matches!(empty.explain(1), Err(Error::NoEndpoints)), "{name}");
    }
}

#[test]
fn a_name_in_the_metadata_keeps_its_keys_when_the_address_changes() {
    let pod = |address: &str, pod: &str| Instance::new(address).with_metadata("pod", pod);
    for (rule_name, rule) in RULES {
        let cache = Cache::new(EndpointCache::new(|_: &Instance| Ok::<_, std::num::ParseIntError>(0)));
        let lb = rule(cache.clone()).hash_key("pod");
        let names = |lb: &Balancer| -> Vec<String> {
            let pick = |key| lb.pick(&PickRequest::new().with_key(key)).unwrap();
            let name =
                |instance: &Instance| instance.metadata("pod").unwrap_or(instance.address()).to_owned();
            numbers(7).take(2000).map(|key| name(pick(key).instance())).collect()
        };
        cache.replace([
            pod("10.0.0.1:80", "web-0"),
            pod("10.0.0.2:80", "web-1"),
            Instance::new("10.0.0.3:80"),
        ]);
        let before = names(&lb);
        // web-0 comes back at an address that sorts last.
        cache.replace([
            pod("10.9.9.9:80", "web-0"),
            pod("10.0.0.2:80", "web-1"),
            Instance::new("10.0.0.3:80"),
        ]);
        assert!(names(&lb) == before, "{rule_name}: a key moved");
        let explanation = lb.explain(1).unwrap();
        assert!(explanation.to_string().contains(&*explanation.address));
        // By addresses the same change moves keys.
        let plain = rule(cache.clone());
        let moved = names(&plain);
        cache.replace([
            pod("10.0.0.1:80", "web-0"),
            pod("10.0.0.2:80", "web-1"),
            Instance::new("10.0.0.3:80"),
        ]);
        assert!(names(&plain) != moved, "{rule_name}: an address is a name, too");
    }
}

/// A set with next tiers: each tier has a map of its own.
#[test]
fn the_keys_of_a_tier_whose_members_were_all_tried_go_by_the_next_tiers_map() {
    for (name, rule) in RULES {
        let cache = weighted(&[1, 1, 1, 1]);
        let all = cache.endpoints().unwrap().to_set();
        let source = Arc::new(ScriptedPublisher::new([("unused", 0_usize)]));
        source.set_endpoints(all.select([0, 1]).or_else(all.select([2, 3])));
        let lb = match name {
            "ring" => ConsistentHash::ring(source),
            "maglev" => ConsistentHash::maglev(source),
            _ => ConsistentHash::rendezvous(source),
        };
        let alone = {
            let cache = weighted(&[]);
            cache.replace([2, 3].map(|index| Instance::new(address(index))));
            rule(cache)
        };
        let tried = tried_at(&cache, &[0, 1]);
        for key in numbers(9).take(500) {
            let second = *lb.pick(&PickRequest::new().with_key(key).with_tried(&tried)).unwrap();
            assert_eq!(second, *alone.pick(&PickRequest::new().with_key(key)).unwrap(), "{name}");
        }
    }
}
