//! What happens at the servers.

use super::{Mode, Place, World};
use crate::events::Event;
use crate::fault::Kind;
use crate::host::Taken;
use crate::time::nanos;

impl World<'_> {
    /// An attempt has reached its server.
    pub(super) fn reaches(&mut self, place: u32) {
        let Some(attempt) = self.attempts.get_mut(place) else { return };
        let server = attempt.server as usize;
        if self.scenario.clients.cancels && attempt.waiting.is_none() {
            self.attempts.remove(place);
            return;
        }
        match self.conditions[server].mode {
            Mode::Serving => {
                let taken = self.hosts[server].take(place, attempt.work, self.now, &mut self.events);
                match taken {
                    Taken::Begun => {
                        attempt.place = Place::Core;
                        self.recorder.waited(self.now, self.now);
                    }
                    Taken::Queued => attempt.place = Place::Queue,
                    Taken::Full => self.fails_alive(place, self.now),
                }
            }
            Mode::FailsAfter(after) => self.fails_alive(place, self.now + after),
            Mode::BlackHole => self.is_lost(place),
            Mode::Down => self.fails(place, self.now),
        }
    }

    /// A core has done its work, unless that was rescheduled.
    pub(super) fn work_done(&mut self, place: u32, token: u32) {
        let Some(attempt) = self.attempts.get_mut(place) else { return };
        let server = attempt.server as usize;
        if attempt.place != Place::Core || !self.hosts[server].done(place, token, self.now) {
            return;
        }
        let reports = self.scenario.clients.reports;
        attempt.succeeded = true;
        attempt.report = reports.then(|| self.hosts[server].report());
        if self.conditions[server].mode == Mode::BlackHole {
            self.is_lost(place);
        } else {
            attempt.place = Place::Network;
            self.after_network(self.now, Event::Answered { attempt: place });
        }
        self.begins_next(server);
    }

    /// A server's noise changes.
    pub(super) fn redraws(&mut self, server: u32) {
        let place = server as usize;
        if let Some(noise) = &self.scenario.fleet.servers[place].noise {
            let condition = &mut self.conditions[place];
            let (factor, after) = noise.draw(&condition.ranges, &mut self.draws.noise);
            condition.noise = factor;
            self.events.at(self.now + after, Event::Redraws { server });
            self.set_speed(place);
        }
    }

    /// A server's faults change, or are looked at for the first time.
    pub(super) fn switches(&mut self, server: u32) {
        let place = server as usize;
        let faults = &self.scenario.fleet.servers[place].faults;
        if let Some(change) = faults.iter().filter_map(|fault| fault.next_change(self.now)).min() {
            self.events.at(change, Event::Switches { server });
        }
        let (mut mode, mut slow, mut present) = (Mode::Serving, 1.0, true);
        for fault in faults.iter().filter(|fault| fault.is_active(self.now)) {
            match fault.kind {
                Kind::Slow(factor) => slow *= factor,
                Kind::Leaves => present = false,
                Kind::FailsFast(after) => mode = mode.or_worse(Mode::FailsAfter(nanos(after))),
                Kind::BlackHole => mode = mode.or_worse(Mode::BlackHole),
                Kind::Down => {
                    mode = mode.or_worse(Mode::Down);
                    present = false;
                }
            }
        }
        self.becomes(server, mode, slow, present);
    }

    fn becomes(&mut self, server: u32, mode: Mode, slow: f64, present: bool) {
        let place = server as usize;
        let condition = &mut self.conditions[place];
        let (was_down, was_present) = (condition.mode == Mode::Down, condition.present);
        (condition.mode, condition.slow, condition.present) = (mode, slow, present);
        self.set_speed(place);
        if mode == Mode::Down && !was_down {
            for attempt in self.hosts[place].crash(self.now) {
                self.fails(attempt, self.now);
            }
        }
        if present != was_present {
            self.announce(server, present);
        }
    }

    fn set_speed(&mut self, server: usize) {
        let condition = &self.conditions[server];
        let speed = self.scenario.fleet.servers[server].speed * condition.noise / condition.slow;
        self.hosts[server].set_speed(speed, self.now, &mut self.events);
    }

    /// A core is free: it takes the next of the queue that somebody waits for.
    fn begins_next(&mut self, server: usize) {
        let (attempts, cancels) = (&self.attempts, self.scenario.clients.cancels);
        let is_wanted =
            |place| !cancels || attempts.get(place).is_some_and(|attempt| attempt.waiting.is_some());
        let mut dropped = Vec::new();
        let next =
            self.hosts[server].next(self.now, &mut self.events, is_wanted, |place| dropped.push(place));
        for place in dropped {
            self.attempts.remove(place);
        }
        let Some((place, since)) = next else { return };
        self.recorder.waited(since, self.now);
        if let Some(attempt) = self.attempts.get_mut(place) {
            attempt.place = Place::Core;
        }
    }

    /// The server answers with a failure at `from`, and says how loaded it is.
    fn fails_alive(&mut self, place: u32, from: u64) {
        if let Some(attempt) = self.attempts.get_mut(place) {
            let reports = self.scenario.clients.reports;
            attempt.report = reports.then(|| self.hosts[attempt.server as usize].report());
        }
        self.fails(place, from);
    }

    /// There is a failure at `from`.
    fn fails(&mut self, place: u32, from: u64) {
        if let Some(attempt) = self.attempts.get_mut(place) {
            attempt.place = Place::Network;
            self.after_network(from, Event::Answered { attempt: place });
        }
    }

    /// Nobody will answer an attempt; it is forgotten once its client has given it up.
    fn is_lost(&mut self, place: u32) {
        if let Some(attempt) = self.attempts.get_mut(place) {
            if attempt.waiting.is_some() {
                attempt.place = Place::Lost;
            } else {
                self.attempts.remove(place);
            }
        }
    }
}

impl Mode {
    fn or_worse(self, other: Self) -> Self {
        let badness = |mode| match mode {
            Self::Serving => 0,
            Self::FailsAfter(_) => 1,
            Self::BlackHole => 2,
            Self::Down => 3,
        };
        if badness(other) > badness(self) { other } else { self }
    }
}
