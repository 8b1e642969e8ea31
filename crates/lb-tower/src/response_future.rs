use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lb_core::{BoxError, Pick};
use pin_project_lite::pin_project;
use tower::Service;

use crate::state::State;
use crate::{BalanceError, Classify, TrackCompletion};

pin_project! {
    /// The response of one call through [`Balance`](crate::Balance). Dropping it cancels the call and ends its pick.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S, Req, C, K>
    where
        S: Service<Req>,
    {
        #[pin]
        state: State<S, Req>,
        completion: C,
        classify: K,
    }
}

impl<S, Req, C, K> ResponseFuture<S, Req, C, K>
where
    S: Service<Req>,
{
    #[inline]
    pub(crate) fn new(state: State<S, Req>, completion: C, classify: K) -> Self {
        Self { state, completion, classify }
    }
}

impl<S, Req, C, K> Future for ResponseFuture<S, Req, C, K>
where
    S: Service<Req, Error: Into<BoxError>>,
    C: TrackCompletion<Pick<S>, S::Response>,
    K: Classify<S::Response, S::Error>,
{
    type Output = Result<C::Output, BalanceError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (response, pick) = ready!(this.state.poll(cx, this.classify))?;
        Poll::Ready(Ok(this.completion.track_completion(pick, response)))
    }
}

impl<S: Service<Req>, Req, C, K> fmt::Debug for ResponseFuture<S, Req, C, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
