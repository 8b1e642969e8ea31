//! `StaticPublisher` and `FixedPublisher`: which endpoints they publish, and for how long.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lb_core::{EndpointId, EndpointSet, Factory, Instance, Observer, Publisher};
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
fn they_say_that_they_tell_of_changes_so_that_nobody_looks_at_every_pick() {
    let (observer, _told) = observer();
    assert!(FixedPublisher::new([("a:80", ())]).subscribe(Arc::downgrade(&observer)));
    assert!(StaticPublisher::new(["a:80"], CountingFactory::new()).subscribe(Arc::downgrade(&observer)));
}

#[test]
fn they_have_the_name_that_they_were_given() {
    let fixed = FixedPublisher::new([("a:80", ())]);
    assert_eq!(fixed.name(), None);
    assert_eq!(fixed.with_name("api").name(), Some("api"));
    let made = StaticPublisher::new(["a:80"], CountingFactory::new());
    assert_eq!(made.name(), None);
    assert_eq!(made.with_name("api").name(), Some("api"));
}

#[test]
fn a_fixed_endpoint_cannot_be_renewed_for_there_is_no_factory() {
    let publisher = FixedPublisher::new([("a:80", ())]);
    let id = publisher.endpoints().unwrap().id_at(0).unwrap();
    assert!(!publisher.renew(id));
}

#[test]
fn a_renewed_endpoint_is_made_anew_and_the_others_stay() {
    let factory = CountingFactory::new();
    let publisher = StaticPublisher::new(["a:80", "b:80"], factory.clone());
    let (observer, told) = observer();
    assert!(publisher.subscribe(Arc::downgrade(&observer)));
    let (a, b) = ids(&publisher);
    assert!(publisher.renew(a));
    told.recv_timeout(PATIENCE).expect("the new set is told of");
    assert_eq!((factory.made_for("a:80"), factory.made_for("b:80")), (2, 1));
    let (new_a, same_b) = ids(&publisher);
    assert_eq!(same_b, b);
    assert_ne!(new_a, a);
    assert!(!publisher.renew(a), "it is no member any more");
}

#[test]
fn renewals_while_a_factory_hangs_wait_for_nothing_and_are_made_up_for() {
    let (entered, entries) = channel();
    let (release, released) = channel::<()>();
    let (entered, released) = (Mutex::new(entered), Mutex::new(released));
    for _ in 0..2 {
        release.send(()).unwrap(); // for the two calls that `new` makes
    }
    let publisher = StaticPublisher::new(["a:80", "b:80"], move |instance: &Instance| {
        entered.lock().unwrap().send(instance.address().to_owned()).unwrap();
        released.lock().unwrap().recv_timeout(PATIENCE)
    });
    let set = publisher.endpoints().unwrap();
    let (a, b) = (set.id_at(0).unwrap(), set.id_at(1).unwrap());
    drop(set);
    let next = || entries.recv_timeout(PATIENCE).expect("the factory is called");
    assert_eq!([next(), next()], ["a:80", "b:80"]);
    assert!(publisher.renew(a));
    assert_eq!(next(), "a:80"); // and hangs
    assert!(publisher.renew(b) && publisher.renew(b));
    assert!(entries.try_recv().is_err(), "one thread at most");
    release.send(()).unwrap();
    assert_eq!(next(), "b:80");
    release.send(()).unwrap();
}

const PATIENCE: Duration = Duration::from_secs(30);

struct Teller(Mutex<Sender<()>>);

impl Observer for Teller {
    fn changed(&self) {
        let _ = self.0.lock().unwrap().send(());
    }
}

fn observer() -> (Arc<dyn Observer>, Receiver<()>) {
    let (sender, receiver) = channel();
    (Arc::new(Teller(Mutex::new(sender))), receiver)
}

fn ids(publisher: &dyn Publisher<Endpoint = Counted>) -> (EndpointId, EndpointId) {
    let set = publisher.endpoints().unwrap();
    (set.id_at(0).unwrap(), set.id_at(1).unwrap())
}
