use std::any::Any;

use lb_core::{Instance, Outcome, PickRequest};

use crate::server::ServerId;

/// A balancer that is no [`LoadBalancer`](lb_core::LoadBalancer), to be compared with those that are.
pub trait Foreign: Send {
    /// The client knows of these servers now, in the order of their ids. Called once before the first pick.
    fn servers(&mut self, servers: &[(ServerId, Instance)], now: u64);

    /// Picks one at `now`, in nanoseconds of the simulation, and something to be given back when the request has ended.
    /// `None`: there is none.
    fn pick(&mut self, request: &PickRequest<'_>, now: u64) -> Option<(ServerId, Box<dyn Any + Send>)>;

    /// The request has ended.
    fn ended(&mut self, token: Box<dyn Any + Send>, outcome: Outcome, now: u64);
}
