//! DESIGN section 5, discovery: "an authoritative answer without records", in scripted time.

use std::time::{Duration, Instant};

use crate::common::{self, Script, echo, refreshed, script, set};
use crossbeam_channel::{Sender, unbounded};
use lb_discovery::{Answer, DiscoveryPublisher, OnEmpty, Refresh};

struct Scene {
    script: Script,
    ticks: Sender<Instant>,
    start: Instant,
    publisher: DiscoveryPublisher<String>,
}

impl Scene {
    /// The first answer has one instance.
    fn new(on_empty: OnEmpty) -> Self {
        let (script, source) = script();
        let (ticks, on) = unbounded();
        script.answer(["a:80"]);
        let publisher = DiscoveryPublisher::builder("x", source)
            .refresh(Refresh::On(on))
            .on_empty(on_empty)
            .build(echo)
            .unwrap();
        Self { script, ticks, start: common::now(), publisher }
    }

    /// The set after an answer without records at that time.
    fn nothing_at(&self, secs: u64) -> String {
        self.script.answer([]);
        self.tick(secs)
    }

    fn tick(&self, secs: u64) -> String {
        let count = self.publisher.status().refreshes() + 1;
        self.ticks.send(self.start + Duration::from_secs(secs)).unwrap();
        refreshed(&self.publisher, count);
        set(&self.publisher)
    }
}

#[test]
fn a_definite_no_service_empties_the_set_whatever_the_setting() {
    for on_empty in [OnEmpty::KeepLast, OnEmpty::Empty, OnEmpty::EmptyAfter(Duration::from_secs(60))] {
        let scene = Scene::new(on_empty);
        scene.script.reply(Answer::no_service());
        assert_eq!(scene.tick(1), "");
        scene.script.answer(["b:80"]);
        assert_eq!(scene.tick(2), "b:80");
    }
}

#[test]
fn keep_last_is_the_default_and_keeps_the_set() {
    assert_eq!(OnEmpty::default(), OnEmpty::KeepLast);
    let scene = Scene::new(OnEmpty::KeepLast);
    assert_eq!(scene.nothing_at(1), "a:80");
    assert_eq!(scene.nothing_at(1_000_000), "a:80");
    let status = scene.publisher.status();
    assert_eq!((status.instances(), status.failures()), (1, 0), "it is an answer");
    assert_eq!(status.last_success(), Some(scene.start + Duration::from_secs(1_000_000)));
}

#[test]
fn empty_empties_the_set_at_once() {
    let scene = Scene::new(OnEmpty::Empty);
    assert_eq!(scene.nothing_at(1), "");
    assert_eq!(scene.publisher.status().instances(), 0);
    scene.script.answer(["b:80"]);
    assert_eq!(scene.tick(2), "b:80");
}

#[test]
fn empty_after_empties_the_set_when_the_time_has_passed() {
    let scene = Scene::new(OnEmpty::EmptyAfter(Duration::from_secs(30)));
    assert_eq!(scene.nothing_at(10), "a:80");
    assert_eq!(scene.nothing_at(39), "a:80");
    assert_eq!(scene.nothing_at(40), "");
}

#[test]
fn empty_after_begins_anew_after_an_answer_with_records() {
    let scene = Scene::new(OnEmpty::EmptyAfter(Duration::from_secs(30)));
    scene.nothing_at(10);
    scene.script.answer(["a:80"]);
    scene.tick(20);
    assert_eq!(scene.nothing_at(30), "a:80");
    assert_eq!(scene.nothing_at(59), "a:80");
    assert_eq!(scene.nothing_at(60), "");
}

#[test]
fn empty_after_by_the_clock_asks_again_when_the_time_has_passed() {
    let (script, source) = script();
    script.answer(["a:80"]);
    let publisher = DiscoveryPublisher::builder("x", source)
        .refresh(Refresh::Every(Duration::from_secs(3600)))
        .on_empty(OnEmpty::EmptyAfter(Duration::from_millis(5)))
        .build(echo)
        .unwrap();
    let (_observer, told) = common::observe(&publisher);
    script.answer([]);
    script.answer([]);
    publisher.refresh_now();
    told.recv_timeout(common::LONG).unwrap();
    assert_eq!(set(&publisher), "");
}
