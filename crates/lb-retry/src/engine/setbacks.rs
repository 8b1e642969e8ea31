use std::time::Instant;

use lb_core::{EndpointId, Tried};

use crate::backoff::Delays;

/// What failed so far in one request, and what that means for the next pick.
#[derive(Debug)]
pub(super) struct Setbacks {
    /// To be avoided: those of this round, and those that are paused.
    pub(super) tried: Tried,
    /// Those that were tried since the last wait.
    pub(super) round: Vec<EndpointId>,
    /// Those that asked not to be tried before a time.
    pub(super) paused: Vec<(EndpointId, Instant)>,
    pub(super) delays: Delays,
    /// The wait before the last attempt has been drawn.
    pub(super) last: bool,
    /// A wait has just ended: an endpoint that was tried before is taken.
    pub(super) rested: bool,
}

impl Setbacks {
    pub(super) fn new() -> Self {
        let (tried, round, paused) = (Tried::new(), Vec::new(), Vec::new());
        Self { tried, round, paused, delays: Delays::new(), last: false, rested: false }
    }

    /// All may be tried again but those that are paused.
    pub(super) fn begin_round(&mut self, now: Instant) {
        self.paused.retain(|(_, until)| now < *until);
        self.tried.clear();
        self.round.clear();
        for (id, _) in &self.paused {
            self.tried.insert(*id);
            self.round.push(*id);
        }
    }

    pub(super) fn pause_of(&self, id: EndpointId) -> Option<Instant> {
        self.paused.iter().rev().find(|(paused, _)| *paused == id).map(|(_, until)| *until)
    }

    /// When the first pause ends. `None`: something that was tried is not paused, and need not wait for that.
    pub(super) fn all_paused_until(&self, now: Instant) -> Option<Instant> {
        let is_paused = |id: &EndpointId| self.pause_of(*id).is_some_and(|until| now < until);
        let first = self.paused.iter().map(|(_, until)| *until).filter(|until| now < *until).min();
        first.filter(|_| self.round.iter().all(is_paused))
    }
}
