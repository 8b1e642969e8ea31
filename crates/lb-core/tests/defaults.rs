//! What publishers and load balancers say that implement only what they must.

use std::sync::{Arc, Weak};

use lb_core::{
    EndpointCell, EndpointSet, Endpoints, Error, Factory, Instance, LoadBalancer, Observer, Pick,
    PickRequest, Publisher,
};

struct Plain(EndpointCell<char>);

impl Publisher for Plain {
    type Endpoint = char;

    fn endpoints(&self) -> Result<Endpoints<char>, Error> {
        Ok(self.0.load())
    }
}

impl LoadBalancer for Plain {
    type Endpoint = char;

    fn pick(&self, _: &PickRequest<'_>) -> Result<Pick<char>, Error> {
        self.0.load().pick(0).ok_or(Error::NoEndpoints)
    }
}

fn plain() -> Plain {
    Plain(EndpointCell::new(EndpointSet::new([(Instance::new("a:80"), 'a')])))
}

struct Observing;

impl Observer for Observing {
    fn changed(&self) {}
}

#[test]
fn a_publisher_has_no_name_cannot_tell_and_renews_nothing() {
    let (publisher, observer) = (plain(), Arc::new(Observing));
    let id = publisher.endpoints().unwrap().id_at(0).unwrap();
    let weak: Weak<dyn Observer> = Arc::downgrade(&(Arc::clone(&observer) as Arc<dyn Observer>));
    for publisher in [&publisher as &dyn Publisher<Endpoint = char>, &Publisher::boxed(plain())] {
        assert_eq!(Publisher::name(publisher), None);
        assert!(!publisher.subscribe(Weak::clone(&weak)));
        assert!(!publisher.renew(id));
    }
}

#[test]
fn a_load_balancer_has_no_name_cannot_tell_and_renews_nothing() {
    let (balancer, observer) = (plain(), Arc::new(Observing));
    let id = balancer.endpoint().unwrap().id();
    let weak: Weak<dyn Observer> = Arc::downgrade(&(Arc::clone(&observer) as Arc<dyn Observer>));
    for balancer in [&balancer as &dyn LoadBalancer<Endpoint = char>, &LoadBalancer::boxed(plain())] {
        assert_eq!(balancer.name(), None);
        assert!(!balancer.subscribe(Weak::clone(&weak)));
        assert!(!balancer.renew(id));
    }
}

#[test]
fn a_factory_keeps_an_endpoint_whatever_attribute_has_changed() {
    let factory = |_: &Instance| Ok::<_, Error>(());
    assert!(factory.reusable(&Instance::new("a:80"), &Instance::new("a:80").with_weight(7)));
}
