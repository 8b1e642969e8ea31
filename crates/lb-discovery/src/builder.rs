use std::sync::Arc;
use std::time::Duration;

use lb_core::{Context, Factory};

use crate::discovery::Discovery;
use crate::published_set::PublishedSet;
use crate::settings::{OnEmpty, OnShrink, Refresh, Settings, check_name};
use crate::shared::Shared;
use crate::{DiscoveryError, DiscoveryPublisher, Source};

/// Collects the settings of a [`DiscoveryPublisher`].
///
/// Durations are more than zero, and may be as long as [`Duration::MAX`], which means never.
#[must_use = "a builder starts nothing"]
pub struct DiscoveryBuilder {
    name: Arc<str>,
    source: Box<dyn Source>,
    settings: Settings,
    allow_initial_failure: bool,
}

impl DiscoveryBuilder {
    pub(crate) fn new(name: Arc<str>, source: impl Source) -> Self {
        Self { name, source: Box::new(source), settings: Settings::default(), allow_initial_failure: false }
    }

    /// A builder whose [source](Self::source) comes last: for builders that wrap this one, and whose source depends on
    /// settings of their own.
    #[doc(hidden)]
    pub fn without_source(name: impl Into<Arc<str>>) -> Self {
        Self::new(name.into(), |_: &Context| Err("there is no source".into()))
    }

    /// Puts `source` in the place of the one before.
    #[doc(hidden)]
    pub fn source(mut self, source: impl Source) -> Self {
        self.source = Box::new(source);
        self
    }

    /// Sets when the source is asked again. The default is [`Refresh::Every`] 30 seconds.
    pub fn refresh(mut self, refresh: Refresh) -> Self {
        self.settings.refresh = refresh;
        self
    }

    /// Has [`build`](Self::build) return a publisher even if the first refresh fails. Such a publisher answers
    /// [`NotReady`](lb_core::Error::NotReady), and keeps trying.
    pub fn allow_initial_failure(mut self) -> Self {
        self.allow_initial_failure = true;
        self
    }

    /// Takes the set out of use once discovery has been failing for longer than this, counted from the first failure
    /// after the last answer: [`Error::Discovery`](lb_core::Error::Discovery) until discovery recovers. The endpoints
    /// are kept for that. The default is never.
    ///
    /// A refresh under way is waited for: expiry is noticed when it ends.
    pub fn expire_after(mut self, limit: Duration) -> Self {
        self.settings.expire_after = Some(limit);
        self
    }

    /// Sets what an answer without records does. The default is [`OnEmpty::KeepLast`].
    pub fn on_empty(mut self, on_empty: OnEmpty) -> Self {
        self.settings.on_empty = on_empty;
        self
    }

    /// Sets what an answer with far fewer instances than the set does. The default is [`OnShrink::Follow`].
    pub fn on_shrink(mut self, on_shrink: OnShrink) -> Self {
        self.settings.on_shrink = on_shrink;
        self
    }

    /// Sets the shortest time from the beginning of one refresh to that of the next, whatever asks for it, ticks aside.
    /// The default is 10 ms for a source that watches, and nothing for others; zero is nothing.
    pub fn min_interval(mut self, interval: Duration) -> Self {
        self.settings.min_interval = Some(interval);
        self
    }

    /// Sets by how much, in percent, 0 to 99, each pause of [`Refresh::Every`] is drawn longer or shorter, and each of
    /// [`Refresh::Ttl`] shorter, so that publishers that started together do not ask together. The default is 10.
    pub fn jitter(mut self, percent: u8) -> Self {
        self.settings.jitter_percent = percent;
        self
    }

    /// Sets how long one call of the factory may take. After that it has failed, even if it goes on. The default is 10 s.
    pub fn factory_timeout(mut self, limit: Duration) -> Self {
        self.settings.factory_timeout = limit;
        self
    }

    /// Sets how long a failed refresh waits for the next: `min` at first, twice as long with each further failure, up to
    /// `max` or to the longest regular pause, whichever is less; each delay is drawn from its upper half. The defaults
    /// are 100 ms and 30 s. Without effect with [`Refresh::On`].
    pub fn backoff(mut self, min: Duration, max: Duration) -> Self {
        (self.settings.backoff_min, self.settings.backoff_max) = (min, max);
        self
    }

    /// Starts discovery, and waits for the end of the first refresh, which the source bounds, and for a first endpoint, which
    /// [`factory_timeout`](Self::factory_timeout) bounds.
    ///
    /// # Errors
    ///
    /// An impossible name or setting; no thread; and, unless
    /// [`allow_initial_failure`](Self::allow_initial_failure) says otherwise, a first refresh that fails, or a factory
    /// that fails for every instance.
    pub fn build<F>(self, factory: F) -> Result<DiscoveryPublisher<F::Endpoint>, DiscoveryError>
    where
        F: Factory + 'static,
        F::Endpoint: Send + Sync + 'static,
    {
        let must_answer = !self.allow_initial_failure;
        let publisher = self.launch(factory, must_answer)?;
        match publisher.wait_answered() {
            Err(error) if must_answer => Err(error),
            _ => Ok(publisher),
        }
    }

    /// Starts discovery, and returns at once: [`NotReady`](lb_core::Error::NotReady) until the first answer, which
    /// [`wait_ready`](DiscoveryPublisher::wait_ready) and [`ready`](DiscoveryPublisher::ready) wait for. A first refresh
    /// that fails is followed by others.
    ///
    /// # Errors
    ///
    /// An impossible name or setting; no thread.
    pub fn start<F>(self, factory: F) -> Result<DiscoveryPublisher<F::Endpoint>, DiscoveryError>
    where
        F: Factory + 'static,
        F::Endpoint: Send + Sync + 'static,
    {
        self.launch(factory, false)
    }

    fn launch<F>(
        self,
        factory: F,
        must_answer: bool,
    ) -> Result<DiscoveryPublisher<F::Endpoint>, DiscoveryError>
    where
        F: Factory + 'static,
        F::Endpoint: Send + Sync + 'static,
    {
        check_name(&self.name)?;
        self.settings.check()?;
        let shared = Shared::new(self.name);
        let (ctx, canceller) = Context::background().with_cancel();
        let set = PublishedSet::new(&shared, ctx.clone(), self.settings.factory_timeout, factory);
        let discovery = Discovery::start(shared, self.source, &self.settings, must_answer, (ctx, canceller))?;
        Ok(DiscoveryPublisher::new(Arc::new(discovery), set))
    }
}

impl std::fmt::Debug for DiscoveryBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DiscoveryBuilder")
            .field("name", &self.name)
            .field("settings", &self.settings)
            .field("allow_initial_failure", &self.allow_initial_failure)
            .finish_non_exhaustive()
    }
}
