//! When the source is asked: ticks, periods, TTLs, watching, and on demand. No traffic is needed for any of it.

use std::time::{Duration, Instant};

use crate::common::{self, Script, echo, refreshed, script, set};
use crossbeam_channel::{Sender, unbounded};
use lb_core::Instance;
use lb_discovery::{Answer, DiscoveryPublisher, Refresh, Source};

fn ticking() -> (Script, Sender<Instant>, DiscoveryPublisher<String>) {
    let (script, source) = script();
    let (ticks, on) = unbounded();
    script.answer(["a:80"]);
    let publisher = DiscoveryPublisher::builder("x", source).refresh(Refresh::On(on)).build(echo).unwrap();
    (script, ticks, publisher)
}

fn following(refresh: Refresh) -> (Script, DiscoveryPublisher<String>) {
    let (script, source) = script();
    script.answer(["a:80"]);
    (script, DiscoveryPublisher::builder("x", source).refresh(refresh).build(echo).unwrap())
}

#[test]
fn on_ticks_the_first_fetch_comes_at_once_and_each_tick_is_one_refresh() {
    let (script, ticks, publisher) = ticking();
    assert_eq!(set(&publisher), "a:80");
    let start = common::now();
    for (step, address) in ["b:80", "c:80", "d:80"].into_iter().enumerate() {
        let tick = start + Duration::from_secs(step as u64);
        script.answer([address]);
        ticks.send(tick).unwrap();
        refreshed(&publisher, step as u64 + 2);
        assert_eq!(set(&publisher), address);
        assert_eq!(publisher.status().last_success(), Some(tick), "the tick is the time");
        assert_eq!(publisher.status().next_refresh(), None);
    }
}

#[test]
fn a_tick_earlier_than_the_latest_seen_counts_as_that_one() {
    let (script, ticks, publisher) = ticking();
    let early = common::now();
    let late = early + Duration::from_secs(60);
    for (count, tick) in [(2, late), (3, early)] {
        script.answer(["b:80"]);
        ticks.send(tick).unwrap();
        refreshed(&publisher, count);
        assert_eq!(publisher.status().last_success(), Some(late));
    }
}

#[test]
fn the_first_tick_tells_the_time_even_if_it_is_earlier_than_the_start() {
    let before = common::now();
    let (script, ticks, publisher) = ticking();
    for (count, seconds) in [(2, 0), (3, 1)] {
        let tick = before + Duration::from_secs(seconds);
        script.answer(["b:80"]);
        ticks.send(tick).unwrap();
        refreshed(&publisher, count);
        assert_eq!(publisher.status().last_success(), Some(tick));
    }
}

#[test]
fn closing_the_ticks_ends_them_and_keeps_the_set() {
    let (script, ticks, publisher) = ticking();
    script.asked();
    drop(ticks);
    for count in 2..10 {
        let address = format!("{count}:80");
        script.answer([&address]);
        publisher.refresh_now();
        refreshed(&publisher, count);
        assert_eq!(set(&publisher), address, "the loop lives, for those who ask");
        script.asked();
    }
    assert!(!script.is_asked(), "by nobody else");
}

#[test]
fn every_asks_again_without_traffic() {
    let (script, publisher) = following(Refresh::Every(Duration::from_millis(1)));
    script.answer(["b:80"]);
    script.answer(["c:80"]);
    refreshed(&publisher, 3);
    assert_eq!(set(&publisher), "c:80");
}

#[test]
fn ttl_zero_is_floored_and_a_long_ttl_capped() {
    let (script, source) = script();
    let (min, max) = (Duration::from_secs(1800), Duration::from_secs(3600));
    script.reply(Answer::new(vec![Instance::new("a:80")]).with_ttl(Duration::ZERO));
    script.reply(Answer::new(vec![Instance::new("a:80")]).with_ttl(Duration::MAX));
    let before = common::now();
    let publisher = DiscoveryPublisher::builder("x", source)
        .refresh(Refresh::Ttl { min, max })
        .jitter(0)
        .build(echo)
        .unwrap();
    let next = publisher.status().next_refresh().unwrap();
    assert!((before + min..=common::now() + min).contains(&next));
    publisher.refresh_now();
    refreshed(&publisher, 2);
    let next = publisher.status().next_refresh().unwrap();
    assert!((before + max..=common::now() + max).contains(&next));
}

#[test]
fn watch_asks_again_at_once_and_waits_for_news() {
    let (script, publisher) = following(Refresh::Watch);
    script.asked();
    for (step, address) in ["b:80", "c:80", "d:80"].into_iter().enumerate() {
        script.asked();
        script.answer([address]);
        refreshed(&publisher, step as u64 + 2);
        assert_eq!(set(&publisher), address);
    }
}

#[test]
fn the_longest_period_is_never_and_no_overflow() {
    let (script, publisher) = following(Refresh::Every(Duration::MAX));
    assert_eq!(publisher.status().next_refresh(), None);
    script.answer(["b:80"]);
    publisher.refresh_now();
    refreshed(&publisher, 2);
    assert_eq!(set(&publisher), "b:80");

    let (_, publisher) = following(Refresh::Every(Duration::from_secs(1 << 62)));
    assert!(publisher.status().next_refresh().is_some());
}

#[test]
fn refresh_now_does_not_wait_for_a_backoff() {
    let (script, source) = script();
    script.fail("no route");
    let hour = Duration::from_secs(3600);
    let publisher = DiscoveryPublisher::builder("x", source)
        .refresh(Refresh::Every(hour))
        .backoff(hour, hour)
        .start(echo)
        .unwrap();
    refreshed(&publisher, 1);
    script.answer(["a:80"]);
    publisher.refresh_now();
    publisher.wait_ready(common::LONG).unwrap();
}

#[test]
fn refresh_now_while_the_source_is_being_asked_has_it_asked_again() {
    let (script, publisher) = following(Refresh::Every(Duration::MAX));
    publisher.refresh_now();
    script.asked();
    script.asked();
    publisher.refresh_now();
    script.answer(["b:80"]);
    script.answer(["c:80"]);
    refreshed(&publisher, 3);
    assert_eq!(set(&publisher), "c:80");
}

#[test]
fn a_closure_is_a_source() {
    let publisher =
        DiscoveryPublisher::builder("x", |_: &lb_core::Context| Ok(Answer::new(vec![Instance::new("a:80")])))
            .build(echo)
            .unwrap();
    assert_eq!(set(&publisher), "a:80");
}

/// Answers once, then that nothing has changed; after `forget` it answers in full. Counts how often it forgets.
struct Remembering {
    known: bool,
    forgets: Sender<()>,
}

impl Source for Remembering {
    fn fetch(&mut self, _: &lb_core::Context) -> Result<Answer, lb_core::BoxError> {
        if std::mem::replace(&mut self.known, true) {
            return Ok(Answer::unchanged());
        }
        Ok(["a:80", "b:80"].map(Instance::new).into_iter().collect())
    }

    fn forget(&mut self) {
        self.known = false;
        let _ = self.forgets.send(());
    }
}

#[test]
fn unchanged_keeps_the_set_and_refresh_now_has_the_source_forget() {
    let (forgets, forgotten) = unbounded();
    let (ticks, on) = unbounded();
    let publisher = DiscoveryPublisher::builder("x", Remembering { known: false, forgets })
        .refresh(Refresh::On(on))
        .build(echo)
        .unwrap();
    let id = lb_core::Publisher::endpoints(&publisher).unwrap().id();
    ticks.send(common::now()).unwrap();
    refreshed(&publisher, 2);
    assert_eq!(lb_core::Publisher::endpoints(&publisher).unwrap().id(), id);
    assert_eq!((publisher.status().failures(), publisher.status().instances()), (0, 2));
    assert!(forgotten.try_recv().is_err(), "a tick is no wish of a user's");
    publisher.refresh_now();
    refreshed(&publisher, 3);
    assert!(forgotten.try_recv().is_ok());
}
