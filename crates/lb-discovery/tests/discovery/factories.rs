//! Cases 2, 5, 6 and 33b: a factory that hangs costs itself, and one that fails is told of.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use lb_core::{BoxError, Context, Factory, Instance, Publisher};
use lb_discovery::{DiscoveryError, DiscoveryPublisher, Refresh};

use crate::common::{self, LONG, PROMPTLY, Script, echo, promptly, refreshed, script, set, until};

/// Hangs for addresses that begin with "slow" until `release` disconnects, whatever its context says.
#[derive(Clone)]
struct Hanging {
    release: Receiver<()>,
    called: Sender<Context>,
    asked: Arc<Mutex<Vec<String>>>,
    returned: Sender<()>,
    returns: Receiver<()>,
}

impl Factory for Hanging {
    type Endpoint = String;

    fn create(&self, ctx: &Context, instance: &Instance) -> Result<String, BoxError> {
        self.asked.lock().unwrap().push(instance.address().to_owned());
        if instance.address().starts_with("slow") {
            let _ = self.called.send(ctx.clone());
            let _ = self.release.recv();
            let _ = self.returned.send(());
        }
        echo(instance)
    }
}

/// The factory, what releases it, and the contexts that hanging calls were given.
fn hanging() -> (Hanging, Sender<()>, Receiver<Context>) {
    let (held, release) = bounded(0);
    let (called, calls) = unbounded();
    let (returned, returns) = unbounded();
    (Hanging { release, called, asked: Arc::default(), returned, returns }, held, calls)
}

/// Hundred instances, one of which hangs.
fn hundred(first: usize) -> Vec<Instance> {
    let well = (first..first + 99).map(|n| Instance::new(format!("{n:04}:80")));
    well.chain(["slow:80".into()]).collect()
}

struct Scene {
    script: Script,
    ticks: Sender<Instant>,
    publisher: DiscoveryPublisher<String>,
    held: Sender<()>,
    calls: Receiver<Context>,
    factory: Hanging,
}

impl Scene {
    fn new(instances: Vec<Instance>, limit: Duration) -> Self {
        let (script, source) = script();
        let (ticks, on) = unbounded();
        let (factory, held, calls) = hanging();
        script.reply(instances.into_iter().collect());
        let publisher = DiscoveryPublisher::builder("x", source)
            .refresh(Refresh::On(on))
            .factory_timeout(limit)
            .build(factory.clone())
            .unwrap();
        Self { script, ticks, publisher, held, calls, factory }
    }

    fn refresh(&self, instances: Vec<Instance>) {
        let count = self.publisher.status().refreshes() + 1;
        self.script.reply(instances.into_iter().collect());
        self.ticks.send(common::now()).unwrap();
        refreshed(&self.publisher, count);
    }
}

#[test]
fn case_2_a_change_is_published_while_one_factory_of_a_hundred_hangs() {
    promptly("the first set", PROMPTLY, || {
        let begun = common::now();
        let scene = Scene::new(hundred(0), LONG);
        assert_eq!(scene.publisher.endpoints().unwrap().len(), 99);
        begun.elapsed()
    });
    let scene = Scene::new(hundred(0), LONG);
    let mut first = 0;
    promptly("a change", PROMPTLY, || {
        first += 100;
        let begun = common::now();
        scene.refresh(hundred(first));
        let took = begun.elapsed();
        let set = scene.publisher.endpoints().unwrap();
        assert_eq!(set.len(), 99);
        assert_eq!(set.instance(0).unwrap().address(), format!("{first:04}:80"));
        took
    });
    assert_eq!(scene.calls.try_iter().count(), 1, "the one that hangs is asked for once");
}

#[test]
fn case_2_the_slow_one_joins_when_it_is_made() {
    let scene = Scene::new(vec!["a:80".into(), "slow:80".into()], LONG);
    assert_eq!(set(&scene.publisher), "a:80");
    let (_observer, told) = common::observe(&scene.publisher);
    drop(scene.held);
    told.recv_timeout(LONG).unwrap();
    assert_eq!(set(&scene.publisher), "a:80 slow:80");
    assert_eq!(scene.publisher.status().endpoints(), 2);
}

#[test]
fn case_2_several_slow_ones_join_together() {
    let slow: Vec<Instance> = (0..8).map(|n| Instance::new(format!("slow{n}:80"))).collect();
    let all: Vec<Instance> = slow.into_iter().chain(["a:80".into()]).collect();
    let scene = Scene::new(all, LONG);
    let (_observer, told) = common::observe(&scene.publisher);
    drop(scene.held);
    until("all have joined", || scene.publisher.endpoints().unwrap().len() == 9);
    assert!(told.try_iter().count() <= 3, "not one by one");
}

#[test]
fn case_2_a_factory_is_told_of_its_limit_and_has_failed_after_it() {
    let mut scene = Scene::new(vec!["a:80".into(), "slow:80".into()], Duration::from_millis(40));
    let ctx = scene.calls.recv_timeout(LONG).unwrap();
    assert!(ctx.deadline().is_some());
    let cancelled = ctx.cancelled().recv_timeout(LONG);
    assert_eq!(cancelled, Err(crossbeam_channel::RecvTimeoutError::Disconnected));
    until("status says so", || scene.publisher.status().last_error().is_some());
    let status = scene.publisher.status();
    let error = status.last_error().unwrap().to_string();
    assert_eq!(error, "no endpoint for slow:80: the factory has taken too long");
    assert_eq!((status.instances(), status.endpoints()), (2, 1));
    scene.refresh(vec!["a:80".into(), "slow:80".into()]);
    assert!(scene.calls.is_empty(), "it is not asked for again while its thread hangs");
    let release = std::mem::replace(&mut scene.held, bounded(0).0);
    drop(release);
    until("it is asked for again once its thread is back", || {
        scene.refresh(vec!["a:80".into(), "slow:80".into()]);
        set(&scene.publisher) == "a:80 slow:80"
    });
}

#[test]
fn case_2_an_old_set_serves_until_a_first_endpoint_of_the_new_one_is_made() {
    let scene = Scene::new(vec!["a:80".into()], LONG);
    scene.refresh(vec!["slow:80".into()]);
    assert_eq!(set(&scene.publisher), "a:80");
    let (_observer, told) = common::observe(&scene.publisher);
    drop(scene.held);
    told.recv_timeout(LONG).unwrap();
    assert_eq!(set(&scene.publisher), "slow:80");
}

#[test]
fn case_5_after_stop_nothing_is_published_and_no_factory_is_called() {
    let scene = Scene::new(vec!["a:80".into()], LONG);
    let mut more: Vec<Instance> = (0..20).map(|n| Instance::new(format!("slow{n:02}:80"))).collect();
    more.push("a:80".into());
    scene.refresh(more);
    scene.calls.recv_timeout(LONG).unwrap();
    scene.publisher.stop();
    let Scene { publisher, held, calls, factory, .. } = scene;
    let (_observer, told) = common::observe(&publisher);
    let asked = factory.asked.lock().unwrap().len();
    let hanging = calls.try_iter().count() + 1;
    drop(held);
    for _ in 0..hanging {
        factory.returns.recv_timeout(LONG).unwrap();
    }
    assert_eq!(factory.asked.lock().unwrap().len(), asked);
    assert_eq!(set(&publisher), "a:80");
    drop(publisher);
    assert!(told.try_recv().is_err());
}

#[test]
fn case_6_a_factory_that_hangs_in_share_costs_itself_only() {
    let (script, source) = script();
    let (ticks, on) = unbounded();
    script.answer(["a:80"]);
    let first = DiscoveryPublisher::builder("x", source).refresh(Refresh::On(on)).build(echo).unwrap();
    let (factory, held, _calls) = hanging();
    script.answer(["slow:80"]);
    ticks.send(common::now()).unwrap();
    refreshed(&first, 2);
    let second = first.share(factory);
    assert!(matches!(second.endpoints(), Err(lb_core::Error::NotReady)));
    for (count, address) in [(3, "b:80"), (4, "c:80")] {
        script.answer([address, "slow:80"]);
        ticks.send(common::now()).unwrap();
        refreshed(&first, count);
        assert_eq!(set(&first), format!("{address} slow:80"));
        assert_eq!(set(&second), address);
    }
    drop(held);
    until("it joins", || set(&second) == "c:80 slow:80");
}

#[test]
fn case_33b_a_publisher_whose_every_factory_failed_is_not_ready() {
    let failing = |instance: &Instance| -> Result<(), BoxError> {
        match instance.address() {
            "a:80" => panic!("there is no reactor running, must be called from a Tokio 1.x runtime"),
            _ => Err("refused".into()),
        }
    };
    let text = "x: no endpoint could be made for any of 1 instances: a:80: the factory panicked: there is no reactor \
                running, must be called from a Tokio 1.x runtime (the factory needs an async runtime: see \
                `on_runtime` of lb-tower)";
    let (told, source) = script();
    told.answer(["a:80"]);
    let error = DiscoveryPublisher::builder("x", source).build(failing).unwrap_err();
    assert!(matches!(error, DiscoveryError::NoEndpoints { .. }), "{error:?}");
    assert_eq!(error.to_string(), text);

    let (told, source) = script();
    told.answer(["b:80", "c:80"]);
    let publisher = DiscoveryPublisher::builder("x", source).allow_initial_failure().build(failing).unwrap();
    assert!(publisher.endpoints().unwrap().is_empty());
    let error = publisher.wait_ready(Duration::from_millis(1)).unwrap_err().to_string();
    assert!(error.contains("no endpoint could be made for any of 2 instances: "), "{error}");
    assert!(error.ends_with(": refused"), "{error}");
}

#[test]
fn a_renewed_endpoint_is_made_anew_without_asking_the_source() {
    let (script, source) = script();
    let (ticks, on) = unbounded();
    let (made, makes) = unbounded();
    script.answer(["a:80", "b:80"]);
    let publisher = DiscoveryPublisher::builder("x", source)
        .refresh(Refresh::On(on))
        .build(move |instance: &Instance| {
            made.send(instance.address().to_owned())?;
            echo(instance)
        })
        .unwrap();
    assert_eq!(publisher.name(), Some("x"));
    let (_observer, told) = common::observe(&publisher);
    let id = publisher.endpoints().unwrap().id_at(1).unwrap();
    assert!(publisher.renew(id));
    told.recv_timeout(LONG).unwrap();
    assert_ne!(publisher.endpoints().unwrap().id_at(1), Some(id));
    let mut made: Vec<_> = makes.try_iter().collect();
    made.sort();
    assert_eq!(made, ["a:80", "b:80", "b:80"], "b alone was made anew");
    assert!(!publisher.renew(id), "it is a member no more");
    assert_eq!(publisher.status().refreshes(), 1);
    drop(ticks);
}

#[test]
fn a_renewed_endpoint_does_not_wait_for_a_source_that_waits_for_news() {
    let (script, source) = script();
    script.answer(["a:80"]);
    let publisher = DiscoveryPublisher::builder("x", source).refresh(Refresh::Watch).build(echo).unwrap();
    script.asked();
    script.asked();
    let id = publisher.endpoints().unwrap().id_at(0).unwrap();
    let (_observer, told) = common::observe(&publisher);
    assert!(publisher.renew(id));
    told.recv_timeout(LONG).unwrap();
    assert_ne!(publisher.endpoints().unwrap().id_at(0), Some(id));
    publisher.stop();
    assert!(!publisher.renew(publisher.endpoints().unwrap().id_at(0).unwrap()), "nothing is made after stop");
}
