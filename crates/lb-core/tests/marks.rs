//! Marks and weights, and what keeps them.

use std::sync::Arc;

use lb_core::{EndpointSet, Instance, Mark, PickObserver};

fn set() -> EndpointSet<()> {
    EndpointSet::new(["a", "b", "c"].map(|address| (Instance::new(address), ())))
}

/// What is said of each member, by index.
fn marks<E>(set: &EndpointSet<E>) -> Vec<Option<String>> {
    (0..set.len()).map(|index| set.mark(index).map(ToString::to_string)).collect()
}

fn health<E>(set: &EndpointSet<E>) -> Vec<bool> {
    (0..set.len()).map(|index| set.is_healthy(index)).collect()
}

fn weights<E>(set: &EndpointSet<E>) -> Vec<u32> {
    set.instances().map(Instance::weight).collect()
}

/// With a mark on the one in the middle.
fn middle(set: &EndpointSet<()>) -> EndpointSet<()> {
    set.with_marks(|index, _| (index == 1).then(|| Mark::new("ejection", "5 failures")))
}

#[test]
fn a_set_without_marks_is_healthy() {
    assert_eq!(health(&set()), [true; 3]);
    assert_eq!(marks(&set()), [None, None, None]);
}

#[test]
fn a_mark_says_by_whom_and_why() {
    let set = middle(&set());
    let mark = set.mark(1).unwrap();
    assert_eq!((mark.by(), mark.reason()), ("ejection", "5 failures"));
    assert_eq!(marks(&set), [None, Some("ejection: 5 failures".to_owned()), None]);
    assert_eq!(health(&set), [true, false, true]);
}

#[test]
fn past_the_end_nobody_is_healthy_and_nobody_marked() {
    for set in [set(), middle(&set()), EndpointSet::new([])] {
        for index in [3, 4, usize::MAX] {
            assert!(!set.is_healthy(index) && set.mark(index).is_none(), "{index}");
        }
    }
}

#[test]
fn with_health_asks_by_index_and_instance_and_marks_those_that_are_not() {
    let by_index = set().with_health(|index, _| index != 0);
    let by_instance = set().with_health(|_, instance| instance.address() != "a");
    for set in [by_index, by_instance] {
        assert_eq!(health(&set), [false, true, true]);
        assert_eq!(set.mark(0).map(Mark::by), Some("health"));
    }
}

#[test]
fn the_first_mark_stays() {
    let twice = middle(&set()).with_marks(|index, _| (index > 0).then(|| Mark::new("zone", "far")));
    let expected = [None, Some("ejection: 5 failures".to_owned()), Some("zone: far".to_owned())];
    assert_eq!(marks(&twice), expected);
    assert_eq!(marks(&twice.with_health(|_, _| true)), expected, "health takes no mark away");
}

#[test]
fn a_member_that_is_marked_already_is_not_asked_about() {
    let asked = std::cell::RefCell::new(Vec::new());
    let set = middle(&set()).with_marks(|index, _| {
        asked.borrow_mut().push(index);
        None
    });
    assert_eq!(*asked.borrow(), [0, 2]);
    assert_eq!(health(&set), [true, false, true]);
}

#[test]
fn without_marks_all_are_healthy_and_the_marked_set_stays() {
    let marked = middle(&set());
    let bare = marked.without_marks();
    assert_eq!((health(&bare), health(&marked)), (vec![true; 3], vec![true, false, true]));
}

#[test]
fn select_takes_each_mark_along_with_its_member() {
    let marked = middle(&set());
    let selections: [(&[usize], &[bool]); 5] = [
        (&[0, 1, 2], &[true, false, true]),
        (&[2, 1], &[false, true]),
        (&[1], &[false]),
        (&[0, 2], &[true, true]),
        (&[], &[]),
    ];
    for (indices, expected) in selections {
        assert_eq!(health(&marked.select(indices.iter().copied())), expected, "{indices:?}");
    }
    assert_eq!(health(&marked.select([1, 1, 7])), [false], "given twice, and past the end");
}

struct Nobody;

impl PickObserver for Nobody {}

#[test]
fn marks_and_next_tiers_are_kept_by_whatever_makes_a_set_of_a_set() {
    let next = || middle(&set()).or_else(set().select([2]));
    let marked = middle(&set()).or_else(next());
    let made = [
        ("to_set", marked.to_set()),
        ("select", marked.select(0..3)),
        ("observed", marked.observed(&[Arc::new(Nobody)])),
        ("with_weights", marked.with_weights(|_, _| 9)),
        ("with_marks", marked.with_marks(|_, _| None)),
        ("with_health", marked.with_health(|_, _| true)),
        ("or_else", marked.to_set().or_else(set())),
    ];
    for (how, set) in &made {
        assert_eq!(health(set), [true, false, true], "{how}");
        let second = set.next_tier().expect(how);
        assert_eq!(health(second), [true, false, true], "{how}");
        let third = second.next_tier().expect(how);
        assert_eq!(third.instance(0).map(Instance::address), Some("c"), "{how}");
        assert_eq!(third.next_tier().map(EndpointSet::len), (*how == "or_else").then_some(3), "{how}");
    }
}

#[test]
fn without_marks_keeps_the_next_tiers_and_their_marks() {
    let bare = middle(&set()).or_else(middle(&set())).without_marks();
    assert_eq!(health(&bare), [true; 3]);
    assert_eq!(health(bare.next_tier().unwrap()), [true, false, true]);
}

#[test]
fn each_set_made_of_a_set_has_an_id_of_its_own() {
    let set = middle(&set());
    let mut ids = vec![
        set.id(),
        set.to_set().id(),
        set.select(0..3).id(),
        set.observed(&[Arc::new(Nobody)]).id(),
        set.with_weights(|_, instance| instance.weight()).id(),
        set.with_marks(|_, _| None).id(),
        set.with_health(|_, _| true).id(),
        set.without_marks().id(),
    ];
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 8);
}

#[test]
fn with_weights_asks_by_index_and_instance_and_changes_nothing_else() {
    let set = EndpointSet::new([
        (Instance::new("a").with_weight(3).with_priority(2).with_metadata("zone", "x"), 'a'),
        (Instance::new("b").with_weight(5), 'b'),
    ]);
    let weighted = set.with_weights(|index, instance| instance.weight() * 10 + u32::try_from(index).unwrap());
    assert_eq!(weights(&weighted), [30, 51]);
    assert_eq!(weights(&set), [3, 5]);
    let first = weighted.instance(0).unwrap();
    assert_eq!((first.priority(), first.metadata("zone")), (2, Some("x")));
    assert_eq!((0..2).map(|index| weighted.id_at(index)).collect::<Vec<_>>(), [set.id_at(0), set.id_at(1)]);
    assert_eq!(*weighted.pick(1).unwrap(), 'b');
}

#[test]
fn a_pick_shows_the_weight_of_the_set_it_was_picked_from_in_every_lane() {
    let set = set().with_weights(|_, _| u32::MAX);
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| assert_eq!(set.pick(2).unwrap().instance().weight(), u32::MAX));
        }
    });
}
