use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::freshness::{Effect, Found, Freshness, Validity};
use crate::settings::{Refresh, Settings};

/// The shortest time from one question to the next of a source that is to wait for news by itself.
const WATCH_SPACING: Duration = Duration::from_millis(10);

/// How many times the last backoff a watch has to live for the next backoff to begin anew.
const CALM: u32 = 4;

/// Decides when to ask, and what the outcome does to the set: a pure function of events, their times and a seed.
///
/// A time earlier than one seen before counts as that one.
#[derive(Debug)]
pub(crate) struct Schedule {
    refresh: Refresh,
    min_interval: Option<Duration>,
    jitter_percent: u8,
    rng: StdRng,
    backoff: Backoff,
    freshness: Freshness,
    now: Instant,
    /// When the latest refresh began.
    asked: Instant,
    /// `None`: a refresh is under way, or only a tick or a user causes the next one.
    next: Option<Instant>,
    /// Whether a tick has come.
    ticked: bool,
    /// Whether the source waits for news by itself.
    watching: bool,
    /// When the first answer since the last failure came.
    calm_since: Option<Instant>,
}

impl Schedule {
    pub(crate) fn new(settings: &Settings, mut rng: StdRng, now: Instant) -> Self {
        let cap = longest_pause(&settings.refresh);
        Self {
            refresh: settings.refresh.clone(),
            min_interval: settings.min_interval,
            jitter_percent: settings.jitter_percent,
            rng: StdRng::from_rng(&mut rng),
            backoff: Backoff::new(settings.backoff_min.min(cap), settings.backoff_max.min(cap), rng),
            freshness: Freshness::new(settings),
            now,
            asked: now,
            next: None,
            ticked: false,
            watching: matches!(settings.refresh, Refresh::Watch),
            calm_since: None,
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

    /// Whether the source says that it watches.
    pub(crate) fn source_watches(&mut self, watches: bool) {
        self.watching = matches!(self.refresh, Refresh::Watch) || (watches && !self.is_scripted());
    }

    /// Somebody asks for a refresh: returns whether it begins now, and if not, plans it.
    pub(crate) fn wanted(&mut self, now: Instant) -> bool {
        let now = self.advance(now);
        if self.is_scripted() {
            return true;
        }
        self.next = self.spaced(now);
        self.is_due(now)
    }

    /// A refresh begins.
    pub(crate) fn asked(&mut self, now: Instant) {
        self.asked = self.advance(now);
        self.next = None;
    }

    /// The refresh has ended with an answer.
    pub(crate) fn answered(&mut self, now: Instant, ttl: Option<Duration>, found: Found) -> Effect {
        let now = self.advance(now);
        let effect = self.freshness.answered(now, found);
        if effect == Effect::Refuse {
            self.back_off(now);
            return effect;
        }
        self.calm_since.get_or_insert(now);
        if !self.watching {
            self.backoff.reset();
        }
        if !self.is_scripted() {
            let regular = now.checked_add(self.pause(ttl));
            self.next = sooner(regular, self.freshness.yields_at()).and_then(|next| self.spaced(next));
        }
        effect
    }

    /// The refresh has failed.
    pub(crate) fn failed(&mut self, now: Instant) {
        let now = self.advance(now);
        self.freshness.failed(now);
        self.back_off(now);
    }

    fn back_off(&mut self, now: Instant) {
        let calm = self.calm_since.take().map(|since| now.duration_since(since));
        if calm.is_some_and(|calm| calm >= self.backoff.last_delay().saturating_mul(CALM)) {
            self.backoff.reset();
        }
        if !self.is_scripted() {
            let next = now.checked_add(self.backoff.next_delay());
            self.next = next.and_then(|next| self.spaced(next));
        }
    }

    /// The pause after an answer, jittered.
    fn pause(&mut self, ttl: Option<Duration>) -> Duration {
        if self.watching {
            return Duration::ZERO;
        }
        let part = |of: Duration| of / 100 * u32::from(self.jitter_percent);
        let (low, high) = match self.refresh {
            Refresh::Every(period) => {
                (period.saturating_sub(part(period)), period.saturating_add(part(period)))
            }
            Refresh::Ttl { min, max } => match ttl {
                Some(ttl) if ttl >= min => {
                    let ttl = ttl.min(max);
                    (ttl.saturating_sub(part(ttl)).max(min), ttl)
                }
                _ => (min, min.saturating_add(part(min)).min(max)),
            },
            Refresh::On(_) | Refresh::Watch => return Duration::ZERO,
        };
        self.rng.random_range(low..=high).max(Duration::from_nanos(1))
    }

    /// That moment, or the first one at which the source may be asked again. `None`: never.
    fn spaced(&self, moment: Instant) -> Option<Instant> {
        let none = if self.watching { WATCH_SPACING } else { Duration::ZERO };
        Some(self.asked.checked_add(self.min_interval.unwrap_or(none))?.max(moment))
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
        if !self.watching {
            return None;
        }
        sooner(self.ahead(self.freshness.expires_at()), self.ahead(self.freshness.yields_at()))
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

/// Delays after failures: exponential, with equal jitter (half of the delay is fixed, half is drawn), so that the
/// publishers of a fleet that failed together do not come back together, and none comes back at once.
///
/// "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
#[derive(Debug)]
struct Backoff {
    min: Duration,
    max: Duration,
    ceiling: Duration,
    last: Duration,
    rng: StdRng,
}

impl Backoff {
    /// Between `min`, more than zero, and `max`; the drawn half may halve `min`.
    fn new(min: Duration, max: Duration, rng: StdRng) -> Self {
        Self { min, max, ceiling: min, last: Duration::ZERO, rng }
    }

    /// The delay after one more failure: never zero, never more than `max`.
    fn next_delay(&mut self) -> Duration {
        let ceiling = self.ceiling;
        self.ceiling = ceiling.saturating_mul(2).min(self.max);
        let floor = (ceiling / 2).max(Duration::from_nanos(1));
        self.last = self.rng.random_range(floor..=ceiling);
        self.last
    }

    /// The delay that was given out last; zero before the first.
    fn last_delay(&self) -> Duration {
        self.last
    }

    /// Begins anew, after a success.
    fn reset(&mut self) {
        self.ceiling = self.min;
    }
}

#[cfg(test)]
mod tests;
