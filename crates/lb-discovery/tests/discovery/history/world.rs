//! One discovery, its publishers, and the model that says what must come of each step.

use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, unbounded};
use lb_core::{Instance, Publisher};
use lb_discovery::{Answer, DiscoveryPublisher, OnEmpty, Refresh};
use lb_test::CountingFactory;

use super::factory::{Mood, Moods, Moody};
use super::watch::{Set, Watched};
use crate::common::{self, Script, script, until};

/// Failing for longer than this many seconds takes the set out of use.
const EXPIRES: u64 = 30;

pub(super) struct World {
    script: Script,
    ticks: Sender<Instant>,
    start: Instant,
    moods: Moods,
    publishers: Vec<Watched>,
    /// The answers that count, in order.
    answers: Vec<Set>,
    /// Addresses whose factory has failed or hung, until every set has their endpoint.
    uncertain: Vec<String>,
    seconds: u64,
    failing_since: Option<u64>,
    refreshes: u64,
}

fn address(index: usize) -> String {
    format!("{index}:80")
}

impl World {
    /// The first answer has no instances.
    pub(super) fn new() -> Self {
        let (script, source) = script();
        let (ticks, on) = unbounded();
        let (moods, counts) = (Moods::default(), CountingFactory::new());
        script.answer([]);
        let start = common::now();
        let publisher = DiscoveryPublisher::builder("x", source)
            .refresh(Refresh::On(on))
            .on_empty(OnEmpty::Empty)
            .expire_after(Duration::from_secs(EXPIRES))
            .build(Moody { moods: moods.clone(), counts: counts.clone() })
            .unwrap();
        Self {
            script,
            ticks,
            start,
            moods,
            publishers: vec![Watched::new(publisher, counts)],
            answers: vec![Set::new()],
            uncertain: Vec::new(),
            seconds: 0,
            failing_since: None,
            refreshes: 1,
        }
    }

    pub(super) fn answer(&mut self, addresses: &[usize], anew: &[usize]) {
        let number = u32::try_from(self.answers.len()).unwrap();
        let weight = |index: &usize| {
            let before = self.answers.iter().rev().find_map(|answer| answer.get(&address(*index)));
            before.filter(|_| !anew.contains(index)).copied().unwrap_or(number)
        };
        let next: Set = addresses.iter().map(|index| (address(*index), weight(index))).collect();
        let instances = next.iter().map(|(address, weight)| Instance::new(&**address).with_weight(*weight));
        let answer: Answer = instances.rev().collect();
        self.answers.push(next);
        self.refresh(Ok(answer));
    }

    /// Lets the source end one refresh, and checks what comes of it.
    pub(super) fn refresh(&mut self, outcome: Result<Answer, &str>) {
        self.seconds += 1;
        self.reply(outcome);
        self.ticks.send(self.start + Duration::from_secs(self.seconds)).unwrap();
        self.settle();
    }

    pub(super) fn refresh_now(&mut self) {
        self.reply(Ok(Answer::unchanged()));
        self.publishers[0].publisher.refresh_now();
        self.settle();
    }

    fn reply(&mut self, outcome: Result<Answer, &str>) {
        self.refreshes += 1;
        match outcome {
            Ok(answer) => {
                self.failing_since = None;
                self.script.reply(answer);
            }
            Err(message) => {
                self.failing_since.get_or_insert(self.seconds);
                self.script.fail(message);
            }
        }
    }

    pub(super) fn pass(&mut self, seconds: u64) {
        self.seconds += seconds;
    }

    /// Waits for the end of the refresh, and for what is certain to follow from it.
    fn settle(&mut self) {
        common::refreshed(&*self.publishers[0].publisher, self.refreshes);
        if self.failing_since.is_some_and(|since| self.seconds - since > EXPIRES) {
            let expired = |one: &Watched| one.publisher.endpoints().is_err();
            assert!(self.publishers.iter().all(expired), "it has failed for {EXPIRES} s and more");
            return;
        }
        let answer = self.answers.last().unwrap();
        let is_certain = |address: &String| self.moods.works(address) && !self.uncertain.contains(address);
        let certain: Set = answer.iter().filter(|(address, _)| is_certain(address)).map(owned).collect();
        for watched in &self.publishers {
            until("what can be made has joined, and what has left is gone", || {
                let set = watched.look().unwrap_or_default();
                let joined = certain.iter().all(|(address, weight)| set.get(address) == Some(weight));
                let first_stands = !certain.is_empty() || answer.is_empty();
                joined && (!first_stands || set.keys().all(|address| answer.contains_key(address)))
            });
        }
        let (moods, sets) = (&self.moods, self.publishers.iter().map(Watched::look).collect::<Vec<_>>());
        self.uncertain.retain(|address| {
            let there = |set: &Option<Set>| {
                answer.contains_key(address)
                    && set.as_ref().is_some_and(|set| set.get(address) == answer.get(address))
            };
            !moods.works(address) || !sets.iter().all(there)
        });
    }

    pub(super) fn factory(&mut self, index: usize, mood: Mood) {
        let address = address(index);
        self.moods.set(&address, mood);
        if mood != Mood::Works && !self.uncertain.contains(&address) {
            self.uncertain.push(address);
        }
    }

    pub(super) fn renew(&mut self, index: usize) {
        let watched = &self.publishers[index % self.publishers.len()];
        let Ok(set) = watched.publisher.endpoints() else { return };
        let Some(id) = set.id_at(index % set.len().max(1)) else { return };
        let address = set.instance(index % set.len()).unwrap().address().to_owned();
        drop(set);
        let known = watched.publisher.renew(id);
        if known && self.moods.works(&address) && !self.uncertain.contains(&address) {
            until("it is made anew", || watched.publisher.endpoints().is_ok_and(|set| !set.contains(id)));
        }
    }

    pub(super) fn hold(&mut self, index: usize) {
        let count = self.publishers.len();
        self.publishers[index % count].hold(index);
    }

    pub(super) fn share(&mut self) {
        // It would wait for a first endpoint for a second.
        if self.publishers.len() == 3 || !self.uncertain.is_empty() || self.failing_since.is_some() {
            return;
        }
        let counts = CountingFactory::new();
        let factory = Moody { moods: self.moods.clone(), counts: counts.clone() };
        let publisher = self.publishers[0].publisher.share(factory);
        self.publishers.push(Watched::new(publisher, counts));
    }

    pub(super) fn drop_share(&mut self) {
        if self.publishers.len() > 1 {
            self.publishers.swap_remove(1).check(&self.answers);
        }
    }

    /// All factories work, and one more answer comes: every set becomes that answer.
    pub(super) fn converge(&mut self, last: &[usize]) {
        self.moods.heal();
        self.answer(last, &[]);
        for round in 0.. {
            let answer = self.answers.last().unwrap();
            let is_there = |watched: &Watched| watched.look().as_ref() == Some(answer);
            if self.publishers.iter().all(is_there) {
                break;
            }
            // A call that was given up has returned meanwhile, or the next refresh asks again.
            assert!(round < 1000, "{:?} never came", self.answers.last());
            self.refresh(Ok(Answer::unchanged()));
        }
    }

    /// Stops, has what hangs return, and asserts that no set changes any more.
    pub(super) fn stop(&mut self) {
        self.publishers[0].publisher.stop();
        let ids = |world: &Self| -> Vec<_> {
            let id = |one: &Watched| one.publisher.endpoints().map(|set| set.id()).ok();
            world.publishers.iter().map(id).collect()
        };
        let before = ids(self);
        self.moods.heal();
        self.script.dropped();
        for watched in &self.publishers {
            watched.balance();
        }
        assert_eq!(ids(self), before, "stopped, it stays as it is");
    }

    /// Checks what was seen, and that the books of each publisher balance.
    pub(super) fn close(self) {
        self.moods.heal();
        for watched in self.publishers {
            watched.check(&self.answers);
            watched.balance();
            watched.close();
        }
    }
}

fn owned((address, weight): (&String, &u32)) -> (String, u32) {
    (address.clone(), *weight)
}
