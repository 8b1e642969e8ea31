use std::time::{Duration, Instant};

use rand::rngs::StdRng;

use crate::backoff::Backoff;
use crate::freshness::{Effect, Freshness, Validity};
use crate::settings::{Refresh, Settings};

/// The shortest time from one question to the next of a source that is to wait for news by itself.
const WATCH_SPACING: Duration = Duration::from_millis(10);

/// Decides when to ask, and what the outcome does to the set: a pure function of events, their times and a seed.
///
/// A time earlier than one seen before counts as that one.
#[derive(Debug)]
pub(crate) struct Schedule {
    refresh: Refresh,
    backoff: Backoff,
    freshness: Freshness,
    now: Instant,
    /// When the latest refresh began.
    asked: Instant,
    /// `None`: a refresh is under way, or only a tick or a user causes the next one.
    next: Option<Instant>,
    /// Whether a tick has come.
    ticked: bool,
}

impl Schedule {
    pub(crate) fn new(settings: &Settings, rng: StdRng, now: Instant) -> Self {
        let cap = longest_pause(&settings.refresh);
        Self {
            refresh: settings.refresh.clone(),
            backoff: Backoff::new(settings.backoff_min.min(cap), settings.backoff_max.min(cap), rng),
            freshness: Freshness::new(settings),
            now,
            asked: now,
            next: None,
            ticked: false,
        }
    }

    /// A tick tells the time. The first one does so even if it is earlier than the start, of which our own clock told.
    pub(crate) fn ticked(&mut self, tick: Instant) -> Instant {
        if !std::mem::replace(&mut self.ticked, true) && tick < self.now {
            self.now = tick;
            self.freshness.begun_by(tick);
        }
        self.advance(tick)
    }

    /// A refresh begins.
    pub(crate) fn asked(&mut self, now: Instant) {
        self.asked = self.advance(now);
        self.next = None;
    }

    /// The refresh has ended with an answer.
    pub(crate) fn answered(&mut self, now: Instant, ttl: Option<Duration>, empty: bool) -> Effect {
        let now = self.advance(now);
        self.backoff.reset();
        let effect = self.freshness.answered(now, empty);
        let regular = match self.refresh {
            Refresh::Every(period) => now.checked_add(period),
            Refresh::Ttl { min, max } => now.checked_add(ttl.unwrap_or(min).clamp(min, max)),
            Refresh::On(_) => return effect,
            Refresh::Watch => self.asked.checked_add(WATCH_SPACING).map(|spaced| spaced.max(now)),
        };
        self.next = sooner(regular, self.freshness.empties_at());
        effect
    }

    /// The refresh has failed.
    pub(crate) fn failed(&mut self, now: Instant) {
        let now = self.advance(now);
        self.freshness.failed(now);
        if !self.is_scripted() {
            self.next = now.checked_add(self.backoff.next_delay());
        }
    }

    /// Whether the set may be used.
    pub(crate) fn validity(&mut self, now: Instant) -> Validity {
        let now = self.advance(now);
        self.freshness.validity(now)
    }

    /// Whether it is time to ask.
    pub(crate) fn is_due(&mut self, now: Instant) -> bool {
        let now = self.advance(now);
        self.next.is_some_and(|next| next <= now)
    }

    /// The latest time seen.
    pub(crate) fn now(&self) -> Instant {
        self.now
    }

    /// When the source is asked next. `None`: a refresh is under way, or no moment is known.
    pub(crate) fn next_refresh(&self) -> Option<Instant> {
        self.next
    }

    /// When time alone changes something: a refresh is due, or the set expires. `None`: never.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        if self.is_scripted() {
            return None;
        }
        sooner(self.next, self.ahead(self.freshness.expires_at()))
    }

    /// By when a refresh that waits for news is to return all the same. `None`: it may wait for ever, or does not wait.
    pub(crate) fn answer_by(&self) -> Option<Instant> {
        match self.refresh {
            Refresh::Watch => {
                sooner(self.ahead(self.freshness.expires_at()), self.ahead(self.freshness.empties_at()))
            }
            _ => None,
        }
    }

    /// Whether time passes by ticks alone.
    pub(crate) fn is_scripted(&self) -> bool {
        matches!(self.refresh, Refresh::On(_))
    }

    fn advance(&mut self, now: Instant) -> Instant {
        self.now = self.now.max(now);
        self.now
    }

    fn ahead(&self, moment: Option<Instant>) -> Option<Instant> {
        moment.filter(|moment| *moment > self.now)
    }
}

/// A source that fails is asked no less often than one that answers.
fn longest_pause(refresh: &Refresh) -> Duration {
    match refresh {
        Refresh::Every(period) => *period,
        Refresh::Ttl { max, .. } => *max,
        Refresh::On(_) | Refresh::Watch => Duration::MAX,
    }
}

fn sooner(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests;
