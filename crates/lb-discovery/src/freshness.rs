use std::time::{Duration, Instant};

use crate::settings::{OnEmpty, Settings};

/// What an answer does to the published set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It becomes the set.
    Replace,
    /// It had no records, and the last set stays.
    Keep,
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
    expire_after: Option<Duration>,
    answered: bool,
    /// Whether the published set has records.
    holds: bool,
    /// When the first failure since the last answer came.
    failing_since: Option<Instant>,
    /// When the first answer of an unbroken row of answers without records came.
    empty_since: Option<Instant>,
}

impl Freshness {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            on_empty: settings.on_empty,
            expire_after: settings.expire_after,
            answered: false,
            holds: false,
            failing_since: None,
            empty_since: None,
        }
    }

    /// What has been so far began no later than this.
    pub(crate) fn begun_by(&mut self, moment: Instant) {
        for since in [&mut self.failing_since, &mut self.empty_since] {
            *since = since.map(|since| since.min(moment));
        }
    }

    pub(crate) fn answered(&mut self, now: Instant, empty: bool) -> Effect {
        self.answered = true;
        self.failing_since = None;
        if !empty {
            self.empty_since = None;
            self.holds = true;
            return Effect::Replace;
        }
        let since = *self.empty_since.get_or_insert(now);
        let keep = self.holds
            && match self.on_empty {
                OnEmpty::KeepLast => true,
                OnEmpty::Empty => false,
                OnEmpty::EmptyAfter(after) => now.duration_since(since) < after,
            };
        if keep {
            return Effect::Keep;
        }
        self.holds = false;
        Effect::Clear
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

    /// The first moment at which an answer without records empties a set that it would not empty now.
    pub(crate) fn empties_at(&self) -> Option<Instant> {
        match self.on_empty {
            OnEmpty::EmptyAfter(after) if self.holds => self.empty_since?.checked_add(after),
            _ => None,
        }
    }
}
