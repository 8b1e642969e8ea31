//! What every publisher promises, run over both.

use lb_core::Instance;
use lb_static::{FixedPublisher, StaticPublisher};

lb_test::publisher_contract!(static_publisher, new: |addresses: &[&str]| {
    let instances: Vec<_> = addresses.iter().map(|address| Instance::new(*address)).collect();
    StaticPublisher::new(instances, |instance: &Instance| Ok::<_, String>(instance.address().to_owned()))
});

lb_test::publisher_contract!(fixed_publisher, new: |addresses: &[&str]| {
    FixedPublisher::new(addresses.iter().map(|address| (*address, (*address).to_owned())))
});
