use std::any::Any;

use lb_core::{EndpointId, EndpointSet, Error, Instance, Outcome, Pick, PickRequest, Reported};

use crate::server::ServerId;
use crate::strategy::Balancer;
use crate::view::{View, server_of};

/// A client's balancer at work.
pub(crate) struct Client(Balancer);

/// What a client holds while a request is under way.
pub(crate) enum Held {
    Own(Pick<ServerId>),
    Foreign(Box<dyn Any + Send>),
}

/// What was picked.
pub(crate) struct Picked {
    pub(crate) server: u32,
    pub(crate) id: EndpointId,
    pub(crate) held: Held,
}

impl Client {
    pub(crate) fn new(balancer: Balancer) -> Self {
        Self(balancer)
    }

    /// Its view has changed. A balancer of this project has been told by its publisher.
    pub(crate) fn discovered(&mut self, view: &View, instances: &[Instance], now: u64) {
        if let Balancer::Foreign(foreign) = &mut self.0 {
            let servers = view.servers(instances);
            let servers: Vec<_> =
                servers.filter_map(|instance| Some((server_of(instance)?, instance.clone()))).collect();
            foreign.servers(&servers, now);
        }
    }

    /// `all` names the servers for a balancer that has no ids for them.
    pub(crate) fn pick(
        &mut self,
        request: &PickRequest<'_>,
        all: &EndpointSet<()>,
        now: u64,
    ) -> Result<Picked, Error> {
        match &mut self.0 {
            Balancer::Own(balancer) => {
                let pick = balancer.pick(request)?;
                Ok(Picked { server: pick.0, id: pick.id(), held: Held::Own(pick) })
            }
            Balancer::Foreign(foreign) => {
                let (server, token) = foreign.pick(request, now).ok_or(Error::NoEndpoints)?;
                let id = all.id_at(server.index()).ok_or(Error::NoEndpoints)?;
                Ok(Picked { server: server.0, id, held: Held::Foreign(token) })
            }
        }
    }

    pub(crate) fn ended(&mut self, held: Held, outcome: Outcome, report: Option<&Reported>, now: u64) {
        match (held, &mut self.0) {
            (Held::Own(pick), _) => {
                if let Some(report) = report {
                    pick.report(report);
                }
                pick.record(outcome);
            }
            (Held::Foreign(token), Balancer::Foreign(foreign)) => foreign.ended(token, outcome, now),
            (Held::Foreign(_), Balancer::Own(_)) => {}
        }
    }
}
