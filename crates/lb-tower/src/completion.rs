use http::Response;

use crate::TrackedBody;

/// Says when a response is complete: it holds on to the handle until then.
///
/// The counterpart of tower's trait of that name, without tower's `load`.
/// [`Balance`](crate::Balance) gives it each call's pick and response; a call that fails needs no tracking.
pub trait TrackCompletion<H, Res> {
    /// The response, with the handle where it outlives the head.
    type Output;

    /// Drops `handle` when `response` is complete, or gives it to the response to be dropped then.
    fn track_completion(&self, handle: H, response: Res) -> Self::Output;
}

/// A response is complete when the call's future is ready.
#[derive(Clone, Copy, Debug, Default)]
pub struct CompleteOnResponse;

impl<H, Res> TrackCompletion<H, Res> for CompleteOnResponse {
    type Output = Res;

    #[inline]
    fn track_completion(&self, handle: H, response: Res) -> Res {
        drop(handle);
        response
    }
}

/// An HTTP response is complete when its body has ended, failed, or been dropped.
///
/// The connection of an upgrade (a 101 response, or CONNECT) outlives its body, which is empty, and is not seen here: its
/// pick ends with the head. Where the pick is to last as long as the upgraded connection, implement
/// [`TrackCompletion`] so that it hands the handle out with the response, and have the task that owns the connection hold
/// it.
///
/// ```
/// use std::sync::Arc;
///
/// use http::{Response, StatusCode};
/// use http_body::Body;
/// use lb_tower::{CompleteOnBody, TrackCompletion, TrackedBody};
///
/// /// As `CompleteOnBody`; the pick of an upgrade is found in the response's extensions too, as an `Arc<Pick<_>>`.
/// #[derive(Clone)]
/// struct CompleteOnUpgrade;
///
/// impl<H: Send + Sync + 'static, B: Body> TrackCompletion<H, Response<B>> for CompleteOnUpgrade {
///     type Output = Response<TrackedBody<B, Arc<H>>>;
///
///     fn track_completion(&self, handle: H, mut response: Response<B>) -> Self::Output {
///         let handle = Arc::new(handle);
///         if response.status() == StatusCode::SWITCHING_PROTOCOLS {
///             response.extensions_mut().insert(Arc::clone(&handle));
///         }
///         CompleteOnBody.track_completion(handle, response)
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct CompleteOnBody;

impl<H, B: http_body::Body> TrackCompletion<H, Response<B>> for CompleteOnBody {
    type Output = Response<TrackedBody<B, H>>;

    #[inline]
    fn track_completion(&self, handle: H, response: Response<B>) -> Self::Output {
        response.map(|body| TrackedBody::new(body, handle))
    }
}
