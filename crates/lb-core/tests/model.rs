//! `EndpointCache` against a simple model, over random histories.

use std::collections::{BTreeMap, BTreeSet};

use lb_core::{EndpointCache, Instance, Pick, Publisher};
use lb_test::{Counted, CountingFactory};
use proptest::prelude::*;

/// One thing that happens to a cache.
#[derive(Clone, Debug)]
enum Step {
    Replace(Vec<Instance>),
    Break(usize),
    Heal(usize),
    Remake(bool),
    Hold(usize),
    Release(usize),
}

const ADDRESSES: [&str; 6] = ["", "a:80", "a:8", "b:80", "a-long-address-0:80", "a-long-address-1:80"];

fn instance() -> impl Strategy<Value = Instance> {
    let host = prop::option::weighted(0.3, prop::sample::select(vec!["x.example", "y.example"]));
    (prop::sample::select(ADDRESSES.to_vec()), host, 1..3_u32, 0..2_u16, prop::bool::weighted(0.2)).prop_map(
        |(address, host, weight, priority, tagged)| {
            let plain = Instance::new(address).with_weight(weight).with_priority(priority);
            let hosted = host.map_or(plain.clone(), |host| plain.with_host(host));
            if tagged { hosted.with_metadata("zone", "b") } else { hosted }
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop::collection::vec(instance(), 0..9).prop_map(Step::Replace),
        1 => (1..ADDRESSES.len()).prop_map(Step::Break),
        1 => (1..ADDRESSES.len()).prop_map(Step::Heal),
        1 => any::<bool>().prop_map(Step::Remake),
        3 => any::<usize>().prop_map(Step::Hold),
        2 => any::<usize>().prop_map(Step::Release),
    ]
}

type Identity = (String, Option<String>);

/// What the cache should hold: by identity, the instance and the number of its endpoint.
#[derive(Default)]
struct Model {
    members: BTreeMap<Identity, (Instance, usize)>,
    broken: BTreeSet<&'static str>,
    remakes: bool,
    made: usize,
}

impl Model {
    /// Replaces the set, and tells whether it changed.
    fn replace(&mut self, instances: Vec<Instance>) -> bool {
        let mut given = BTreeMap::new();
        for instance in instances {
            let identity = (instance.address().to_owned(), instance.host().map(str::to_owned));
            given.entry(identity).or_insert(instance);
        }
        let before = std::mem::take(&mut self.members);
        for (identity, instance) in given {
            let kept = before.get(&identity).filter(|(old, _)| *old == instance || !self.remakes);
            if let Some((_, number)) = kept {
                self.members.insert(identity, (instance, *number));
            } else if !instance.address().is_empty() && !self.broken.contains(instance.address()) {
                self.members.insert(identity, (instance, self.made));
                self.made += 1;
            } else if let Some(old) = before.get(&identity) {
                self.members.insert(identity, old.clone());
            }
        }
        self.members != before
    }
}

/// A cache beside its model.
struct Pair {
    model: Model,
    factory: CountingFactory,
    cache: EndpointCache<Counted>,
    held: Vec<(Pick<Counted>, Instance, usize)>,
}

impl Pair {
    fn new() -> Self {
        let factory = CountingFactory::new();
        let cache = EndpointCache::new(factory.clone());
        Self { model: Model::default(), factory, cache, held: Vec::new() }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Replace(instances) => {
                let before = self.cache.endpoints().unwrap().id();
                self.cache.replace(instances.clone());
                let same = self.cache.endpoints().unwrap().id() == before;
                assert_eq!(
                    self.model.replace(instances),
                    !same,
                    "a new id for a changed set, and for no other"
                );
            }
            Step::Break(index) => {
                self.factory.fail(ADDRESSES[index]);
                self.model.broken.insert(ADDRESSES[index]);
            }
            Step::Heal(index) => {
                self.factory.heal(ADDRESSES[index]);
                self.model.broken.remove(ADDRESSES[index]);
            }
            Step::Remake(remake) => {
                self.factory.remake(remake);
                self.model.remakes = remake;
            }
            Step::Hold(at) => {
                let set = self.cache.endpoints().unwrap();
                if let Some(pick) = set.pick(at % set.len().max(1)) {
                    self.held.push((
                        set.pick(at % set.len()).unwrap(),
                        pick.instance().clone(),
                        pick.number(),
                    ));
                }
            }
            Step::Release(at) if !self.held.is_empty() => drop(self.held.swap_remove(at % self.held.len())),
            Step::Release(_) => {}
        }
    }

    fn assert_agrees(&self) {
        let set = self.cache.endpoints().unwrap();
        let members = (0..set.len()).map(|index| set.pick(index).unwrap());
        let members: Vec<_> = members.map(|pick| (pick.instance().clone(), pick.number())).collect();
        let expected: Vec<_> = self.model.members.values().cloned().collect();
        assert_eq!(members, expected);
        for (pick, instance, number) in &self.held {
            assert_eq!((pick.instance(), pick.number()), (instance, *number), "a pick stays what it was");
        }
        assert_eq!(self.factory.made(), self.model.made);
        let live = self.model.members.values().map(|(_, number)| *number);
        let draining = self.held.iter().map(|(_, _, number)| *number);
        let alive: BTreeSet<_> = live.chain(draining).collect();
        assert_eq!(self.factory.alive(), alive.len(), "made = live + draining + dropped");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_cache_behaves_as_its_model_and_made_is_live_and_draining_and_dropped(
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let mut pair = Pair::new();
        for step in steps {
            pair.take(step);
            pair.assert_agrees();
        }
        let Pair { cache, held, factory, .. } = pair;
        drop(cache);
        drop(held);
        prop_assert_eq!(factory.alive(), 0);
    }
}
