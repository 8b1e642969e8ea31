//! What every publisher promises.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use lb_core::{Context, Endpoints, Error, Instance, Observer, Publisher};
use lb_discovery::{Answer, DiscoveryPublisher, OnEmpty, Refresh};

use crate::common::{echo, until};

/// A publisher and what its source reads.
struct Registered {
    registry: Arc<Mutex<Vec<Instance>>>,
    publisher: DiscoveryPublisher<String>,
}

impl Registered {
    fn new(addresses: &[&str]) -> Self {
        let registry = Arc::new(Mutex::new(instances(addresses)));
        let source = {
            let registry = Arc::clone(&registry);
            move |_: &Context| {
                Ok(Answer::new(registry.lock().unwrap_or_else(PoisonError::into_inner).clone()))
            }
        };
        let publisher = DiscoveryPublisher::builder("x", source)
            .refresh(Refresh::Every(Duration::MAX))
            .on_empty(OnEmpty::Empty)
            .build(echo)
            .unwrap();
        Self { registry, publisher }
    }

    fn change(&self, addresses: &[&str]) {
        let next = instances(addresses);
        self.registry.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&next);
        self.publisher.refresh_now();
        until("the change", || self.publisher.endpoints().unwrap().instances().eq(&next));
    }
}

impl Publisher for Registered {
    type Endpoint = String;

    fn endpoints(&self) -> Result<Endpoints<String>, Error> {
        self.publisher.endpoints()
    }

    fn subscribe(&self, observer: Weak<dyn Observer>) -> bool {
        self.publisher.subscribe(observer)
    }
}

fn instances(addresses: &[&str]) -> Vec<Instance> {
    let mut addresses = addresses.to_vec();
    addresses.sort_unstable();
    addresses.into_iter().map(Instance::new).collect()
}

lb_test::publisher_contract!(
    discovery_publisher,
    new: Registered::new,
    change: Registered::change,
);
