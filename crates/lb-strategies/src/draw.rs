use lb_core::{EndpointSet, Error, Pick, PickRequest, Tried};

/// Picks at the index below `len` that `draw(len)` yields, and draws again for a request that has tried that endpoint; once
/// all of a tier were tried, from the next tier.
///
/// Drawing again keeps a strategy's distribution; taking the neighbour instead would double the load on the successor of
/// a dead endpoint.
#[inline]
pub(crate) fn pick<E>(
    set: &EndpointSet<E>,
    request: &PickRequest<'_>,
    mut draw: impl FnMut(usize) -> usize,
) -> Result<Pick<E>, Error> {
    match request.tried() {
        // Made only when it is wanted: an error that is made beforehand has to be dropped, at each pick.
        None if !set.is_empty() => set.pick(draw(set.len())).ok_or_else(|| Error::NoEndpoints),
        tried => pick_untried(set, tried, draw),
    }
}

/// From the first tier that has an untried endpoint; from the first that has any when all were tried.
#[cold]
fn pick_untried<E>(
    set: &EndpointSet<E>,
    tried: Option<&Tried>,
    mut draw: impl FnMut(usize) -> usize,
) -> Result<Pick<E>, Error> {
    let tiers = || std::iter::successors(Some(set), |tier| tier.next_tier()).filter(|tier| !tier.is_empty());
    for tier in tiers() {
        if let Some(index) = draw_untried(tier, tried, &mut draw) {
            return tier.pick(index).ok_or(Error::NoEndpoints);
        }
    }
    let first = tiers().next().ok_or(Error::NoEndpoints)?;
    first.pick(draw(first.len())).ok_or(Error::NoEndpoints)
}

/// The first draw that was not tried. `None`: all were.
fn draw_untried<E>(
    set: &EndpointSet<E>,
    tried: Option<&Tried>,
    mut draw: impl FnMut(usize) -> usize,
) -> Option<usize> {
    let is_untried =
        |index: &usize| set.id_at(*index).is_some_and(|id| !tried.is_some_and(|tried| tried.contains(id)));
    let len = set.len();
    let untried = (0..len).filter(is_untried).count();
    if untried == 0 {
        return None;
    }
    // Two rounds find one, unless chance or other threads will have it otherwise; then one of the untried by its rank.
    let drawn = (0..2 * len).map(|_| draw(len)).find(is_untried);
    drawn.or_else(|| (0..len).filter(is_untried).nth(draw(untried)))
}
