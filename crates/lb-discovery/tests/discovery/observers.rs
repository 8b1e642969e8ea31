//! Observers are told after each change of the set or of its state, and only then.

use std::time::Duration;

use crossbeam_channel::unbounded;
use lb_core::Publisher;
use lb_discovery::{DiscoveryPublisher, OnEmpty, Refresh};

use crate::common::{self, echo, observe, refreshed, script, set};

#[test]
fn told_once_when_the_first_answer_comes() {
    let (script, source) = script();
    let publisher = DiscoveryPublisher::builder("x", source).start(echo).unwrap();
    let (_observer, told) = observe(&publisher);
    script.answer(["a:80"]);
    publisher.wait_ready(common::LONG).unwrap();
    assert_eq!(told.len(), 1);
}

#[test]
fn told_once_when_the_first_answer_is_empty() {
    let (script, source) = script();
    let publisher = DiscoveryPublisher::builder("x", source).on_empty(OnEmpty::Empty).start(echo).unwrap();
    let (_observer, told) = observe(&publisher);
    script.answer([]);
    publisher.wait_ready(common::LONG).unwrap();
    assert_eq!(told.len(), 1, "from not known to known and empty");
}

#[test]
fn told_of_changes_and_of_nothing_else() {
    let (script, source) = script();
    let (ticks, on) = unbounded();
    script.answer(["a:80"]);
    let publisher = DiscoveryPublisher::builder("x", source)
        .refresh(Refresh::On(on))
        .on_empty(OnEmpty::Empty)
        .expire_after(Duration::from_secs(30))
        .build(echo)
        .unwrap();
    let (_observer, told) = observe(&publisher);
    let start = common::now();
    let mut count = 1;
    let mut tick = |secs, expected: &str, times| {
        count += 1;
        ticks.send(start + Duration::from_secs(secs)).unwrap();
        refreshed(&publisher, count);
        assert_eq!(set(&publisher), expected);
        assert_eq!(told.try_iter().count(), times, "told of {expected:?} at {secs} s");
    };
    let id = publisher.endpoints().unwrap().id();
    script.answer(["a:80"]);
    tick(1, "a:80", 0);
    assert_eq!(publisher.endpoints().unwrap().id(), id, "the set is unchanged: nothing rebuilt");
    script.answer(["b:80"]);
    tick(2, "b:80", 1);
    script.fail("no route");
    tick(3, "b:80", 0);
    script.fail("no route");
    tick(34, "discovery failed: x: no route", 1);
    script.fail("refused");
    tick(35, "discovery failed: x: refused", 0);
    script.answer(["c:80"]);
    tick(36, "c:80", 1);
    script.answer([]);
    tick(37, "", 1);
    script.answer([]);
    tick(38, "", 0);
}

#[test]
fn told_once_when_what_was_never_known_expires() {
    let (script, source) = script();
    let (ticks, on) = unbounded();
    let publisher = DiscoveryPublisher::builder("x", source)
        .refresh(Refresh::On(on))
        .expire_after(Duration::from_secs(30))
        .start(echo)
        .unwrap();
    let (_observer, told) = observe(&publisher);
    let start = common::now();
    for (count, times) in [(1, 0), (2, 1), (3, 0)] {
        script.fail("no route");
        refreshed(&publisher, count);
        assert_eq!(told.try_iter().count(), times, "after failure {count}");
        ticks.send(start + Duration::from_secs(60)).unwrap();
    }
}
