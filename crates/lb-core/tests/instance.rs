//! `Instance`: its attributes, and what makes two equal.

use std::collections::HashSet;

use lb_core::Instance;

#[test]
fn a_new_one_has_weight_1_priority_0_no_host_and_no_metadata() {
    for plain in [Instance::new("a:80"), "a:80".into(), "a:80".to_owned().into()] {
        assert_eq!((plain.address(), plain.host(), plain.weight(), plain.priority()), ("a:80", None, 1, 0));
        assert_eq!(plain.metadata("zone"), None);
    }
}

#[test]
fn attributes_are_what_was_set_last_over_their_whole_range() {
    let instance =
        Instance::new("a:80").with_host("x").with_host("a.example").with_weight(0).with_weight(u32::MAX);
    let instance = instance.with_priority(u16::MAX).with_metadata("zone", "a").with_metadata("zone", "b");
    assert_eq!(
        (instance.host(), instance.weight(), instance.priority()),
        (Some("a.example"), u32::MAX, u16::MAX)
    );
    assert_eq!((instance.metadata("zone"), instance.metadata("rack")), (Some("b"), None));
}

#[test]
fn equality_and_hash_compare_everything() {
    let plain = Instance::new("a:80");
    let all = [
        plain.clone(),
        Instance::new("b:80"),
        plain.clone().with_host("a.example"),
        plain.clone().with_weight(2),
        plain.clone().with_priority(1),
        plain.clone().with_metadata("zone", "b"),
        plain.clone().with_metadata("zone", "c"),
    ];
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
    let by_parts = Instance::new("a:80").with_metadata("y", "2").with_metadata("x", "1");
    assert_eq!(by_parts, plain.with_metadata("x", "1").with_metadata("y", "2"));
}

#[test]
fn a_clone_that_is_changed_leaves_the_original_as_it_was() {
    let original = Instance::new("a:80").with_metadata("zone", "b");
    let changed = original.clone().with_metadata("zone", "c").with_weight(9);
    assert_eq!((original.metadata("zone"), original.weight()), (Some("b"), 1));
    assert_eq!(changed.metadata("zone"), Some("c"));
}
