use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

pin_project! {
    /// A body that holds a handle until it has ended, failed, or been dropped; see
    /// [`CompleteOnBody`](crate::CompleteOnBody).
    pub struct TrackedBody<B, H> {
        #[pin]
        body: B,
        handle: Option<H>,
    }
}

impl<B: Body, H> TrackedBody<B, H> {
    pub(crate) fn new(body: B, handle: H) -> Self {
        let handle = (!body.is_end_stream()).then_some(handle);
        Self { body, handle }
    }
}

impl<B: Body, H> Body for TrackedBody<B, H> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let frame = ready!(this.body.as_mut().poll_frame(cx));
        // Who sees from `is_end_stream` that this was the last frame will not ask for the end.
        if !matches!(frame, Some(Ok(_))) || this.body.is_end_stream() {
            *this.handle = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B: fmt::Debug, H> fmt::Debug for TrackedBody<B, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrackedBody").field("body", &self.body).finish_non_exhaustive()
    }
}
