use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use lb_core::{Context, EndpointId, Endpoints, Error, Factory, Observer, Publisher};

use crate::discovery::Discovery;
use crate::error::NothingFound;
use crate::published_set::PublishedSet;
use crate::ready::Ready;
use crate::shared::Subscriber;
use crate::{DiscoveryBuilder, DiscoveryError, Source, Status};

/// How long `share` waits for a first endpoint.
const SHARE_PATIENCE: Duration = Duration::from_secs(1);

/// A publisher whose set follows a [`Source`], in a background thread of its own.
///
/// | case | what happens |
/// |---|---|
/// | the first refresh fails | [`build`](DiscoveryBuilder::build) returns the error; with [`allow_initial_failure`](DiscoveryBuilder::allow_initial_failure), and after [`start`](DiscoveryBuilder::start), it answers [`Error::NotReady`] and keeps trying |
/// | a later refresh fails | the last good set stays; the next one comes after a jittered exponential backoff |
/// | it has been failing for longer than [`expire_after`](DiscoveryBuilder::expire_after) | [`Error::Discovery`] until it recovers |
/// | an answer without records | [`OnEmpty`](crate::OnEmpty) decides; as the first answer it is an error that names the reason, where there is nothing to keep |
/// | an answer with far fewer instances | [`OnShrink`](crate::OnShrink) decides |
/// | an answer all of whose records are unusable | a failure |
/// | the set is unchanged | nothing is rebuilt and nobody is told; instances whose factory failed are tried again |
/// | the source or the factory panics | a failed refresh; an instance left out |
/// | a factory takes long, in `create` or in `reusable` | the others are published without it after 20 ms, 40 at most; it joins when it is made, and has failed after [`factory_timeout`](DiscoveryBuilder::factory_timeout) |
/// | every factory fails | the set is empty; [`build`](DiscoveryBuilder::build) returns the first cause, and so does [`wait_ready`](Self::wait_ready) when its time runs out |
/// | a destructor or an observer hangs | no change, stop or drop waits for it for longer than 40 ms |
/// | the process forks | the child's set stays as it was; [`status`](Self::status) and [`wait_ready`](Self::wait_ready) say so: make publishers after the fork |
///
/// Lines of the log (target `lb-discovery`, field `name`, and `error` where there is one) come once per change of state, as
/// `info` or warnings; warnings that repeat are summed up, one a minute and a name. `debug` has each refresh and each instance
/// that comes or goes.
///
/// [`endpoints`](Publisher::endpoints) costs one atomic load more than that of an
/// [`EndpointCache`](lb_core::EndpointCache). Observers are told after each change of the set, and when it comes into use
/// or out of it; never otherwise.
///
/// The thread is named `lb-` and the publisher's name, cut at the 15 bytes that Linux shows. It ends when the last
/// publisher that shares it is dropped or any of them is [stopped](Self::stop). Everything here may be called and dropped
/// on any thread, inside an async runtime too, in a factory, an observer or an endpoint's destructor too.
/// Changes are made, and factories, destructors and observers run, on further threads, which are there only meanwhile: at
/// most 8 that call the factory, not counting those that hang in calls that were given up.
pub struct DiscoveryPublisher<E> {
    // Before the set: when the last publisher is dropped, discovery ends first.
    discovery: Arc<Discovery>,
    _closer: Closer,
    set: Arc<PublishedSet<E>>,
}

/// Closes a set when its publisher is dropped.
struct Closer(Arc<dyn Subscriber>);

impl Drop for Closer {
    fn drop(&mut self) {
        Arc::clone(&self.0).close();
    }
}

impl DiscoveryPublisher<()> {
    /// Begins a publisher called `name` (for logs, errors and the thread) that follows `source`.
    pub fn builder(name: impl Into<Arc<str>>, source: impl Source) -> DiscoveryBuilder {
        DiscoveryBuilder::new(name.into(), source)
    }
}

impl<E> DiscoveryPublisher<E> {
    pub(crate) fn new(discovery: Arc<Discovery>, set: Arc<PublishedSet<E>>) -> Self
    where
        E: Send + Sync + 'static,
    {
        let closer = Closer(Arc::clone(&set) as Arc<dyn Subscriber>);
        Self { discovery, _closer: closer, set }
    }

    /// How discovery is doing. Cost: a short lock and a copy.
    pub fn status(&self) -> Status {
        match self.discovery.check_process() {
            Ok(()) => self.discovery.shared.status(self.set.state()),
            Err(error) => Status { failing: true, last_error: Some(Arc::new(error)), ..Status::default() },
        }
    }

    /// Waits until there is a set to use. It blocks, so not on an async runtime's thread: see [`ready`](Self::ready).
    ///
    /// # Errors
    ///
    /// [`DiscoveryError::NotReady`] when `timeout` has passed, [`DiscoveryError::Stopped`] when the publisher was
    /// stopped; both carry the last error of the source, or what the first factory failed with where all did.
    /// [`DiscoveryError::Forked`] in a fork of the process.
    pub fn wait_ready(&self, timeout: Duration) -> Result<(), DiscoveryError> {
        self.discovery.check_process()?;
        self.discovery.shared.wait_ready(self.set.id, timeout)
    }

    /// Waits until there is a set to use, on any async runtime or none. Dropping the future half-way loses nothing.
    ///
    /// # Errors
    ///
    /// [`DiscoveryError::Stopped`] when the publisher was stopped; it carries the last error of the source.
    pub fn ready(&self) -> Ready {
        let shared = Arc::clone(&self.discovery.shared);
        Ready::new(shared, self.set.id, self.discovery.check_process().err())
    }

    /// Has the source asked at once, whatever the schedule or a backoff says, and returns without waiting for it. If the
    /// source is being asked, it is asked again afterwards; so one that watches is not disturbed. Several calls may become
    /// one. Without effect once stopped.
    pub fn refresh_now(&self) {
        self.discovery.refresh_now();
    }

    /// Ends discovery for this publisher and all that share it. The set stays as it is, and is not refreshed any more.
    ///
    /// Returns within 100 ms, usually at once and with the thread ended. A source, a factory or a destructor that hangs
    /// is left behind: the thread ends with it, and what it brings is not published. May be called several times, and on
    /// any thread; on the discovery thread itself it only gives the order.
    pub fn stop(&self) {
        self.discovery.stop();
    }

    /// A second publisher with endpoints of its own, fed by the same discovery: two clients of one service need no two
    /// watchers. It starts with the set that is known now, and waits up to a second for a first endpoint.
    pub fn share<F>(&self, factory: F) -> DiscoveryPublisher<F::Endpoint>
    where
        F: Factory + 'static,
        F::Endpoint: Send + Sync + 'static,
    {
        let Discovery { shared, ctx, factory_timeout, .. } = &*self.discovery;
        let parent = if ctx.is_cancelled() { Context::background() } else { ctx.clone() };
        let set = PublishedSet::new(shared, parent, *factory_timeout, factory);
        shared.wait_settled(set.id, SHARE_PATIENCE.min(*factory_timeout));
        if ctx.is_cancelled() {
            Arc::clone(&set).stop();
        }
        DiscoveryPublisher::new(Arc::clone(&self.discovery), set)
    }

    /// Waits for the first answer, or for the failure to get one.
    pub(crate) fn wait_answered(&self) -> Result<(), DiscoveryError> {
        let shared = &self.discovery.shared;
        shared.wait_first(self.set.id).map_err(|error| {
            let name = Arc::clone(&shared.name);
            let Some(source) = error else { return DiscoveryError::Stopped { name, source: None } };
            match source.downcast_ref::<NothingFound>() {
                Some(NothingFound(reason)) => DiscoveryError::NoRecords { name, reason: Arc::clone(reason) },
                None => match source.downcast_ref::<DiscoveryError>() {
                    Some(failed @ DiscoveryError::NoEndpoints { .. }) => failed.clone(),
                    _ => DiscoveryError::First { name, source },
                },
            }
        })
    }
}

impl<E: Send + Sync + 'static> Publisher for DiscoveryPublisher<E> {
    type Endpoint = E;

    #[inline]
    fn endpoints(&self) -> Result<Endpoints<E>, Error> {
        self.set.endpoints()
    }

    fn subscribe(&self, observer: Weak<dyn Observer>) -> bool {
        self.set.subscribe(observer);
        true
    }

    fn name(&self) -> Option<&str> {
        Some(&self.discovery.shared.name)
    }

    /// It is made anew on a thread of the publisher's, and serves until then.
    fn renew(&self, id: EndpointId) -> bool {
        self.set.renew(id)
    }
}

impl<E> fmt::Debug for DiscoveryPublisher<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiscoveryPublisher")
            .field("name", &self.discovery.shared.name)
            .field("status", &self.status())
            .field("set", &self.set)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::future::Future;
    use std::task::{Poll, Waker};

    use lb_core::support::lock;
    use lb_core::{BoxError, Context, Instance};

    use super::*;
    use crate::Answer;

    fn publisher() -> DiscoveryPublisher<()> {
        let source = |_: &Context| Ok::<_, BoxError>(Answer::new(vec![Instance::new("a:80")]));
        DiscoveryPublisher::builder("x", source).build(|_: &Instance| Ok::<_, BoxError>(())).unwrap()
    }

    #[test]
    fn case_8_a_fork_says_that_discovery_does_not_go_on_and_keeps_the_set() {
        let mut publisher = publisher();
        assert!(publisher.wait_ready(Duration::ZERO).is_ok());
        Arc::get_mut(&mut publisher.discovery).unwrap().pretend_to_be_forked();
        let text = "the discovery of x does not go on in a forked process: make the publisher after the fork";
        assert_eq!(publisher.status().last_error().unwrap().to_string(), text);
        assert_eq!(publisher.wait_ready(Duration::from_secs(20)).unwrap_err().to_string(), text);
        let mut ready = std::pin::pin!(publisher.ready());
        match ready.as_mut().poll(&mut std::task::Context::from_waker(Waker::noop())) {
            Poll::Ready(Err(error)) => assert_eq!(error.to_string(), text),
            other => panic!("{other:?}"),
        }
        publisher.refresh_now();
        assert_eq!(publisher.endpoints().unwrap().len(), 1, "picks stay as they are");
    }

    #[test]
    fn publishers_that_come_and_go_leave_nothing_behind() {
        let publisher = publisher();
        for _ in 0..20 {
            assert_eq!(publisher.share(|_: &Instance| Ok::<_, BoxError>(())).endpoints().unwrap().len(), 1);
        }
        assert_eq!(lock(&publisher.discovery.shared.state).subscriptions.len(), 1);
    }

    #[test]
    fn case_4_when_the_thread_ends_all_the_same_status_and_wait_ready_and_expiry_say_so() {
        let publisher = publisher();
        let Discovery { shared, ctx, .. } = &*publisher.discovery;
        crate::discovery::end_early(shared, ctx, Some(Duration::from_millis(1)), "a bug");
        let text = "discovery has ended: a bug";
        assert_eq!(publisher.status().last_error().unwrap().to_string(), text);
        let error = publisher.wait_ready(Duration::from_secs(20)).unwrap_err().to_string();
        assert_eq!(error, "the discovery of x was stopped: discovery has ended: a bug");
        assert_eq!(publisher.endpoints().unwrap_err().to_string(), format!("discovery failed: x: {text}"));
    }
}
