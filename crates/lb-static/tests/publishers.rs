//! `StaticPublisher` and `FixedPublisher`: which endpoints they publish, and for how long.

use std::sync::Arc;

use lb_core::{EndpointSet, Factory, Instance, Observer, Publisher};
use lb_static::{FixedPublisher, StaticPublisher};
use lb_test::{Counted, CountingFactory};

fn addresses<E>(set: &EndpointSet<E>) -> Vec<&str> {
    set.instances().map(Instance::address).collect()
}

fn made(factory: &CountingFactory, address: &str) -> Counted {
    factory.create(&lb_core::Context::background(), &Instance::new(address)).unwrap()
}

#[test]
fn a_static_publisher_makes_each_endpoint_once_whatever_the_order_and_however_often_it_is_given() {
    let factory = CountingFactory::new();
    let publisher = StaticPublisher::new(["b:80", "a:80", "b:80"], factory.clone());
    let set = publisher.endpoints().unwrap();
    assert_eq!(addresses(&set), ["a:80", "b:80"]);
    assert_eq!((factory.made_for("a:80"), factory.made_for("b:80")), (1, 1));
}

#[test]
fn an_instance_whose_factory_fails_or_panics_or_that_has_no_address_is_left_out() {
    let factory = CountingFactory::new();
    factory.fail("fails:80");
    factory.panic("panics:80");
    let publisher = StaticPublisher::new(["fails:80", "a:80", "", "panics:80"], factory.clone());
    assert_eq!(addresses(&publisher.endpoints().unwrap()), ["a:80"]);
    let none = StaticPublisher::new(["fails:80"], factory);
    assert!(none.endpoints().unwrap().is_empty(), "an empty set is no error of a publisher");
}

#[test]
fn a_static_publisher_carries_the_whole_instance_to_the_factory_and_into_the_set() {
    let instance =
        Instance::new("10.0.0.1:443").with_host("a.example").with_weight(5).with_metadata("zone", "b");
    let publisher = StaticPublisher::new([instance.clone()], |instance: &Instance| {
        instance.host().map(str::to_owned).ok_or("a host is needed")
    });
    let pick = publisher.endpoints().unwrap().pick(0).unwrap();
    assert_eq!((pick.instance(), &**pick), (&instance, "a.example"));
}

#[test]
fn a_fixed_publisher_publishes_what_was_made_beforehand() {
    let whole = Instance::new("c:80").with_priority(3);
    let by_instance = FixedPublisher::new([(whole.clone(), 'c')]);
    assert_eq!(by_instance.endpoints().unwrap().instance(0), Some(&whole));
    let by_address = FixedPublisher::new([("b:80", 'b'), ("a:80", 'a')]);
    let set = by_address.endpoints().unwrap();
    assert_eq!((*set.pick(0).unwrap(), *set.pick(1).unwrap()), ('a', 'b'));
}

#[test]
fn of_two_fixed_endpoints_of_one_identity_the_first_counts_and_the_other_is_dropped() {
    let factory = CountingFactory::new();
    let (first, second) = (made(&factory, "a:80"), made(&factory, "a:80"));
    let publisher = FixedPublisher::new([("a:80", first), ("a:80", second)]);
    assert_eq!((factory.alive(), publisher.endpoints().unwrap().len()), (1, 1));
    assert_eq!(publisher.endpoints().unwrap().pick(0).unwrap().number(), 0);
}

#[test]
fn endpoints_are_dropped_with_the_publisher_but_for_those_that_are_picked() {
    let factory = CountingFactory::new();
    let publishers: [Box<dyn Publisher<Endpoint = Counted>>; 2] = [
        Box::new(StaticPublisher::new(["a:80", "b:80"], factory.clone())),
        Box::new(FixedPublisher::new([("a:80", made(&factory, "a:80")), ("b:80", made(&factory, "b:80"))])),
    ];
    for publisher in publishers {
        let pick = publisher.endpoints().unwrap().pick(1).unwrap();
        let alive = factory.alive();
        drop(publisher);
        assert_eq!(factory.alive(), alive - 1);
        drop(pick);
        assert_eq!(factory.alive(), alive - 2);
    }
    assert_eq!(factory.alive(), 0);
}

#[test]
fn they_say_that_they_tell_of_changes_there_are_none_so_that_nobody_looks_at_every_pick() {
    struct Nobody;
    impl Observer for Nobody {
        fn changed(&self) {}
    }
    let observer: Arc<dyn Observer> = Arc::new(Nobody);
    assert!(FixedPublisher::new([("a:80", ())]).subscribe(Arc::downgrade(&observer)));
    assert!(StaticPublisher::new(["a:80"], CountingFactory::new()).subscribe(Arc::downgrade(&observer)));
}
