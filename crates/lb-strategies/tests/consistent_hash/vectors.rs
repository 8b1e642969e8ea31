//! Whose each of some keys is, by each rule: committed, so that a change of hashing, of which old and new clients would
//! not agree, breaks a test. A change of these files breaks every cache in a fleet that is updated one by one.

use lb_core::{EndpointCache, Instance, LoadBalancer, PickRequest};

use crate::support::{Cache, numbers};
use crate::{Balancer, RULES, Rule};

/// Names and weights as they come: IPv4, IPv6, a name, one by metadata; equal, unequal, 0 and the greatest.
const SETS: [(&str, &[(&str, u32)]); 3] = [
    (
        "equal",
        &[
            ("10.0.0.1:80", 1),
            ("10.0.0.2:80", 1),
            ("10.0.0.3:80", 1),
            ("[fe80::1]:443", 1),
            ("a.example:80", 1),
        ],
    ),
    (
        "weighted",
        &[
            ("10.0.0.1:80", 5),
            ("10.0.0.2:80", 3),
            ("10.0.0.3:80", 0),
            ("[fe80::1]:443", 100),
            ("a.example:80", 20),
        ],
    ),
    ("extreme", &[("10.0.0.1:80", 1), ("10.0.0.2:80", u32::MAX), ("a.example:80", u32::MAX)]),
];

fn balancer(rule: Rule, members: &[(&str, u32)]) -> Balancer {
    let cache = Cache::new(EndpointCache::new(|_: &Instance| "0".parse::<usize>()));
    // The last one has a name of its own.
    let instance = |(index, (address, weight)): (usize, &(&str, u32))| {
        let instance = Instance::new(*address).with_weight(*weight);
        if index + 1 == members.len() { instance.with_metadata("name", "web-0") } else { instance }
    };
    cache.replace(members.iter().enumerate().map(instance));
    rule(cache).hash_key("name")
}

/// A line a key: the key, and the address it has by each rule.
fn lines(members: &[(&str, u32)]) -> String {
    let balancers = RULES.map(|(_, rule)| balancer(rule, members));
    let line = |key: u64| {
        let owners = balancers
            .each_ref()
            .map(|lb| lb.pick(&PickRequest::new().with_key(key)).unwrap().address().to_owned());
        format!("{key} {}\n", owners.join(" "))
    };
    [0, 1, 2, u64::MAX].into_iter().chain(numbers(1).take(96)).map(line).collect()
}

#[test]
fn the_map_is_the_committed_one() {
    for ((name, members), expected) in SETS.into_iter().zip([
        include_str!("../vectors/equal.txt"),
        include_str!("../vectors/weighted.txt"),
        include_str!("../vectors/extreme.txt"),
    ]) {
        let written: Vec<_> = expected.lines().filter(|line| !line.starts_with('#')).collect();
        let now = lines(members);
        let now: Vec<_> = now.lines().collect();
        let differ = written.iter().zip(&now).find(|(written, now)| written != now);
        assert!(written == now, "{name}.txt: {differ:?}");
    }
}
