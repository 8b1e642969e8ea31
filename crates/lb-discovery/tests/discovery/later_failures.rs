//! DESIGN section 5, discovery: what stays when a later lookup fails, and what is logged of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::common::{self, Script, echo, logs, refreshed, script, set, until};
use crossbeam_channel::{Sender, unbounded};
use lb_core::{BoxError, Instance};
use lb_discovery::{Answer, DiscoveryPublisher, OnEmpty, Refresh};

/// A publisher with the set `a:80 b:80`, refreshed when its ticks say so.
fn begun(name: &str, on_empty: OnEmpty) -> (Script, Sender<std::time::Instant>, DiscoveryPublisher<String>) {
    logs::collect();
    let (script, source) = script();
    let (ticks, on) = unbounded();
    script.answer(["a:80", "b:80"]);
    let publisher = DiscoveryPublisher::builder(name, source)
        .refresh(Refresh::On(on))
        .on_empty(on_empty)
        .expire_after(Duration::from_secs(60))
        .build(echo)
        .unwrap();
    (script, ticks, publisher)
}

#[test]
fn a_later_lookup_fails_the_last_good_set_stays() {
    let (script, ticks, publisher) = begun("stays", OnEmpty::KeepLast);
    script.fail("no route");
    ticks.send(common::now()).unwrap();
    refreshed(&publisher, 2);
    assert_eq!(set(&publisher), "a:80 b:80");
    let status = publisher.status();
    assert_eq!((status.instances(), status.failures()), (2, 1));
    assert_eq!(status.last_error().unwrap().to_string(), "no route");
}

#[test]
fn a_later_lookup_fails_and_is_retried_with_backoff() {
    let (script, source) = script();
    script.answer(["a:80"]);
    let publisher = DiscoveryPublisher::builder("x", source)
        .refresh(Refresh::Every(Duration::from_secs(3600)))
        .backoff(Duration::from_millis(1), Duration::from_millis(4))
        .build(echo)
        .unwrap();
    for _ in 0..5 {
        script.fail("no route");
    }
    script.answer(["b:80"]);
    publisher.refresh_now();
    refreshed(&publisher, 7);
    assert_eq!(set(&publisher), "b:80");
    assert_eq!(publisher.status().failures(), 5);
}

#[test]
fn a_warning_comes_once_per_change_of_state() {
    let (script, ticks, publisher) = begun("warnings", OnEmpty::Empty);
    let start = common::now();
    let tick = |secs| ticks.send(start + Duration::from_secs(secs)).unwrap();
    for secs in [1, 2, 3, 70, 71] {
        script.fail("no route");
        tick(secs);
    }
    for addresses in [vec!["a:80"], vec!["b:80"]] {
        script.reply(Answer::new(addresses.into_iter().map(Instance::new).collect()));
        tick(72);
    }
    for _ in 0..2 {
        script.answer([]);
        tick(73);
    }
    script.answer(["a:80"]);
    tick(74);
    refreshed(&publisher, 11);
    publisher.stop();
    let lines = logs::of("warnings").into_iter().filter(|line| !line.text.starts_with("DEBUG"));
    let (texts, errors): (Vec<_>, Vec<_>) = lines.map(|line| (line.text, line.error)).unzip();
    assert_eq!(
        texts,
        [
            "INFO warnings: discovery has found 2 instances",
            "WARN warnings: discovery fails; 2 instances stay in use: no route",
            "WARN warnings: discovery has failed for too long; its set has expired: no route",
            "INFO warnings: discovery has recovered: 1 instances",
            "WARN warnings: discovery found no instances; the set is empty",
            "INFO warnings: discovery has recovered: 1 instances",
        ]
    );
    assert_eq!(errors[1].as_deref(), Some("no route"));
}

#[test]
fn a_kept_set_is_warned_about_once() {
    let (script, ticks, publisher) = begun("kept", OnEmpty::KeepLast);
    for _ in 0..3 {
        script.answer([]);
        ticks.send(common::now()).unwrap();
    }
    refreshed(&publisher, 4);
    publisher.stop();
    let texts: Vec<_> =
        logs::of("kept").into_iter().map(|line| line.text).filter(|text| text.starts_with("WARN")).collect();
    assert_eq!(texts, ["WARN kept: discovery found no instances; the last 2 stay in use"]);
}

#[test]
fn what_the_constructor_returns_is_not_logged_too() {
    logs::collect();
    let (script, source) = script();
    script.fail("no route");
    DiscoveryPublisher::builder("returned", source).build(echo).unwrap_err();
    assert!(logs::of("returned").into_iter().all(|line| line.text.starts_with("DEBUG")));
}

#[test]
fn one_bad_record_among_good_ones_is_skipped_and_counted() {
    let (script, ticks, publisher) = begun("skipped", OnEmpty::KeepLast);
    for _ in 0..2 {
        script.reply(Answer::new(vec![Instance::new("c:80")]).with_skipped(3));
        ticks.send(common::now()).unwrap();
    }
    refreshed(&publisher, 3);
    assert_eq!(set(&publisher), "c:80");
    assert_eq!((publisher.status().skipped(), publisher.status().failures()), (6, 0));
}

#[test]
fn all_bad_is_a_failure() {
    let (script, ticks, publisher) = begun("all bad", OnEmpty::Empty);
    script.reply(Answer::new(Vec::new()).with_skipped(3));
    ticks.send(common::now()).unwrap();
    refreshed(&publisher, 2);
    assert_eq!(set(&publisher), "a:80 b:80", "this is no authoritative answer");
    let status = publisher.status();
    assert_eq!((status.failures(), status.skipped()), (1, 3));
    assert_eq!(status.last_error().unwrap().to_string(), "none of the answer's 3 records is usable");
}

#[test]
fn a_source_that_panics_is_a_failed_refresh() {
    let (script, ticks, publisher) = begun("panics", OnEmpty::KeepLast);
    script.panic();
    script.answer(["c:80"]);
    ticks.send(common::now()).unwrap();
    refreshed(&publisher, 2);
    assert_eq!(set(&publisher), "a:80 b:80");
    assert_eq!(publisher.status().last_error().unwrap().to_string(), "the source panicked: scripted");
    ticks.send(common::now()).unwrap();
    refreshed(&publisher, 3);
    assert_eq!(set(&publisher), "c:80", "the loop goes on");
}

#[test]
fn the_set_is_unchanged_instances_whose_factory_failed_are_tried_again() {
    let (script, source) = script();
    let (ticks, on) = unbounded();
    let (calls, works) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let factory = {
        let (calls, works) = (Arc::clone(&calls), Arc::clone(&works));
        move |instance: &Instance| -> Result<String, BoxError> {
            calls.fetch_add(1, Ordering::SeqCst);
            match instance.address() {
                "bad:80" if !works.load(Ordering::SeqCst) => Err("refused".into()),
                "worse:80" if !works.load(Ordering::SeqCst) => panic!("worse"),
                address => Ok(address.into()),
            }
        }
    };
    script.answer(["a:80", "bad:80", "worse:80"]);
    let publisher = DiscoveryPublisher::builder("x", source).refresh(Refresh::On(on)).build(factory).unwrap();
    assert_eq!((set(&publisher).as_str(), publisher.status().instances()), ("a:80", 3));
    works.store(true, Ordering::SeqCst);
    script.answer(["a:80", "bad:80", "worse:80"]);
    ticks.send(common::now()).unwrap();
    until("all have joined", || set(&publisher) == "a:80 bad:80 worse:80");
    assert_eq!(calls.load(Ordering::SeqCst), 5, "what stood was not made again");
}

#[test]
fn case_34_flapping_is_summed_up_one_warning_a_minute() {
    let (script, ticks, publisher) = begun("flapping", OnEmpty::KeepLast);
    let start = common::now();
    for secs in 1..=180 {
        if secs % 2 == 0 {
            script.answer(["a:80"]);
        } else {
            script.fail(&format!("failure {secs}"));
        }
        ticks.send(start + Duration::from_secs(secs)).unwrap();
    }
    refreshed(&publisher, 181);
    publisher.stop();
    let texts: Vec<_> = logs::of("flapping").into_iter().map(|line| line.text).collect();
    let warnings: Vec<_> = texts.iter().filter(|text| text.starts_with("WARN")).collect();
    assert_eq!(
        warnings,
        [
            "WARN flapping: discovery fails; 2 instances stay in use: failure 1",
            "WARN flapping: discovery fails; 1 instances stay in use (30 times since the last warning): failure 61",
            "WARN flapping: discovery fails; 1 instances stay in use (30 times since the last warning): failure 121",
        ]
    );
    assert_eq!(
        texts.iter().filter(|text| text.starts_with("INFO")).count(),
        4,
        "the first set, and a recovery each"
    );
}

#[test]
fn case_34_a_failure_that_stays_after_flapping_gets_its_line_when_the_minute_is_over() {
    let (script, ticks, publisher) = begun("stays away", OnEmpty::KeepLast);
    let start = common::now();
    for (secs, well) in [(1, false), (2, true), (3, false), (30, false), (61, false), (62, false)] {
        if well {
            script.answer(["a:80"]);
        } else {
            script.fail("no route");
        }
        ticks.send(start + Duration::from_secs(secs)).unwrap();
    }
    refreshed(&publisher, 7);
    publisher.stop();
    let lines = logs::of("stays away");
    assert_eq!(lines.iter().filter(|line| line.text.starts_with("WARN")).count(), 2);
}

#[test]
fn case_34a_the_first_set_is_info_and_each_change_and_each_refresh_debug() {
    let (script, ticks, publisher) = begun("tells", OnEmpty::KeepLast);
    script.answer(["b:80", "c:80"]);
    ticks.send(common::now()).unwrap();
    refreshed(&publisher, 2);
    script.fail("no route");
    ticks.send(common::now()).unwrap();
    refreshed(&publisher, 3);
    publisher.stop();
    let texts: Vec<_> = logs::of("tells").into_iter().map(|line| line.text).collect();
    assert_eq!(
        texts,
        [
            "DEBUG tells: a:80 has come",
            "DEBUG tells: b:80 has come",
            "DEBUG tells: refreshed: 2 instances",
            "INFO tells: discovery has found 2 instances",
            "DEBUG tells: c:80 has come",
            "DEBUG tells: a:80 has gone",
            "DEBUG tells: refreshed: 2 instances",
            "DEBUG tells: refreshed: it failed: no route",
            "WARN tells: discovery fails; 2 instances stay in use: no route",
        ]
    );
}

/// The warnings of three minutes in which each second brings the next of `outcomes`: instances, or a failure.
fn flapping(name: &str, outcomes: &[Option<usize>]) -> Vec<String> {
    let (script, ticks, publisher) = begun(name, OnEmpty::KeepLast);
    let start = common::now();
    for (secs, outcome) in (1..=180).zip(outcomes.iter().cycle()) {
        match outcome {
            Some(instances) => {
                script.reply((0..*instances).map(|n| Instance::new(format!("{n}:80"))).collect());
            }
            None => script.fail("no route"),
        }
        ticks.send(start + Duration::from_secs(secs)).unwrap();
    }
    refreshed(&publisher, 181);
    publisher.stop();
    logs::of(name).into_iter().map(|line| line.text).filter(|text| text.starts_with("WARN")).collect()
}

#[test]
fn case_34_repeated_warnings_come_once_a_minute_and_a_name_whatever_their_kinds() {
    assert_eq!(
        flapping("two kinds", &[None, Some(0)]),
        [
            "WARN two kinds: discovery fails; 2 instances stay in use: no route",
            "WARN two kinds: discovery found no instances; the last 2 stay in use",
            "WARN two kinds: discovery found no instances; the last 2 stay in use (30 times since the last warning, \
             other trouble 30 times)",
            "WARN two kinds: discovery found no instances; the last 2 stay in use (30 times since the last warning, \
             other trouble 30 times)",
        ]
    );
    assert_eq!(
        flapping("with recoveries", &[Some(1), None, Some(1), Some(0)]),
        [
            "WARN with recoveries: discovery fails; 1 instances stay in use: no route",
            "WARN with recoveries: discovery found no instances; the last 1 stay in use",
            "WARN with recoveries: discovery found no instances; the last 1 stay in use (15 times since the last \
             warning, other trouble 15 times)",
            "WARN with recoveries: discovery found no instances; the last 1 stay in use (15 times since the last \
             warning, other trouble 15 times)",
        ]
    );
}
