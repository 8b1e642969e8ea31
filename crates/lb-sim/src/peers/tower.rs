use std::any::Any;
use std::collections::{BTreeSet, VecDeque};
use std::convert::Infallible;
use std::fmt::Debug;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_core::Stream;
use lb_core::{Instance, Outcome, PickRequest};
use tokio::runtime::Runtime;
use tower::Service;
use tower::balance::p2c::Balance;
use tower::discover::{Change, Discover};
use tower::load::completion::TrackCompletion;
use tower::load::{Load, PeakEwmaDiscover, PendingRequestsDiscover};
use tower::util::rng::Rng;

use crate::foreign::Foreign;
use crate::generator::{Generator, Stream as Seeds};
use crate::server::ServerId;

pub(super) fn pending_requests(seed: u64) -> impl Foreign + 'static {
    Tower::new(seed, |changes| PendingRequestsDiscover::new(changes, WithHandle))
}

pub(super) fn peak_ewma(seed: u64) -> impl Foreign + 'static {
    let (rtt, decay) = (Duration::from_millis(30), Duration::from_secs(10));
    Tower::new(seed, move |changes| PeakEwmaDiscover::new::<()>(changes, rtt, decay, WithHandle))
}

/// A service that answers at once with which one it is: what is measured is the handle, which is dropped when the simulated
/// request has ended.
struct Echo(ServerId);

impl Service<()> for Echo {
    type Response = ServerId;
    type Error = Infallible;
    type Future = Ready<Result<ServerId, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (): ()) -> Self::Future {
        ready(Ok(self.0))
    }
}

/// Gives the handle to whoever has the response.
#[derive(Clone)]
struct WithHandle;

impl<H> TrackCompletion<H, ServerId> for WithHandle {
    type Output = (ServerId, H);

    fn track_completion(&self, handle: H, server: ServerId) -> Self::Output {
        (server, handle)
    }
}

/// The changes that the balancer has not seen yet.
#[derive(Clone, Default)]
struct Changes(Arc<Mutex<VecDeque<Change<ServerId, Echo>>>>);

impl Changes {
    fn add(&self, change: Change<ServerId, Echo>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(change);
    }
}

impl Stream for Changes {
    type Item = Result<Change<ServerId, Echo>, Infallible>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // It is polled before every pick: nobody has to be woken.
        let next = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        next.map_or(Poll::Pending, |change| Poll::Ready(Some(Ok(change))))
    }
}

struct Numbers(Generator);

impl Rng for Numbers {
    fn next_u64(&mut self) -> u64 {
        self.0.next()
    }
}

struct Tower<D: Discover>
where
    D::Key: std::hash::Hash,
{
    balance: Balance<D, ()>,
    changes: Changes,
    known: BTreeSet<ServerId>,
    runtime: Runtime,
    /// As far as the clock of the runtime was moved.
    now: u64,
}

impl<D> Tower<D>
where
    D: Discover<Key = ServerId>,
    D::Service: Service<()>,
    <D::Service as Service<()>>::Error: Into<tower::BoxError>,
{
    fn new(seed: u64, discover: impl FnOnce(Changes) -> D) -> Self {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime of one thread asks the system for little");
        let changes = Changes::default();
        let numbers = Numbers(Generator::new(seed, Seeds::Strategies));
        let balance = Balance::from_rng(discover(changes.clone()), numbers);
        Self { balance, changes, known: BTreeSet::new(), runtime, now: 0 }
    }

    /// Moves the clock on, and enters the runtime.
    fn at<T>(&mut self, now: u64, run: impl FnOnce(&mut Balance<D, ()>) -> T) -> T {
        let passed = Duration::from_nanos(now - self.now);
        self.now = now;
        let Self { runtime, balance, .. } = self;
        runtime.block_on(async {
            if !passed.is_zero() {
                tokio::time::advance(passed).await;
            }
            run(balance)
        })
    }
}

impl<D, H> Foreign for Tower<D>
where
    D: Discover<Key = ServerId, Error = Infallible> + Unpin + Send,
    D::Service: Service<(), Response = (ServerId, H), Error = Infallible> + Load + Send,
    <D::Service as Load>::Metric: Debug,
    <D::Service as Service<()>>::Future: Send,
    H: Send + 'static,
{
    fn servers(&mut self, servers: &[(ServerId, Instance)], _now: u64) {
        let servers: BTreeSet<_> = servers.iter().map(|(id, _)| *id).collect();
        self.known.difference(&servers).for_each(|gone| self.changes.add(Change::Remove(*gone)));
        let new = servers.difference(&self.known);
        new.for_each(|new| self.changes.add(Change::Insert(*new, Echo(*new))));
        self.known = servers;
    }

    fn pick(&mut self, _: &PickRequest<'_>, now: u64) -> Option<(ServerId, Box<dyn Any + Send>)> {
        self.at(now, |balance| {
            let mut context = Context::from_waker(Waker::noop());
            let Poll::Ready(Ok(())) = balance.poll_ready(&mut context) else { return None };
            let call = std::pin::pin!(balance.call(()));
            let Poll::Ready(Ok((server, handle))) = call.poll(&mut context) else { return None };
            Some((server, Box::new(handle) as Box<dyn Any + Send>))
        })
    }

    fn ended(&mut self, handle: Box<dyn Any + Send>, _: Outcome, now: u64) {
        self.at(now, |_| drop(handle));
    }
}
