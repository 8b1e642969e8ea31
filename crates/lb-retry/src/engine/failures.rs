use std::time::Instant;

use lb_core::{EndpointId, Tried};

use crate::backoff::Delays;

/// What failed so far in one request, and what that means for the next pick.
#[derive(Debug)]
pub(super) struct Failures {
    /// To be avoided: what has failed since the last wait, and what is paused.
    pub(super) tried: Tried,
    /// What asked not to be tried before a time.
    paused: Vec<(EndpointId, Instant)>,
    /// Since the last wait something has failed that asked for no pause.
    without_pause: bool,
    pub(super) delays: Delays,
    /// The wait before the last attempt has been drawn.
    pub(super) last: bool,
}

impl Failures {
    pub(super) fn new() -> Self {
        let (tried, paused) = (Tried::new(), Vec::new());
        Self { tried, paused, without_pause: false, delays: Delays::new(), last: false }
    }

    /// An attempt at `id` failed; it is not to be tried before `paused_until`.
    pub(super) fn add(&mut self, id: EndpointId, paused_until: Option<Instant>) {
        self.tried.insert(id);
        self.without_pause |= paused_until.is_none();
        self.paused.extend(paused_until.map(|until| (id, until)));
    }

    /// A wait is over: all may be tried again but those that are paused.
    pub(super) fn forget(&mut self, now: Instant) {
        self.paused.retain(|(_, until)| now < *until);
        self.without_pause = false;
        self.tried.clear();
        for (id, _) in &self.paused {
            self.tried.insert(*id);
        }
    }

    /// When the first pause ends. `None`: something that was tried is not paused, and need not wait for that.
    pub(super) fn all_paused_until(&self, now: Instant) -> Option<Instant> {
        let first = self.paused.iter().map(|(_, until)| *until).min();
        first.filter(|until| !self.without_pause && now < *until)
    }
}
