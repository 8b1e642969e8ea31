use std::sync::Arc;
use std::time::Duration;

use lb_core::{BoxError, Context, Instance};

/// Where instances come from: DNS, a registry, a file; the one thing that differs from publisher to publisher.
///
/// A source is called on its publisher's one thread only, and dropped there. It may block, and it may be made on any
/// thread, so whatever must not be made or dropped inside an async runtime (a runtime of its own, say) is made in the
/// first `fetch`. Also implemented for closures `FnMut(&Context) -> Result<Answer, BoxError>`, which have to name their
/// argument's type, `|_: &Context|`: else the compiler finds them "not general enough".
pub trait Source: Send + 'static {
    /// Asks once, and returns every instance there is now.
    ///
    /// It bounds itself: what hangs is not noticed before it returns, or before the publisher is stopped. It returns
    /// promptly once [`ctx.cancelled()`](Context::cancelled) disconnects; a source that does not is left behind, and
    /// ends with its fetch.
    ///
    /// A source that *watches* ([`Refresh::Watch`](crate::Refresh::Watch)) answers at once when it is first asked and
    /// after each of its failures; otherwise it blocks until there is news. When `ctx` has a
    /// [`deadline`](Context::deadline), it gives its last answer again by then, so that
    /// [`expire_after`](crate::DiscoveryBuilder::expire_after) and
    /// [`OnEmpty::EmptyAfter`](crate::OnEmpty::EmptyAfter) are judged in time.
    ///
    /// # Errors
    ///
    /// The last good set stays, and the source is asked again after a backoff. A panic counts as an error.
    fn fetch(&mut self, ctx: &Context) -> Result<Answer, BoxError>;

    /// Whether `fetch` waits for news by itself, so that it is asked again at once whatever
    /// [`Refresh`](crate::Refresh) says, ticks aside. Asked before each `fetch`. The default is `false`.
    fn watches(&self) -> bool {
        false
    }

    /// Called before a `fetch` that a user asked for with
    /// [`refresh_now`](crate::DiscoveryPublisher::refresh_now): forget what was remembered of earlier answers, and ask
    /// anew. The default does nothing.
    fn forget(&mut self) {}
}

impl<F> Source for F
where
    F: FnMut(&Context) -> Result<Answer, BoxError> + Send + 'static,
{
    fn fetch(&mut self, ctx: &Context) -> Result<Answer, BoxError> {
        self(ctx)
    }
}

/// What a [`Source`] found: every instance there is.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub(crate) instances: Vec<Instance>,
    pub(crate) ttl: Option<Duration>,
    pub(crate) skipped: u64,
    /// Whether it is meant when there are no instances.
    pub(crate) definite: bool,
    /// Whether it repeats the answer before.
    pub(crate) unchanged: bool,
    /// Why there are no instances.
    pub(crate) reason: Option<Arc<str>>,
}

impl Answer {
    /// An answer of these instances. None at all is an authoritative "there are no instances"; see
    /// [`OnEmpty`](crate::OnEmpty).
    pub fn new(instances: Vec<Instance>) -> Self {
        Self { instances, ..Self::default() }
    }

    /// The definite statement that there is no such service, as SRV's target `"."` makes it: the set is emptied, whatever
    /// [`OnEmpty`](crate::OnEmpty) says of answers that just have no instances.
    pub fn no_service() -> Self {
        Self { definite: true, ..Self::default() }
    }

    /// The same instances as in the answer before, for a source that can tell without fetching them all. As the first
    /// answer it is a failure.
    pub fn unchanged() -> Self {
        Self { unchanged: true, ..Self::default() }
    }

    /// The instances, in the order in which they were given; none for [`unchanged`](Self::unchanged).
    pub fn instances(&self) -> &[Instance] {
        &self.instances
    }

    /// How many records were unusable and are left out.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Says why there are no instances, for errors and logs: "no such name".
    #[must_use]
    pub fn because(mut self, reason: impl Into<Arc<str>>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Sets for how long the answer is good; [`Refresh::Ttl`](crate::Refresh::Ttl) follows it.
    #[must_use]
    pub fn with_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// Sets how many records of the answer were unusable and are left out of it. An answer without instances that
    /// skipped some counts as a failure: all its records were bad.
    #[must_use]
    pub fn with_skipped(mut self, skipped: u64) -> Self {
        self.skipped = skipped;
        self
    }
}

impl FromIterator<Instance> for Answer {
    fn from_iter<I: IntoIterator<Item = Instance>>(instances: I) -> Self {
        Self::new(instances.into_iter().collect())
    }
}
