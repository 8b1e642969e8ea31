//! Where requests come from.

use super::World;
use crate::clients::Arrivals;
use crate::events::Event;
use crate::time::{index, whole};

impl World<'_> {
    pub(super) fn begin_traffic(&mut self) {
        match self.scenario.clients.arrivals {
            Arrivals::Closed { users, .. } => {
                for client in 0..index(self.clients.len()) {
                    (0..users).for_each(|_| self.thinks(client));
                }
            }
            _ => self.schedule_arrival(),
        }
    }

    /// The next request of an open loop: of any client, one as likely as another. So each client's requests are a Poisson
    /// process too.
    pub(super) fn arrives(&mut self) {
        let client = self.draws.arrivals.below(self.clients.len() as u64);
        self.schedule_arrival();
        self.request(u32::try_from(client).unwrap_or_default());
    }

    /// A user thinks before his next request. In an open loop nobody waits for an answer.
    pub(super) fn thinks(&mut self, client: u32) {
        if let Arrivals::Closed { think, .. } = &self.scenario.clients.arrivals {
            let after = whole(think.draw(&mut self.draws.thinking));
            self.events.at(self.now + after, Event::Thought { client });
        }
    }

    fn schedule_arrival(&mut self) {
        if let Some(spacing) = self.spacing {
            let after = whole(spacing * self.draws.arrivals.exponential());
            self.events.at(self.now + after, Event::Arrives);
        }
    }
}
