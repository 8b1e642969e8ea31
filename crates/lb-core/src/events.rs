/// Is told what load balancing does, and why: for logs, metrics and pages of one's own.
///
/// Every method does nothing by default, and more will come. They run on the thread on which the thing happens, so they
/// should be short. Nothing is done for them where nobody listens.
pub trait Events: Send + Sync {
    /// Another tier is picked from, or marks are no longer, or again, honoured.
    fn tier_chosen(&self, event: &TierChosen<'_>) {
        let _ = event;
    }
}

/// See [`Events::tier_chosen`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TierChosen<'a> {
    /// The name of the service, where it has one.
    pub service: Option<&'a str>,
    /// What was chosen.
    pub choice: crate::TierChoice,
}

impl<'a> TierChosen<'a> {
    /// That `choice` was made for `service`.
    pub fn new(service: Option<&'a str>, choice: crate::TierChoice) -> Self {
        Self { service, choice }
    }
}
