use lb_core::support::failure_on_panic;
use lb_core::{Context, Endpoint, LoadBalancer};

use crate::blocking::{drive, now};
use crate::error::RetryError;
use crate::mode::{Mode, sealed};
use crate::policy::Policy;
use crate::retry::Retry;
use crate::session::{End, Session};

/// The mode of a [`Retry`] that makes its attempts on the caller's thread; see [`Retry::inline`].
///
/// The endpoint gets the deadline in its context and is trusted with it: nothing ends a call that ignores it. Requests may
/// be borrowed; what that asks of a closure is told at [`endpoint_fn`](lb_core::endpoint_fn). Cost when the first attempt
/// succeeds: the pick, the request's copy, one reading of the clock, and no allocation.
#[derive(Clone, Copy, Debug)]
pub struct Inline(pub(crate) ());

impl sealed::Sealed for Inline {}

impl Mode for Inline {}

impl<Req, L, P> Endpoint<Req> for Retry<L, P, Inline>
where
    L: LoadBalancer,
    L::Endpoint: Endpoint<Req>,
    P: Policy<Req, <L::Endpoint as Endpoint<Req>>::Response, <L::Endpoint as Endpoint<Req>>::Error>,
{
    type Response = <L::Endpoint as Endpoint<Req>>::Response;
    type Error = RetryError<<L::Endpoint as Endpoint<Req>>::Error>;

    fn call(&self, ctx: &Context, request: Req) -> Result<Self::Response, Self::Error> {
        let session = Session::new(self, None, ctx, request, now);
        drive(session, ctx, |session, attempt, pick, request| {
            // Not through the pick, which would record an outcome before the policy has its word.
            let call = || L::Endpoint::call(&pick, &attempt.context(ctx), request);
            let result = failure_on_panic(&pick, call);
            session.ended(attempt, &pick, End::Returned(result))
        })
    }
}
