//! Case 3 and its kind: a destructor or an observer that hangs holds up no change, no stop and no drop.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use lb_core::{BoxError, Instance, Observer, Publisher};
use lb_discovery::{DiscoveryPublisher, Refresh};

use crate::common::{self, LONG, PROMPTLY, echo, promptly, refreshed, script, set};

/// An endpoint whose destructor hangs until `release` disconnects.
struct Clinging {
    release: Receiver<()>,
    dropped: Sender<()>,
}

impl Drop for Clinging {
    fn drop(&mut self) {
        let _ = self.dropped.send(());
        let _ = self.release.recv();
    }
}

#[test]
fn case_3_no_change_no_stop_and_no_drop_waits_for_a_destructor() {
    let (script, source) = script();
    let (ticks, on) = unbounded();
    let (held, release) = bounded(0);
    let (dropped, drops) = unbounded();
    script.answer(["a:80", "b:80", "c:80", "d:80", "e:80"]);
    let publisher = DiscoveryPublisher::builder("x", source)
        .refresh(Refresh::On(on))
        .build(move |_: &Instance| {
            Ok::<_, BoxError>(Clinging { release: release.clone(), dropped: dropped.clone() })
        })
        .unwrap();
    let mut count = 1;
    promptly("a change", PROMPTLY, || {
        count += 1;
        let begun = common::now();
        script.answer([&*format!("{count}:80")]);
        ticks.send(common::now()).unwrap();
        refreshed(&publisher, count);
        let took = begun.elapsed();
        assert_eq!(set(&publisher), format!("{count}:80"));
        drops.recv_timeout(LONG).unwrap();
        took
    });
    let limit = Duration::from_millis(100);
    let begun = common::now();
    publisher.stop();
    let stopped = common::now();
    drop(publisher);
    assert!(stopped - begun < limit, "stop took {:?}", stopped - begun);
    assert!(stopped.elapsed() < limit, "drop took {:?}", stopped.elapsed());
    drop(held);
}

#[test]
fn case_3_ordinary_destructors_have_run_when_drop_returns() {
    let factory = lb_test::CountingFactory::new();
    let (script, source) = script();
    script.answer(["a:80", "b:80"]);
    let publisher = DiscoveryPublisher::builder("x", source).build(factory.clone()).unwrap();
    drop(publisher);
    assert_eq!((factory.made(), factory.alive()), (2, 0));
}

/// Hangs when it is told, until `release` disconnects.
struct Deaf(Receiver<()>);

impl Observer for Deaf {
    fn changed(&self) {
        let _ = self.0.recv();
    }
}

#[test]
fn an_observer_that_hangs_holds_up_no_change_and_no_stop() {
    let (script, source) = script();
    let (ticks, on) = unbounded();
    script.answer(["a:80"]);
    let publisher = DiscoveryPublisher::builder("x", source).refresh(Refresh::On(on)).build(echo).unwrap();
    let (held, release) = bounded(0);
    let deaf = Arc::new(Deaf(release));
    let weak: Weak<dyn Observer> = Arc::<Deaf>::downgrade(&deaf);
    assert!(publisher.subscribe(weak));
    let mut count = 1;
    promptly("a change", PROMPTLY, || {
        count += 1;
        let begun = common::now();
        script.answer([&*format!("{count}:80")]);
        ticks.send(common::now()).unwrap();
        refreshed(&publisher, count);
        assert_eq!(set(&publisher), format!("{count}:80"));
        begun.elapsed()
    });
    promptly("stop", PROMPTLY, || {
        let begun = common::now();
        publisher.stop();
        begun.elapsed()
    });
    drop(held);
}

/// Says on which thread it is dropped.
struct Placed(Sender<Option<String>>);

impl Drop for Placed {
    fn drop(&mut self) {
        let _ = self.0.send(std::thread::current().name().map(str::to_owned));
    }
}

#[test]
fn idle_there_is_one_thread_and_none_of_the_users_code_runs_on_it() {
    let (script, source) = script();
    let (ticks, on) = unbounded();
    let (sender, places) = unbounded();
    script.answer(["a:80"]);
    let publisher = DiscoveryPublisher::builder("x", source)
        .refresh(Refresh::On(on))
        .build(move |_: &Instance| {
            let _ = sender.send(std::thread::current().name().map(str::to_owned));
            Ok::<_, BoxError>(Placed(sender.clone()))
        })
        .unwrap();
    script.answer([]);
    script.answer(["b:80"]);
    for count in [2, 3] {
        ticks.send(common::now()).unwrap();
        refreshed(&publisher, count);
    }
    drop(publisher);
    let places: BTreeSet<_> = places.iter().flatten().collect();
    assert_eq!(places.into_iter().collect::<Vec<_>>(), ["lb-dispose", "lb-make"]);
}
