use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lb_core::support::failure_on_panic;
use lb_core::{BoxError, Outcome, Pick};
use pin_project_lite::pin_project;
use tower::Service;

use crate::candidate::Candidate;
use crate::{BalanceError, Classify};

pin_project! {
    /// Where one call stands. Each state is left once; a call that is polled after its end stays pending.
    #[project = StateProjection]
    pub(crate) enum State<S, Req>
    where
        S: Service<Req>,
    {
        /// The request was sent.
        Calling {
            #[pin]
            future: S::Future,
            pick: Option<Pick<S>>,
        },
        /// None of the candidates, of which there is one at least, was ready for it.
        Waiting {
            candidates: Vec<Candidate<S>>,
            request: Option<Req>,
        },
        /// It was not sent.
        Failed {
            error: Option<BalanceError>,
        },
    }
}

/// A response, with the pick that is to be held until it is complete.
type Called<S, Req> = Result<(<S as Service<Req>>::Response, Pick<S>), BalanceError>;

impl<S, Req> State<S, Req>
where
    S: Service<Req, Error: Into<BoxError>>,
{
    #[inline]
    pub(crate) fn calling(candidate: Candidate<S>, request: Req) -> Self {
        let (future, pick) = candidate.call(request);
        Self::Calling { future, pick: Some(pick) }
    }

    pub(crate) fn waiting(candidates: Vec<Candidate<S>>, request: Req) -> Self {
        Self::Waiting { candidates, request: Some(request) }
    }

    #[cold]
    pub(crate) fn failed(error: BalanceError) -> Self {
        Self::Failed { error: Some(error) }
    }

    #[inline]
    pub(crate) fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        classify: &impl Classify<S::Response, S::Error>,
    ) -> Poll<Called<S, Req>> {
        loop {
            let next = match self.as_mut().project() {
                StateProjection::Calling { future, pick } => {
                    let Some(held) = pick.as_ref() else { return Poll::Pending };
                    let result = ready!(failure_on_panic(held, || future.poll(cx)));
                    let Some(pick) = pick.take() else { return Poll::Pending };
                    if pick.is_observed() {
                        pick.record(classify.outcome(result.as_ref()));
                        if let Some(report) =
                            result.as_ref().ok().and_then(|response| classify.report(response))
                        {
                            pick.report(&report);
                        }
                    }
                    return Poll::Ready(match result {
                        Ok(response) => Ok((response, pick)),
                        Err(error) => Err(call_failed(&pick, error)),
                    });
                }
                StateProjection::Waiting { candidates, request } => {
                    let ready = ready!(poll_first_ready(candidates, cx));
                    let Some(request) = request.take() else { return Poll::Pending };
                    match ready {
                        Ok(index) => Self::calling(candidates.swap_remove(index), request),
                        Err(error) => Self::failed(error),
                    }
                }
                StateProjection::Failed { error } => {
                    return error.take().map_or(Poll::Pending, |error| Poll::Ready(Err(error)));
                }
            };
            self.set(next);
        }
    }
}

/// The index of the first candidate that is ready; those before it will wake the task. One that fails is left out, and its
/// failure is the call's when it was the last.
fn poll_first_ready<S, Req>(
    candidates: &mut Vec<Candidate<S>>,
    cx: &mut Context<'_>,
) -> Poll<Result<usize, BalanceError>>
where
    S: Service<Req, Error: Into<BoxError>>,
{
    let mut index = 0;
    while let Some(candidate) = candidates.get_mut(index) {
        match candidate.poll_ready(cx) {
            Poll::Ready(Ok(())) => return Poll::Ready(Ok(index)),
            Poll::Ready(Err(error)) => {
                candidate.record(Outcome::Failure);
                drop(candidates.remove(index));
                if candidates.is_empty() {
                    return Poll::Ready(Err(error));
                }
            }
            Poll::Pending => index += 1,
        }
    }
    Poll::Pending
}

#[cold]
fn call_failed<S>(pick: &Pick<S>, error: impl Into<BoxError>) -> BalanceError {
    BalanceError::Call { id: pick.id(), address: pick.shared_address(), source: error.into() }
}
