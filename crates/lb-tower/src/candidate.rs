use std::task::{Context, Poll, Waker};

use lb_core::{BoxError, EndpointId, Outcome, Pick};
use tower::Service;

use crate::BalanceError;

/// A pick that may be called, with the clone of its service that will be.
pub(crate) struct Candidate<S> {
    service: S,
    pick: Pick<S>,
}

impl<S> Candidate<S> {
    #[inline]
    pub(crate) fn new(pick: Pick<S>) -> Self
    where
        S: Clone,
    {
        Self { service: S::clone(&pick), pick }
    }

    pub(crate) fn id(&self) -> EndpointId {
        self.pick.id()
    }

    /// Says how it went without a call.
    pub(crate) fn record(&self, outcome: Outcome) {
        self.pick.record(outcome);
    }

    /// Whether it is ready now. Nobody is woken later: who waits for it has to poll it.
    #[inline]
    pub(crate) fn is_ready<Req>(&mut self) -> Result<bool, BalanceError>
    where
        S: Service<Req, Error: Into<BoxError>>,
    {
        Ok(self.poll_ready(&mut Context::from_waker(Waker::noop()))?.is_ready())
    }

    #[inline]
    pub(crate) fn poll_ready<Req>(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BalanceError>>
    where
        S: Service<Req, Error: Into<BoxError>>,
    {
        let not_ready = |error: S::Error| BalanceError::NotReady {
            id: self.pick.id(),
            address: self.pick.shared_address(),
            source: error.into(),
        };
        self.service.poll_ready(cx).map_err(not_ready)
    }

    /// Calls it, which is allowed once it is ready. The pick is to be held until the response is complete.
    #[inline]
    pub(crate) fn call<Req>(mut self, request: Req) -> (S::Future, Pick<S>)
    where
        S: Service<Req>,
    {
        (self.service.call(request), self.pick)
    }
}
