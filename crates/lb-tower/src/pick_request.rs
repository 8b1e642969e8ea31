use lb_core::PickRequest;

/// Says what a strategy may know of a request.
///
/// Implemented for closures `Fn(&Req) -> PickRequest`. Implement it where the tried-list is not lying in the request
/// ready-made, as with the addresses that a retry layer has collected from [`BalanceError`](crate::BalanceError)s:
///
/// ```
/// use lb_core::PickRequest;
/// use lb_tower::ToPickRequest;
///
/// struct Get { path: String, tried: Vec<String> }
///
/// #[derive(Clone)]
/// struct AvoidTried;
///
/// impl ToPickRequest<Get> for AvoidTried {
///     fn with_pick_request<T>(&self, get: &Get, pick: impl FnOnce(&PickRequest<'_>) -> T) -> T {
///         let tried: Vec<&str> = get.tried.iter().map(String::as_str).collect();
///         pick(&PickRequest::new().with_tried(&tried))
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
