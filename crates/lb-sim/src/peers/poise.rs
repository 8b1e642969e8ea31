use std::any::Any;

use lb_core::{Instance, Outcome, PickRequest};
use poise_core::{Backend, InFlight, Policy};

use crate::foreign::Foreign;
use crate::server::ServerId;

type Candidate = Backend<ServerId, (), InFlight>;

/// A policy of poise-core, and the backends that it chooses from.
pub(super) struct Poise<P> {
    policy: P,
    backends: Vec<Candidate>,
}

impl<P: Policy<Candidate>> Poise<P> {
    pub(super) fn new(policy: P) -> Self {
        Self { policy, backends: Vec::new() }
    }
}

impl<P: Policy<Candidate> + Send> Foreign for Poise<P> {
    fn servers(&mut self, servers: &[(ServerId, Instance)], _now: u64) {
        let before = std::mem::take(&mut self.backends);
        let backend = |id: ServerId| {
            let known = before.iter().find(|backend| *backend.id() == id);
            let load = known.map_or_else(InFlight::new, |backend| backend.load().clone());
            Backend::new(id).with_load(load)
        };
        self.backends = servers.iter().map(|(id, _)| backend(*id)).collect();
    }

    fn pick(&mut self, _: &PickRequest<'_>, _now: u64) -> Option<(ServerId, Box<dyn Any + Send>)> {
        let picked = self.policy.pick(&self.backends, &()).ok()?;
        let backend = &self.backends[picked.index()];
        Some((*backend.id(), Box::new(backend.load().start().ok()?)))
    }

    fn ended(&mut self, guard: Box<dyn Any + Send>, _: Outcome, _now: u64) {
        drop(guard);
    }
}
