//! A publisher of two tiers whose members a test marks.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::sync::{Arc, Weak};

use lb_core::{EndpointSet, Endpoints, Error, Instance, Observer, Publisher};
use lb_test::ScriptedPublisher;

/// Members of which a test says how many of each tier are unmarked; it has a name if it is given one.
pub(crate) struct Marked {
    members: EndpointSet<()>,
    publisher: ScriptedPublisher<()>,
    name: Option<&'static str>,
}

/// As many members as that at priority 1, and at 2.
pub(crate) fn marked(tiers: [usize; 2], name: Option<&'static str>) -> Arc<Marked> {
    let of = |(priority, members): (u16, usize)| {
        (0..members).map(move |n| (Instance::new(format!("{priority}/{n}")).with_priority(priority), ()))
    };
    let members = EndpointSet::new([(1, tiers[0]), (2, tiers[1])].into_iter().flat_map(of));
    let publisher = ScriptedPublisher::new([("", ()); 0]);
    publisher.set_endpoints(members.to_set());
    Arc::new(Marked { members, publisher, name })
}

impl Marked {
    pub(crate) fn unmarked(&self, tiers: [usize; 2]) {
        self.publisher.set_endpoints(self.members.with_health(|_, instance| {
            let number: usize = instance.address()[2..].parse().unwrap();
            number < tiers[usize::from(instance.priority()) - 1]
        }));
    }

    pub(crate) fn empty(&self) {
        self.publisher.set([("", ()); 0]);
    }
}

impl Publisher for Marked {
    type Endpoint = ();

    fn endpoints(&self) -> Result<Endpoints<()>, Error> {
        self.publisher.endpoints()
    }

    fn subscribe(&self, observer: Weak<dyn Observer>) -> bool {
        self.publisher.subscribe(observer)
    }

    fn name(&self) -> Option<&str> {
        self.name
    }
}

/// The addresses of each tier, in the order in which they are picked from.
pub(crate) fn chain(publisher: &impl Publisher) -> Vec<Vec<String>> {
    let set = publisher.endpoints().unwrap();
    std::iter::successors(Some(&*set), |tier| tier.next_tier())
        .map(|tier| tier.instances().map(|instance| instance.address().to_owned()).collect())
        .collect()
}
