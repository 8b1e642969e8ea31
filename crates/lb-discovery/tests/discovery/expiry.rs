//! DESIGN section 5, discovery: "failing for longer than d", in scripted time and by the clock.

use std::time::Duration;

use crate::common::{self, LONG, echo, observe, refreshed, script, set};
use crossbeam_channel::unbounded;
use lb_core::{Error, Publisher};
use lb_discovery::{DiscoveryPublisher, Refresh};

const EXPIRED: &str = "discovery failed: x: no route";

#[test]
fn failing_for_longer_than_allowed_expires_the_set_until_discovery_recovers() {
    let (script, source) = script();
    let (ticks, on) = unbounded();
    script.answer(["a:80"]);
    let publisher = DiscoveryPublisher::builder("x", source)
        .refresh(Refresh::On(on))
        .expire_after(Duration::from_secs(30))
        .build(echo)
        .unwrap();
    let start = common::now();
    let kept = publisher.endpoints().unwrap().pick(0).unwrap();
    for (count, (secs, expected)) in
        [(10, "a:80"), (40, "a:80"), (41, EXPIRED), (90, EXPIRED)].into_iter().enumerate()
    {
        script.fail("no route");
        ticks.send(start + Duration::from_secs(secs)).unwrap();
        refreshed(&publisher, count as u64 + 2);
        assert_eq!(set(&publisher), expected, "{secs} s after the start");
    }
    assert!(matches!(publisher.endpoints(), Err(Error::Discovery { .. })));
    publisher.wait_ready(Duration::from_millis(1)).unwrap_err();

    script.answer(["a:80"]);
    ticks.send(start + Duration::from_secs(100)).unwrap();
    refreshed(&publisher, 6);
    assert_eq!(set(&publisher), "a:80");
    let again = publisher.endpoints().unwrap().pick(0).unwrap();
    assert!(std::ptr::eq(&raw const *kept, &raw const *again), "the endpoint was kept for that");
}

#[test]
fn a_kept_set_is_good_again_after_an_answer_without_records() {
    let (script, source) = script();
    let (ticks, on) = unbounded();
    script.answer(["a:80"]);
    let publisher = DiscoveryPublisher::builder("x", source)
        .refresh(Refresh::On(on))
        .expire_after(Duration::from_secs(30))
        .build(echo)
        .unwrap();
    let start = common::now();
    for secs in [10, 50] {
        script.fail("no route");
        ticks.send(start + Duration::from_secs(secs)).unwrap();
    }
    refreshed(&publisher, 3);
    assert_eq!(set(&publisher), EXPIRED);
    script.answer([]);
    ticks.send(start + Duration::from_secs(60)).unwrap();
    refreshed(&publisher, 4);
    assert_eq!(set(&publisher), "a:80");
}

#[test]
fn what_never_answered_expires_too() {
    let (script, source) = script();
    let (ticks, on) = unbounded();
    script.fail("no route");
    let publisher = DiscoveryPublisher::builder("x", source)
        .refresh(Refresh::On(on))
        .expire_after(Duration::from_secs(30))
        .allow_initial_failure()
        .build(echo)
        .unwrap();
    assert!(matches!(publisher.endpoints(), Err(Error::NotReady)));
    script.fail("no route");
    ticks.send(common::now() + Duration::from_secs(31)).unwrap();
    refreshed(&publisher, 2);
    assert_eq!(set(&publisher), EXPIRED);
}

#[test]
fn by_the_clock_it_expires_while_the_next_refresh_is_far() {
    let (script, source) = script();
    script.answer(["a:80"]);
    let publisher = DiscoveryPublisher::builder("x", source)
        .refresh(Refresh::Every(Duration::from_secs(3600)))
        .backoff(Duration::from_secs(3600), Duration::from_secs(3600))
        .expire_after(Duration::from_millis(5))
        .build(echo)
        .unwrap();
    let (_observer, told) = observe(&publisher);
    script.fail("no route");
    publisher.refresh_now();
    told.recv_timeout(LONG).unwrap();
    assert_eq!(set(&publisher), EXPIRED);
    assert_eq!(publisher.status().refreshes(), 2, "time alone did it");
    let late = publisher.wait_ready(Duration::from_millis(1)).unwrap_err();
    assert_eq!(late.to_string(), "x was not ready within 1ms: no route");
    script.answer(["a:80"]);
    publisher.refresh_now();
    told.recv_timeout(LONG).unwrap();
    assert_eq!(set(&publisher), "a:80");
}

#[test]
fn a_watching_source_is_told_by_when_to_answer() {
    let (script, source) = script();
    script.answer(["a:80"]);
    let publisher = DiscoveryPublisher::builder("x", source)
        .refresh(Refresh::Watch)
        .backoff(Duration::from_millis(1), Duration::from_millis(1))
        .expire_after(Duration::from_secs(3600))
        .build(echo)
        .unwrap();
    assert_eq!(script.asked(), None);
    assert_eq!(script.asked(), None, "it may wait for news as long as it takes");
    script.fail("no route");
    assert!(script.asked().is_some_and(|moment| moment > common::now()));
    publisher.stop();
}
