use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use lb_core::{Observer, Pick, Publisher};
use tower::discover::Change;

use crate::key::{Key, identity};
use crate::signal::Signal;

/// A publisher as tower's [`Discover`](tower::discover::Discover), for those who keep `tower::balance`.
///
/// It yields an insert for each member that is new, with a clone of its endpoint, and a remove for each that is gone; one
/// that was made anew is removed and inserted. Changed weights and priorities are not told. A publisher's error counts as an
/// empty set, and the stream never ends: discovery may recover.
///
/// It wakes its task after each change. Between polls it keeps the endpoints it has told of alive, as the balancer it
/// feeds does; tower's polls it on requests.
///
/// ```
/// use std::convert::Infallible;
/// use std::sync::Arc;
///
/// use lb_core::{EndpointCache, Instance};
/// use lb_tower::DiscoverStream;
/// use tower::balance::p2c::Balance;
/// use tower::load::{CompleteOnResponse, PendingRequestsDiscover};
/// use tower::{ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let factory = |_: &Instance| Ok::<_, Infallible>(service_fn(async |n: u32| Ok::<_, Infallible>(2 * n)));
/// let cache = Arc::new(EndpointCache::new(factory));
/// let discover = DiscoverStream::new(Arc::clone(&cache))?;
/// let balance = Balance::new(PendingRequestsDiscover::new(discover, CompleteOnResponse::default()));
/// cache.replace(["a:80", "b:80"]);
/// assert_eq!(balance.oneshot(21).await?, 42);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct DiscoverStream<P: Publisher> {
    publisher: P,
    signal: Arc<Signal>,
    /// The members told of, ordered by key.
    known: Vec<Pick<P::Endpoint>>,
    changes: VecDeque<Change<Key, P::Endpoint>>,
}

/// The publisher does not notify: a stream of its changes would stand still.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the publisher does not notify: its subscribe() returned false")]
pub struct CannotNotify;

impl<P: Publisher> DiscoverStream<P> {
    /// A stream that begins with the members of the current set.
    ///
    /// # Errors
    ///
    /// [`CannotNotify`] when the publisher's [`subscribe`](Publisher::subscribe) says so.
    pub fn new(publisher: P) -> Result<Self, CannotNotify> {
        let signal = Arc::new(Signal::raised());
        let observer: Arc<dyn Observer> = signal.clone();
        if !publisher.subscribe(Arc::downgrade(&observer)) {
            return Err(CannotNotify);
        }
        Ok(Self { publisher, signal, known: Vec::new(), changes: VecDeque::new() })
    }
}

impl<P> DiscoverStream<P>
where
    P: Publisher,
    P::Endpoint: Clone,
{
    /// Queues what is different in the set of now. Both sets are ordered, so one walk over the two tells.
    fn catch_up(&mut self) {
        let next = members(&self.publisher);
        let mut old = self.known.iter().peekable();
        for pick in &next {
            let key = identity(pick.instance());
            while let Some(gone) = old.next_if(|old| identity(old.instance()) < key) {
                self.changes.push_back(remove(gone));
            }
            let same = old.next_if(|old| identity(old.instance()) == key);
            if same.is_some_and(|old| is_same_endpoint(old, pick)) {
                continue;
            }
            self.changes.extend(same.map(remove));
            self.changes.push_back(Change::Insert(Key::new(pick.instance()), P::Endpoint::clone(pick)));
        }
        self.changes.extend(old.map(remove));
        self.known = next;
    }
}

fn members<P: Publisher>(publisher: &P) -> Vec<Pick<P::Endpoint>> {
    let Ok(set) = publisher.endpoints() else { return Vec::new() };
    (0..set.len()).filter_map(|index| set.pick(index)).collect()
}

/// Both picks are held, so that no address can have been given to another endpoint since.
fn is_same_endpoint<E>(a: &Pick<E>, b: &Pick<E>) -> bool {
    let (a, b): (&E, &E) = (a, b);
    std::ptr::eq(a, b)
}

fn remove<E, S>(gone: &Pick<E>) -> Change<Key, S> {
    Change::Remove(Key::new(gone.instance()))
}

/// Nothing in it is pinned: tower's balancer wants that.
impl<P: Publisher> Unpin for DiscoverStream<P> {}

impl<P> Stream for DiscoverStream<P>
where
    P: Publisher,
    P::Endpoint: Clone,
{
    type Item = Result<Change<Key, P::Endpoint>, Infallible>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(change) = this.changes.pop_front() {
                return Poll::Ready(Some(Ok(change)));
            }
            ready!(this.signal.poll(cx));
            this.catch_up();
        }
    }
}
