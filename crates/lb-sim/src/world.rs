//! A run: all that there is, and what happens to it.

mod making;
mod requests;
mod servers;
mod traffic;

use std::sync::Arc;
use std::time::{Duration, Instant};

use lb_core::{Clock, EndpointSet, Housekeeper, Instance, Reported};
use lb_retry::{Engine, LiveAttempt};

use crate::client::{Client, Held};
use crate::events::{Event, Events};
use crate::generator::Generator;
use crate::host::Host;
use crate::recorder::Recorder;
use crate::report::Report;
use crate::scenario::Scenario;
use crate::slab::Slab;
use crate::view::View;

pub(crate) struct World<'a> {
    scenario: &'a Scenario,
    strategy: Arc<str>,
    seed: u64,
    now: u64,
    /// Virtual time 0, for the engine.
    epoch: Instant,
    clock: Clock,
    housekeeper: Housekeeper,
    events: Events,
    instances: Vec<Instance>,
    /// Names the servers for balancers that have no ids for them.
    ids: EndpointSet<()>,
    hosts: Vec<Host>,
    conditions: Vec<Condition>,
    views: Vec<View>,
    clients: Vec<Client>,
    requests: Slab<Request>,
    attempts: Slab<Attempt>,
    draws: Draws,
    recorder: Recorder,
    /// Requests per second of the open loop, as nanoseconds between two.
    spacing: Option<f64>,
}

/// The generators of a run.
struct Draws {
    arrivals: Generator,
    work: Generator,
    keys: Generator,
    noise: Generator,
    thinking: Generator,
    backoff: Generator,
}

/// What is wrong with a server now.
struct Condition {
    mode: Mode,
    slow: f64,
    noise: f64,
    ranges: Vec<(f64, f64)>,
    /// As the registry has it.
    present: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Serving,
    FailsAfter(u64),
    BlackHole,
    Down,
}

struct Request {
    client: u32,
    key: u64,
    work: f64,
    begun: u64,
    is_measured: bool,
    engine: Engine,
    /// Whether the last attempt timed out.
    timed_out: bool,
}

struct Attempt {
    request: u32,
    client: u32,
    server: u32,
    work: f64,
    is_measured: bool,
    /// While the client waits.
    waiting: Option<(Held, LiveAttempt)>,
    id: lb_core::EndpointId,
    place: Place,
    /// What the server has answered, or will have.
    succeeded: bool,
    report: Option<Reported>,
}

/// Where an attempt is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Network,
    Queue,
    Core,
    /// Nobody will answer it.
    Lost,
}

impl World<'_> {
    /// Until the last measured request has ended.
    pub(crate) fn run(mut self) -> Report {
        while let Some((time, event)) = self.events.next() {
            if self.recorder.is_over(self.now) {
                break;
            }
            self.clock.advance(Duration::from_nanos(time - self.now));
            self.now = time;
            self.happens(event);
        }
        Report::new(self.strategy, self.seed, self.recorder, self.requests.len())
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Arrives => self.arrives(),
            Event::Thought { client } => self.request(client),
            Event::Reaches { attempt } => self.reaches(attempt),
            Event::WorkDone { attempt, token } => self.work_done(attempt, token),
            Event::Answered { attempt } => self.answered(attempt),
            Event::TimesOut { attempt, generation } => self.times_out(attempt, generation),
            Event::Wakes { request } => self.wakes(request),
            Event::Redraws { server } => self.redraws(server),
            Event::Switches { server } => self.switches(server),
            Event::Discovered { view, server, present } => self.discovered(view, server, present),
            Event::Chores => self.chores(),
            Event::Measures => self.measures(),
        }
    }

    fn instant(&self) -> Instant {
        self.epoch + Duration::from_nanos(self.now)
    }

    fn chores(&mut self) {
        self.housekeeper.run_due();
        self.events.at(self.now + making::CHORES_EVERY, Event::Chores);
    }

    fn measures(&mut self) {
        for (index, host) in self.hosts.iter_mut().enumerate() {
            let cores = self.scenario.fleet.servers[index].cores;
            self.recorder.look(index, self.now, host.busy(self.now), cores, host.in_flight());
        }
    }
}
