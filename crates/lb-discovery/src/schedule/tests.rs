//! The schedule without threads or clocks: every time is a number of milliseconds after a beginning.

mod backoff;
mod calm;
mod expiry;
mod jitter;
mod model;
mod on_empty;
mod on_shrink;
mod rhythm;

use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::settings::{OnEmpty, OnShrink};

/// A schedule, and the moment at which its time begins.
struct Clocked {
    schedule: Schedule,
    start: Instant,
}

impl Clocked {
    fn new(settings: &Settings) -> Self {
        Self::seeded(settings, 1)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "there is no other way to a first Instant; only differences matter"
    )]
    fn seeded(settings: &Settings, seed: u64) -> Self {
        let start = Instant::now();
        Self { schedule: Schedule::new(settings, StdRng::seed_from_u64(seed), start), start }
    }

    fn at(&self, ms: u64) -> Instant {
        self.start + Duration::from_millis(ms)
    }

    fn answer(&mut self, ms: u64) -> Effect {
        let now = self.at(ms);
        self.schedule.asked(now);
        self.schedule.answered(now, None, found(1))
    }

    fn answer_with_ttl(&mut self, ms: u64, ttl: Duration) {
        let now = self.at(ms);
        self.schedule.answered(now, Some(ttl), found(1));
    }

    fn answer_with(&mut self, ms: u64, instances: usize) -> Effect {
        let now = self.at(ms);
        self.schedule.asked(now);
        self.schedule.answered(now, None, found(instances))
    }

    fn answer_empty(&mut self, ms: u64) -> Effect {
        let now = self.at(ms);
        self.schedule.asked(now);
        self.schedule.answered(now, None, found(0))
    }

    fn fail(&mut self, ms: u64) {
        let now = self.at(ms);
        self.schedule.asked(now);
        self.schedule.failed(now);
    }

    fn validity(&mut self, ms: u64) -> Validity {
        let now = self.at(ms);
        self.schedule.validity(now)
    }

    /// How long after `ms` the source is asked next.
    fn pause_after(&self, ms: u64) -> Option<Duration> {
        Some(self.schedule.next_refresh()?.duration_since(self.at(ms)))
    }

    /// How long after `ms` time alone changes something.
    fn wake_after(&self, ms: u64) -> Option<Duration> {
        Some(self.schedule.wake_at()?.duration_since(self.at(ms)))
    }
}

fn found(instances: usize) -> Found {
    Found { instances, definite: false }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn every(period: Duration) -> Settings {
    Settings { refresh: Refresh::Every(period), jitter_percent: 0, ..Settings::default() }
}

fn on_ticks() -> Settings {
    Settings { refresh: Refresh::On(crossbeam_channel::never()), jitter_percent: 0, ..Settings::default() }
}

fn watch() -> Settings {
    Settings { refresh: Refresh::Watch, jitter_percent: 0, ..Settings::default() }
}
