use lb_core::{EndpointSet, Error, Pick, PickRequest, Tried};

/// What a strategy has derived from a set and its next tiers: a table for each tier that has members.
#[derive(Debug)]
pub(crate) struct Tiers<E, T>(Vec<Tier<E, T>>);

/// One tier: the members to pick from, and what the strategy knows of them.
#[derive(Debug)]
pub(crate) struct Tier<E, T> {
    pub(crate) set: EndpointSet<E>,
    pub(crate) table: T,
}

impl<E, T> Tier<E, T> {
    /// The pick at an index that was chosen.
    #[inline]
    pub(crate) fn pick(&self, index: usize) -> Result<Pick<E>, Error> {
        // Made only when it is wanted: an error that is made beforehand has to be dropped, at each pick.
        self.set.pick(index).ok_or_else(|| Error::NoEndpoints)
    }

    /// The same at a time that was read already.
    #[inline]
    pub(crate) fn pick_at(&self, index: usize, nanos: u64) -> Result<Pick<E>, Error> {
        self.set.pick_at(index, nanos).ok_or_else(|| Error::NoEndpoints)
    }
}

impl<E, T> Tiers<E, T> {
    /// `derive` yields the members of a tier, as they are to be picked, and the table.
    pub(crate) fn derive(
        set: &EndpointSet<E>,
        derive: impl FnMut(&EndpointSet<E>) -> (EndpointSet<E>, T),
    ) -> Self {
        let tiers = std::iter::successors(Some(set), |tier| tier.next_tier()).filter(|tier| !tier.is_empty());
        Self(tiers.map(derive).map(|(set, table)| Tier { set, table }).collect())
    }

    /// The first tier.
    pub(crate) fn first(&self) -> Option<&Tier<E, T>> {
        self.0.first()
    }

    /// Where the pick for `request` is: the tier, and the index in it.
    ///
    /// `choose` is asked for an index of the first tier. For a request that has tried endpoints `choose_untried` is asked,
    /// tier by tier, for one of those that its second argument says yes of; when all were tried, `choose` again.
    #[inline]
    pub(crate) fn choose(
        &self,
        request: &PickRequest<'_>,
        choose: impl FnOnce(&Tier<E, T>) -> usize,
        choose_untried: impl FnMut(&Tier<E, T>, &dyn Fn(usize) -> bool) -> Option<usize>,
    ) -> Result<(&Tier<E, T>, usize), Error> {
        let first = self.first().ok_or_else(|| Error::NoEndpoints)?;
        let untried = request.tried().and_then(|tried| self.find_untried(tried, choose_untried));
        Ok(untried.unwrap_or_else(|| (first, choose(first))))
    }

    #[cold]
    fn find_untried(
        &self,
        tried: &Tried,
        mut choose: impl FnMut(&Tier<E, T>, &dyn Fn(usize) -> bool) -> Option<usize>,
    ) -> Option<(&Tier<E, T>, usize)> {
        self.0.iter().find_map(|tier| {
            let is_untried = |index| tier.set.id_at(index).is_some_and(|id| !tried.contains(id));
            choose(tier, &is_untried).map(|index| (tier, index))
        })
    }
}
