use std::time::{Duration, Instant};

use crate::settings::{OnEmpty, OnShrink, Settings};

/// What an answer does to the published set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It becomes the set.
    Replace,
    /// It had no records, or far too few, and the last set stays.
    Keep,
    /// It had no records, and there is nothing to keep: a failure.
    Refuse,
    /// It had no records, and the set is emptied.
    Clear,
}

/// Whether the published set may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Validity {
    /// There has been no answer yet.
    Unknown,
    /// Yes.
    Good,
    /// No: discovery has been failing for too long.
    Expired,
}

/// How good the published set still is: a pure function of answers, failures and time.
#[derive(Debug)]
pub(crate) struct Freshness {
    on_empty: OnEmpty,
    on_shrink: OnShrink,
    expire_after: Option<Duration>,
    answered: bool,
    /// How many instances the published set has.
    instances: usize,
    /// When the first failure since the last answer came.
    failing_since: Option<Instant>,
    /// When the first answer of an unbroken row of answers without records came.
    empty_since: Option<Instant>,
    /// When the first answer of an unbroken row of answers with too few instances came.
    shrunk_since: Option<Instant>,
}

/// What counts in an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// How many different instances it has.
    pub(crate) instances: usize,
    /// Whether it is meant when there are none.
    pub(crate) definite: bool,
}

impl Freshness {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            on_empty: settings.on_empty,
            on_shrink: settings.on_shrink,
            expire_after: settings.expire_after,
            answered: false,
            instances: 0,
            failing_since: None,
            empty_since: None,
            shrunk_since: None,
        }
    }

    /// What has been so far began no later than this.
    pub(crate) fn begun_by(&mut self, moment: Instant) {
        for since in [&mut self.failing_since, &mut self.empty_since, &mut self.shrunk_since] {
            *since = since.map(|since| since.min(moment));
        }
    }

    pub(crate) fn answered(&mut self, now: Instant, found: Found) -> Effect {
        let effect = self.effect(now, found);
        match effect {
            Effect::Refuse => {
                self.failed(now);
                return effect;
            }
            Effect::Replace | Effect::Clear => self.instances = found.instances,
            Effect::Keep => {}
        }
        self.answered = true;
        self.failing_since = None;
        effect
    }

    fn effect(&mut self, now: Instant, found: Found) -> Effect {
        if found.instances > 0 {
            self.empty_since = None;
            return self.effect_of_size(now, found.instances);
        }
        if found.definite {
            (self.empty_since, self.shrunk_since) = (None, None);
            return Effect::Clear;
        }
        if !self.answered && self.on_empty == OnEmpty::KeepLast {
            return Effect::Refuse;
        }
        let since = *self.empty_since.get_or_insert(now);
        let keep = self.instances > 0
            && match self.on_empty {
                OnEmpty::KeepLast => true,
                OnEmpty::Empty => false,
                OnEmpty::EmptyAfter(after) => now.duration_since(since) < after,
            };
        if keep { Effect::Keep } else { Effect::Clear }
    }

    fn effect_of_size(&mut self, now: Instant, instances: usize) -> Effect {
        if let OnShrink::Hold { below_percent, for_up_to } = self.on_shrink {
            let too_few = instances.saturating_mul(100) < self.instances.saturating_mul(below_percent.into());
            if too_few && now.duration_since(*self.shrunk_since.get_or_insert(now)) < for_up_to {
                return Effect::Keep;
            }
        }
        self.shrunk_since = None;
        Effect::Replace
    }

    pub(crate) fn failed(&mut self, now: Instant) {
        self.failing_since.get_or_insert(now);
    }

    pub(crate) fn validity(&self, now: Instant) -> Validity {
        if self.expires_at().is_some_and(|moment| now >= moment) {
            Validity::Expired
        } else if self.answered {
            Validity::Good
        } else {
            Validity::Unknown
        }
    }

    /// The first moment at which discovery has been failing for too long. `None`: it is not failing, or there is no such
    /// moment.
    pub(crate) fn expires_at(&self) -> Option<Instant> {
        let limit = self.failing_since?.checked_add(self.expire_after?)?;
        limit.checked_add(Duration::from_nanos(1))
    }

    /// The first moment at which an answer that does not replace the set now would do so.
    pub(crate) fn yields_at(&self) -> Option<Instant> {
        let empties = match self.on_empty {
            OnEmpty::EmptyAfter(after) if self.instances > 0 => {
                self.empty_since.and_then(|since| since.checked_add(after))
            }
            _ => None,
        };
        let shrinks = match self.on_shrink {
            OnShrink::Hold { for_up_to, .. } => {
                self.shrunk_since.and_then(|since| since.checked_add(for_up_to))
            }
            OnShrink::Follow => None,
        };
        // An answer belongs to the row of those without records or to that of those with too few.
        empties.or(shrinks)
    }
}
