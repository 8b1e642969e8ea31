//! Case 6 and its kind: `Factory::reusable` is code of the user's too, and one that hangs costs its own endpoint.

use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use lb_core::{BoxError, Context, Factory, Instance, Publisher};
use lb_discovery::{Answer, DiscoveryPublisher, Refresh};

use crate::common::{self, LONG, echo, promptly, refreshed, script, until};

/// Hangs in `reusable` for addresses that begin with "slow" until `release` disconnects.
struct Undecided {
    release: Receiver<()>,
    asked: Sender<String>,
}

impl Factory for Undecided {
    type Endpoint = String;

    fn create(&self, _: &Context, instance: &Instance) -> Result<String, BoxError> {
        echo(instance)
    }

    fn reusable(&self, old: &Instance, _: &Instance) -> bool {
        let _ = self.asked.send(old.address().to_owned());
        if old.address().starts_with("slow") {
            let _ = self.release.recv();
        }
        true
    }
}

/// `a:80` and `slow:80` of that weight.
fn weighted(weight: u32) -> Answer {
    ["a:80", "slow:80"].map(|address| Instance::new(address).with_weight(weight)).into_iter().collect()
}

fn weights(publisher: &DiscoveryPublisher<String>) -> Vec<u32> {
    publisher.endpoints().unwrap().instances().map(Instance::weight).collect()
}

#[test]
fn reusable_that_hangs_costs_its_own_endpoint_only() {
    let (script, source) = script();
    let (ticks, on) = unbounded();
    let (held, release) = bounded(0);
    let (asks, asked) = unbounded();
    script.reply(weighted(1));
    let publisher = DiscoveryPublisher::builder("x", source)
        .refresh(Refresh::On(on))
        .build(Undecided { release, asked: asks })
        .unwrap();
    until("both are made", || publisher.endpoints().unwrap().len() == 2);
    let ids: Vec<_> = (0..2).map(|index| publisher.endpoints().unwrap().id_at(index)).collect();
    let other = publisher.share(echo);
    for (count, weight) in [(2, 2), (3, 3)] {
        script.reply(weighted(weight));
        ticks.send(common::now()).unwrap();
        refreshed(&publisher, count);
        until("a has its new weight, the other its old one", || weights(&publisher) == [weight, 1]);
        until("who shares has both", || weights(&other) == [weight, weight]);
        assert_eq!(publisher.status().endpoints(), 2, "status waits for nothing");
    }
    assert_eq!(publisher.endpoints().unwrap().id_at(0), ids[0], "its endpoint was reusable");
    assert!(publisher.renew(publisher.endpoints().unwrap().id_at(0).unwrap()), "renew waits for nothing");
    until("a is made anew", || publisher.endpoints().unwrap().id_at(0) != ids[0]);
    assert_eq!(asked.try_iter().filter(|address| address == "slow:80").count(), 1, "asked once");
    drop(held);
    until("the other has its new weight", || weights(&publisher) == [3, 3]);
    assert_eq!(publisher.endpoints().unwrap().id_at(1), ids[1], "and so was this one");
}

#[test]
fn reusable_that_hangs_holds_up_no_stop() {
    promptly("stop and drop", Duration::from_millis(100), || {
        let (script, source) = script();
        let (ticks, on) = unbounded();
        let (held, release) = bounded(0);
        let (asks, asked) = unbounded();
        script.reply(weighted(1));
        let publisher = DiscoveryPublisher::builder("x", source)
            .refresh(Refresh::On(on))
            .build(Undecided { release, asked: asks })
            .unwrap();
        until("both are made", || publisher.endpoints().unwrap().len() == 2);
        script.reply(weighted(2));
        ticks.send(common::now()).unwrap();
        until("it hangs", || asked.recv_timeout(LONG).unwrap() == "slow:80");
        let begun = common::now();
        publisher.stop();
        drop(publisher);
        let took = begun.elapsed();
        drop(held);
        took
    });
}

/// Makes its endpoints when `release` says so; closures find every endpoint reusable.
fn held_back(release: Receiver<()>, asked: Sender<()>) -> impl Fn(&Instance) -> Result<String, BoxError> {
    move |instance| {
        let _ = asked.send(());
        let _ = release.recv();
        echo(instance)
    }
}

#[test]
fn an_instance_that_changes_while_its_endpoint_is_made_is_asked_about() {
    let (script, source) = script();
    let (ticks, on) = unbounded();
    let (held, release) = bounded(0);
    let (asks, asked) = unbounded();
    let of_weight = |weight| Answer::new(vec![Instance::new("a:80").with_weight(weight)]);
    script.reply(of_weight(1));
    let publisher = DiscoveryPublisher::builder("x", source)
        .refresh(Refresh::On(on))
        .start(held_back(release, asks))
        .unwrap();
    asked.recv_timeout(LONG).unwrap();
    refreshed(&publisher, 1);
    script.reply(of_weight(7));
    ticks.send(common::now()).unwrap();
    refreshed(&publisher, 2);
    drop(held);
    publisher.wait_ready(LONG).unwrap();
    assert_eq!(weights(&publisher), [7]);
    assert!(asked.try_recv().is_err(), "it was made once");
}
