use std::sync::Arc;

use lb_core::{Context, Endpoints, Factory, Instance, LoadBalancer, Pick, PickRequest, Publisher, Tried};

use crate::{Counted, CountingFactory, ScriptedPublisher};

/// The publisher that the checks give to the load balancer.
pub type Source = Arc<ScriptedPublisher<Counted>>;

/// What a check works with: a publisher, its load balancer, and the factory that counts.
pub(super) struct Stage<L> {
    pub(super) factory: CountingFactory,
    pub(super) source: Source,
    pub(super) lb: L,
}

impl<L: LoadBalancer<Endpoint = Counted>> Stage<L> {
    /// One for each kind of publisher.
    pub(super) fn both(new: impl Fn(Source) -> L, addresses: &[&str]) -> [Self; 2] {
        Self::each(new, || addresses.iter().map(|address| Instance::new(*address)))
    }

    /// The same with endpoints of these weights.
    pub(super) fn weighted(new: impl Fn(Source) -> L, members: &[(&str, u32)]) -> [Self; 2] {
        Self::each(new, || {
            members.iter().map(|(address, weight)| Instance::new(*address).with_weight(*weight))
        })
    }

    fn each<I>(new: impl Fn(Source) -> L, instances: impl Fn() -> I) -> [Self; 2]
    where
        I: Iterator<Item = Instance>,
    {
        [ScriptedPublisher::new, ScriptedPublisher::silent].map(|publisher| {
            let factory = CountingFactory::new();
            let source = Arc::new(publisher(members(&factory, instances())));
            let lb = new(Arc::clone(&source));
            Self { factory, source, lb }
        })
    }

    pub(super) fn set(&self, addresses: &[&str]) {
        self.source.set(members(&self.factory, addresses.iter().map(|address| Instance::new(*address))));
    }

    #[track_caller]
    pub(super) fn pick(&self) -> Pick<Counted> {
        self.lb.endpoint().unwrap()
    }

    #[track_caller]
    pub(super) fn pick_avoiding(&self, tried: &[&str]) -> Pick<Counted> {
        self.lb.pick(&PickRequest::new().with_tried(&self.tried(tried))).unwrap()
    }

    /// The endpoints of these addresses, as tried. An address that is no member is one that has left.
    pub(super) fn tried(&self, addresses: &[&str]) -> Tried {
        let (set, mut tried) = (self.endpoints(), Tried::new());
        for (index, instance) in set.instances().enumerate() {
            if addresses.contains(&instance.address()) {
                tried.insert(set.id_at(index).expect("a member has an id"));
            }
        }
        tried
    }

    pub(super) fn endpoints(&self) -> Endpoints<Counted> {
        self.source.endpoints().unwrap()
    }
}

fn members(factory: &CountingFactory, instances: impl Iterator<Item = Instance>) -> Vec<(Instance, Counted)> {
    let member = |instance| {
        let made = factory.create(&Context::background(), &instance);
        made.ok().map(|endpoint| (instance, endpoint))
    };
    instances.filter_map(member).collect()
}
