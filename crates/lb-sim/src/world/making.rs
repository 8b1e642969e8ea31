//! How a world begins.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use lb_core::{Clock, EndpointSet, Housekeeper};

use super::{Condition, Draws, Mode, World};
use crate::client::Client;
use crate::events::{Event, Events};
use crate::generator::{Generator, Stream};
use crate::host::Host;
use crate::recorder::Recorder;
use crate::scenario::Scenario;
use crate::slab::Slab;
use crate::strategy::{ClientSetup, Strategy};
use crate::time::index;
use crate::view::View;

/// 10 ms of virtual time.
pub(super) const CHORES_EVERY: u64 = 10_000_000;

impl<'a> World<'a> {
    pub(crate) fn new(scenario: &'a Scenario, strategy: &Strategy, seed: u64) -> Self {
        let servers = &scenario.fleet.servers;
        let instances: Vec<_> =
            servers.iter().enumerate().map(|(index, server)| server.instance(index)).collect();
        let clock = Clock::manual();
        let mut world = Self {
            scenario,
            strategy: strategy.shared_name(),
            seed,
            now: 0,
            epoch: epoch(),
            housekeeper: Housekeeper::scripted(clock.clone()),
            clock,
            events: Events::default(),
            ids: EndpointSet::new(instances.iter().map(|instance| (instance.clone(), ()))),
            instances,
            hosts: servers.iter().map(Host::new).collect(),
            conditions: Vec::new(),
            views: Vec::new(),
            clients: Vec::new(),
            requests: Slab::new(),
            attempts: Slab::new(),
            draws: Draws::new(seed),
            recorder: Recorder::new(scenario),
            spacing: scenario.clients.rate(scenario.fleet.capacity()).map(|rate| 1e9 / rate),
        };
        world.begin(strategy);
        world
    }

    fn begin(&mut self, strategy: &Strategy) {
        // First, so that nothing else of the same time comes before.
        let (begins, ends) = self.recorder.window();
        self.events.at(begins, Event::Measures);
        self.events.at(ends, Event::Measures);
        self.begin_servers();
        self.begin_clients(strategy);
        self.begin_traffic();
    }

    fn begin_servers(&mut self) {
        for (server, description) in (0..).zip(&self.scenario.fleet.servers) {
            let noise = description.noise.as_ref();
            let ranges = noise.map_or(Vec::new(), |noise| noise.draw_kind(&mut self.draws.noise).to_vec());
            let healthy = Condition { mode: Mode::Serving, slow: 1.0, noise: 1.0, ranges, present: true };
            self.conditions.push(healthy);
            if noise.is_some() {
                self.redraws(server);
            }
            // There is no view yet: those to come begin with what holds now.
            self.switches(server);
        }
    }

    fn begin_clients(&mut self, strategy: &Strategy) {
        let present: Vec<_> = self.conditions.iter().map(|condition| condition.present).collect();
        let (count, is_shared) = (self.scenario.clients.count, self.scenario.clients.shared_view);
        let keeps_house = Arc::new(AtomicBool::new(false));
        let mut seeds = Generator::new(self.seed, Stream::Strategies);
        for number in 0..count {
            if !is_shared || number == 0 {
                self.views.push(View::new(&self.instances, &present));
            }
            let view = &self.views[self.views.len() - 1];
            let setup = ClientSetup {
                number,
                clients: count,
                seed: seeds.next(),
                clock: self.clock.clone(),
                publisher: view.publisher(),
                housekeeper: self.housekeeper.clone(),
                keeps_house: Arc::clone(&keeps_house),
            };
            let mut client = Client::new(strategy.make(&setup));
            client.discovered(view, &self.instances, self.now);
            self.clients.push(client);
        }
        if keeps_house.load(Ordering::Relaxed) {
            self.events.at(0, Event::Chores);
        }
    }

    /// A change of the registry reaches the clients that share a view.
    pub(super) fn discovered(&mut self, view: u32, server: u32, present: bool) {
        let place = view as usize;
        self.views[place].discover(server, present, &self.instances);
        let all = 0..self.clients.len();
        let clients = if self.scenario.clients.shared_view { all } else { place..place + 1 };
        for client in &mut self.clients[clients] {
            client.discovered(&self.views[place], &self.instances, self.now);
        }
    }

    /// The registry has changed: tells when each view will know.
    pub(super) fn announce(&mut self, server: u32, present: bool) {
        let clients = &self.scenario.clients;
        let views = index(self.views.len());
        for view in 0..views {
            let later = clients.discovery_spread.mul_f64(f64::from(view) / f64::from(views));
            let known = self.now + crate::time::nanos(clients.discovery + later);
            self.events.at(known, Event::Discovered { view, server, present });
        }
    }
}

impl Draws {
    fn new(seed: u64) -> Self {
        let of = |stream| Generator::new(seed, stream);
        Self {
            arrivals: of(Stream::Arrivals),
            work: of(Stream::Work),
            keys: of(Stream::Keys),
            noise: of(Stream::Noise),
            thinking: of(Stream::Thinking),
            backoff: of(Stream::Backoff),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "any instant will do: only the time since then counts")]
fn epoch() -> Instant {
    Instant::now()
}
