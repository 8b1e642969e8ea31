use lb_core::{Endpoints, Error, Pick, PickRequest};

/// Picks at the index below `len` that `draw(len)` yields, and draws again for a request that has tried that address.
///
/// Drawing again keeps a strategy's distribution; taking the neighbour instead would double the load on the successor of
/// a dead endpoint.
#[inline]
pub(crate) fn pick<E>(
    endpoints: &Endpoints<E>,
    request: &PickRequest<'_>,
    mut draw: impl FnMut(usize) -> usize,
) -> Result<Pick<E>, Error> {
    if endpoints.is_empty() {
        return Err(Error::NoEndpoints);
    }
    let mut index = draw(endpoints.len());
    if !request.tried().is_empty() {
        index = draw_untried(endpoints, request, index, draw);
    }
    endpoints.pick(index).ok_or(Error::NoEndpoints)
}

/// The first untried of `first` and further draws; `first` when all are tried.
#[cold]
fn draw_untried<E>(
    endpoints: &Endpoints<E>,
    request: &PickRequest<'_>,
    first: usize,
    mut draw: impl FnMut(usize) -> usize,
) -> usize {
    let is_untried = |index: &usize| {
        endpoints.instance(*index).is_some_and(|instance| !request.is_tried(instance.address()))
    };
    if is_untried(&first) {
        return first;
    }
    let len = endpoints.len();
    let untried = (0..len).filter(is_untried).count();
    if untried == 0 {
        return first;
    }
    // Two rounds find one, unless chance or other threads will have it otherwise; then one of the untried by its rank.
    let drawn = (0..2 * len).map(|_| draw(len)).find(is_untried);
    drawn.or_else(|| (0..len).filter(is_untried).nth(draw(untried))).unwrap_or(first)
}
