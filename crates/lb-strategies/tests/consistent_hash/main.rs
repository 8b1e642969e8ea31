//! `ConsistentHash`: whose a key is, what moves when the set changes, and the bound on the load.

mod bounded;
mod moves;
mod requests;
#[path = "../support/mod.rs"]
mod support;
mod vectors;

use lb_core::{LoadBalancer, PickRequest};
use lb_strategies::ConsistentHash;

use support::{Cache, numbers};

type Balancer = ConsistentHash<Cache>;

type Rule = fn(Cache) -> Balancer;

/// The three rules, by name.
const RULES: [(&str, Rule); 3] = [
    ("ring", ConsistentHash::ring),
    ("maglev", ConsistentHash::maglev),
    ("rendezvous", ConsistentHash::rendezvous),
];

const KEYS: usize = 5_000;

/// Whose each key is, by the number in its address.
fn owners(lb: &Balancer) -> Vec<usize> {
    let owner = |key| *lb.pick(&PickRequest::new().with_key(key)).unwrap();
    numbers(7).take(KEYS).map(owner).collect()
}
