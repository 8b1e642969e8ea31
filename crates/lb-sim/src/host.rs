use std::collections::VecDeque;

use lb_core::Reported;

use crate::events::{Event, Events};
use crate::server::Server;
use crate::time::{float, index, whole};

/// A server at work: its cores, its queue, and how fast it is now.
#[derive(Debug)]
pub(crate) struct Host {
    cores: usize,
    queue_limit: usize,
    speed: f64,
    running: Vec<Job>,
    queue: VecDeque<Waiting>,
    /// How many of the queue nobody waits for any more.
    given_up: usize,
    /// The time that cores have worked, up to `accounted`.
    busy: u64,
    accounted: u64,
    /// How long a core took for a request of late: a moving average, in nanoseconds.
    service: f64,
}

/// What a core works on.
#[derive(Debug)]
struct Job {
    attempt: u32,
    begun: u64,
    /// The work that was left at `since`.
    left: f64,
    since: u64,
    /// Of the event that ends it: an earlier one is void.
    token: u32,
}

#[derive(Debug)]
struct Waiting {
    attempt: u32,
    work: f64,
    since: u64,
}

/// What became of a request that reached a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    Begun,
    Queued,
    Full,
}

impl Host {
    pub(crate) fn new(server: &Server) -> Self {
        Self {
            cores: server.cores as usize,
            queue_limit: server.queue.map_or(usize::MAX, |limit| limit as usize),
            speed: server.speed,
            running: Vec::new(),
            queue: VecDeque::new(),
            given_up: 0,
            busy: 0,
            accounted: 0,
            service: 0.0,
        }
    }

    pub(crate) fn take(&mut self, attempt: u32, work: f64, now: u64, events: &mut Events) -> Taken {
        if self.running.len() < self.cores {
            self.begin(attempt, work, now, events);
            Taken::Begun
        } else if self.queue.len() - self.given_up < self.queue_limit {
            self.queue.push_back(Waiting { attempt, work, since: now });
            Taken::Queued
        } else {
            Taken::Full
        }
    }

    /// The work of an attempt is done; `false`: it was rescheduled since.
    pub(crate) fn done(&mut self, attempt: u32, token: u32, now: u64) -> bool {
        let is_done = |job: &Job| job.attempt == attempt && job.token == token;
        let Some(place) = self.running.iter().position(is_done) else { return false };
        self.account(now);
        let job = self.running.swap_remove(place);
        let took = float(now - job.begun);
        self.service = if self.service > 0.0 { self.service * 0.95 + took * 0.05 } else { took };
        true
    }

    /// The next of the queue, if a core is free: the attempt, and since when it has waited. Those that `is_wanted` says no
    /// of go to `dropped`.
    pub(crate) fn next(
        &mut self,
        now: u64,
        events: &mut Events,
        is_wanted: impl Fn(u32) -> bool,
        mut dropped: impl FnMut(u32),
    ) -> Option<(u32, u64)> {
        while self.running.len() < self.cores {
            let Waiting { attempt, work, since } = self.queue.pop_front()?;
            if is_wanted(attempt) {
                self.begin(attempt, work, now, events);
                return Some((attempt, since));
            }
            self.given_up -= 1;
            dropped(attempt);
        }
        None
    }

    /// Nobody waits any more for one of the queue.
    pub(crate) fn give_up(&mut self) {
        self.given_up += 1;
    }

    /// Works at another speed from now on, in cores of speed 1.
    pub(crate) fn set_speed(&mut self, speed: f64, now: u64, events: &mut Events) {
        for job in &mut self.running {
            job.left = (job.left - float(now - job.since) * self.speed).max(0.0);
            job.since = now;
            job.token = events.token();
            schedule(job, speed, events);
        }
        self.speed = speed;
    }

    /// Loses all that it has; yields the attempts.
    pub(crate) fn crash(&mut self, now: u64) -> Vec<u32> {
        self.account(now);
        self.given_up = 0;
        let running = self.running.drain(..).map(|job| job.attempt);
        running.chain(self.queue.drain(..).map(|waiting| waiting.attempt)).collect()
    }

    /// What it says of its load; the request that is being answered does not count.
    pub(crate) fn report(&self) -> Reported {
        let in_flight = self.in_flight();
        let load = float(u64::from(in_flight)) / float(self.cores as u64);
        // A core takes the next one after the others before it.
        let latency = self.service * (load + 1.0 / float(self.cores as u64)).max(1.0);
        let latency = std::time::Duration::from_nanos(whole(latency));
        Reported::new().with_in_flight(in_flight).with_utilisation(load).with_latency(latency)
    }

    /// How many requests it has that somebody waits for, or that a core works on.
    pub(crate) fn in_flight(&self) -> u32 {
        index(self.running.len() + self.queue.len() - self.given_up)
    }

    /// How long its cores have worked, all together, in nanoseconds.
    pub(crate) fn busy(&mut self, now: u64) -> u64 {
        self.account(now);
        self.busy
    }

    fn begin(&mut self, attempt: u32, work: f64, now: u64, events: &mut Events) {
        self.account(now);
        let job = Job { attempt, begun: now, left: work, since: now, token: events.token() };
        schedule(&job, self.speed, events);
        self.running.push(job);
    }

    fn account(&mut self, now: u64) {
        self.busy += self.running.len() as u64 * (now - self.accounted);
        self.accounted = now;
    }
}

fn schedule(job: &Job, speed: f64, events: &mut Events) {
    let takes = whole(libm::ceil(job.left / speed));
    events.at(job.since.saturating_add(takes), Event::WorkDone { attempt: job.attempt, token: job.token });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done_at(host: &mut Host, events: &mut Events) -> (u64, u32) {
        loop {
            let (now, event) = events.next().expect("somebody works");
            let Event::WorkDone { attempt, token } = event else { panic!("{event:?}") };
            if host.done(attempt, token, now) {
                return (now, attempt);
            }
        }
    }

    #[test]
    fn work_goes_on_at_the_speed_that_holds() {
        let (mut host, mut events) = (Host::new(&Server::new(2)), Events::default());
        assert_eq!(host.take(1, 1000.0, 0, &mut events), Taken::Begun);
        assert_eq!(host.take(2, 3000.0, 0, &mut events), Taken::Begun);
        host.set_speed(0.5, 500, &mut events);
        assert_eq!(done_at(&mut host, &mut events), (1500, 1));
        host.set_speed(2.0, 1500, &mut events); // 2,000 are left of the other
        assert_eq!(done_at(&mut host, &mut events), (2500, 2));
        assert_eq!(host.busy(3000), 1500 + 2500);
    }

    #[test]
    fn the_queue_is_first_in_first_out_and_bounded() {
        let (mut host, mut events) = (Host::new(&Server::new(1).queue(2)), Events::default());
        let taken: Vec<_> = (1..=4).map(|attempt| host.take(attempt, 10.0, 0, &mut events)).collect();
        assert_eq!(taken, [Taken::Begun, Taken::Queued, Taken::Queued, Taken::Full]);
        assert_eq!(host.report().in_flight(), Some(3));
        host.give_up(); // the second
        assert_eq!(host.in_flight(), 2);
        let (now, _) = done_at(&mut host, &mut events);
        let mut dropped = Vec::new();
        let next = host.next(now, &mut events, |attempt| attempt != 2, |attempt| dropped.push(attempt));
        assert_eq!((next, dropped), (Some((3, 0)), vec![2]));
        assert_eq!(host.crash(now), [3]);
        assert_eq!(host.in_flight(), 0);
    }
}
