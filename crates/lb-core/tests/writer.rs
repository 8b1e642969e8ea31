//! `EndpointWriter`, as a publisher uses it that runs the factory in its own way.

use lb_core::{EndpointId, EndpointSet, EndpointWriter, Instance};

fn always(_: &Instance, _: &Instance) -> bool {
    true
}

fn never(_: &Instance, _: &Instance) -> bool {
    false
}

fn instances(addresses: &[&str]) -> Vec<Instance> {
    addresses.iter().copied().map(Instance::new).collect()
}

/// A writer with an endpoint for each of these, named like its address.
fn filled(addresses: &[&'static str]) -> (EndpointWriter<&'static str>, EndpointSet<&'static str>) {
    let mut writer = EndpointWriter::new();
    drop(writer.want(instances(addresses), always));
    for &address in addresses {
        writer.supply(Instance::new(address), address, never).unwrap();
    }
    let set = writer.take_set().unwrap();
    (writer, set)
}

fn endpoints(set: &EndpointSet<&'static str>) -> Vec<&'static str> {
    (0..set.len()).map(|index| *set.pick(index).unwrap()).collect()
}

fn id(set: &EndpointSet<&'static str>, index: usize) -> EndpointId {
    set.id_at(index).unwrap()
}

#[test]
fn what_waits_for_an_endpoint_is_counted() {
    let mut writer = EndpointWriter::new();
    assert_eq!(writer.missing(), 0);
    assert_eq!(writer.want(instances(&["c", "a", "b"]), always), instances(&["a", "b", "c"]));
    assert_eq!(writer.missing(), 3);
    writer.supply(Instance::new("b"), "b", never).unwrap();
    assert_eq!(writer.missing(), 2);
    assert_eq!(endpoints(&writer.take_set().unwrap()), ["b"]);
    assert_eq!(writer.missing(), 2);
    assert_eq!(writer.want(instances(&["b", "c"]), always), instances(&["c"]));
    assert_eq!(writer.missing(), 1);
}

#[test]
fn a_set_is_taken_once_for_each_change() {
    let (mut writer, set) = filled(&["a", "b"]);
    assert!(writer.take_set().is_none());
    drop(writer.want(instances(&["b", "a"]), never));
    assert!(writer.take_set().is_none(), "the order has no meaning");
    drop(writer.want(instances(&["a", "c"]), never));
    assert_eq!(endpoints(&writer.take_set().unwrap()), ["a"]);
    assert_eq!(endpoints(&set), ["a", "b"], "a set that was taken stays");
}

#[test]
fn an_endpoint_that_nobody_waits_for_is_given_back() {
    let (mut writer, _) = filled(&["a"]);
    drop(writer.want(instances(&["a", "b"]), always));
    assert_eq!(writer.supply(Instance::new("a"), "late", always), Err("late"));
    assert_eq!(writer.supply(Instance::new("c"), "stray", always), Err("stray"));
    assert!(writer.take_set().is_none());
}

#[test]
fn of_two_endpoints_for_one_instance_the_first_counts() {
    let mut writer = EndpointWriter::new();
    drop(writer.want(instances(&["a", "b"]), always));
    for endpoint in ["first", "second"] {
        writer.supply(Instance::new("a"), endpoint, never).unwrap();
    }
    assert_eq!(endpoints(&writer.take_set().unwrap()), ["first"]);
}

#[test]
fn an_endpoint_made_for_old_attributes_is_asked_about() {
    let heavy = Instance::new("a").with_weight(7);
    let mut writer = EndpointWriter::new();
    drop(writer.want(vec![heavy.clone()], always));
    assert_eq!(writer.supply(Instance::new("a"), "old", never), Err("old"));
    let asked = |old: &Instance, new: &Instance| (old.weight(), new.weight()) == (1, 7);
    writer.supply(Instance::new("a"), "reused", asked).unwrap();
    let set = writer.take_set().unwrap();
    assert_eq!((endpoints(&set), set.instance(0)), (vec!["reused"], Some(&heavy)));
}

#[test]
fn a_renewed_endpoint_serves_until_its_successor_is_there() {
    let (mut writer, set) = filled(&["a", "b"]);
    assert!(writer.renew(id(&set, 1)) && writer.renew(id(&set, 1)), "twice is once");
    assert_eq!(writer.want(instances(&["a", "b"]), never), instances(&["b"]));
    assert!(writer.take_set().is_none(), "it serves on");
    writer.supply(Instance::new("b"), "anew", never).unwrap();
    let renewed = writer.take_set().unwrap();
    assert_eq!(endpoints(&renewed), ["a", "anew"]);
    assert_eq!(id(&renewed, 0), id(&set, 0));
    assert_ne!(id(&renewed, 1), id(&set, 1));
    assert_eq!(writer.want(instances(&["a", "b"]), never), [], "and it is done");
}

#[test]
fn a_renewal_is_wanted_until_it_is_made() {
    let (mut writer, set) = filled(&["a"]);
    assert!(writer.renew(id(&set, 0)));
    for _ in 0..3 {
        assert_eq!(writer.want(instances(&["a"]), never), instances(&["a"]));
    }
}

#[test]
fn a_renewal_ends_with_its_endpoint_and_a_stranger_has_none() {
    let (mut writer, set) = filled(&["a", "b"]);
    let (_, strangers) = filled(&["a"]);
    assert!(!writer.renew(id(&strangers, 0)));
    assert!(writer.renew(id(&set, 1)));
    drop(writer.want(instances(&["a"]), never));
    assert!(!writer.renew(id(&set, 1)), "it has left");
    assert_eq!(writer.want(instances(&["a", "b"]), never), instances(&["b"]));
    writer.supply(Instance::new("b"), "another", never).unwrap();
    assert_eq!(writer.want(instances(&["a", "b"]), never), [], "nobody asked for that");
}
