use lb_core::PickRequest;

/// Says what a strategy may know of a request.
///
/// Implemented for closures `Fn(&Req) -> PickRequest`. Implement it where the tried-list does not lie in the request:
///
/// ```
/// use std::sync::{Arc, Mutex};
///
/// use lb_core::{PickRequest, Tried};
/// use lb_tower::ToPickRequest;
///
/// /// The endpoints that any request has failed on.
/// #[derive(Clone, Default)]
/// struct Failed(Arc<Mutex<Tried>>);
///
/// impl<Req> ToPickRequest<Req> for Failed {
///     fn with_pick_request<T>(&self, _: &Req, pick: impl FnOnce(&PickRequest<'_>) -> T) -> T {
///         let failed = self.0.lock().unwrap().clone();
///         pick(&PickRequest::new().with_tried(&failed))
///     }
/// }
/// ```
pub trait ToPickRequest<Req> {
    /// Calls `pick` with what is known of `request`, and returns what it returns. It runs once for each pick.
    fn with_pick_request<T>(&self, request: &Req, pick: impl FnOnce(&PickRequest<'_>) -> T) -> T;
}

impl<Req, F> ToPickRequest<Req> for F
where
    F: for<'a> Fn(&'a Req) -> PickRequest<'a>,
{
    #[inline]
    fn with_pick_request<T>(&self, request: &Req, pick: impl FnOnce(&PickRequest<'_>) -> T) -> T {
        pick(&self(request))
    }
}

/// Nothing is known of any request: no key, nothing tried.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anonymous;

impl<Req> ToPickRequest<Req> for Anonymous {
    #[inline]
    fn with_pick_request<T>(&self, _: &Req, pick: impl FnOnce(&PickRequest<'_>) -> T) -> T {
        pick(&PickRequest::new())
    }
}
