//! A service that does as it is told.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use lb_core::{EndpointCache, EndpointId, Error, Instance, LoadBalancer, Pick, PickRequest, Publisher};
use lb_strategies::RoundRobin;
use lb_tower::Balance;
use tower::Service;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Readiness {
    #[default]
    Ready,
    NotReady,
    Broken,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Answer {
    /// Its address.
    #[default]
    Address,
    Refuse,
    Hang,
}

#[derive(Debug, Default)]
struct Told {
    readiness: Readiness,
    answer: Answer,
    calls: usize,
    wakers: Vec<Waker>,
}

/// All its clones do as one of them is told.
#[derive(Clone, Debug)]
pub(crate) struct Scripted {
    address: &'static str,
    told: Arc<Mutex<Told>>,
}

impl Scripted {
    pub(crate) fn new(address: &'static str) -> Self {
        Self { address, told: Arc::default() }
    }

    pub(crate) fn set_readiness(&self, readiness: Readiness) {
        let wakers = {
            let mut told = self.told.lock().unwrap();
            told.readiness = readiness;
            std::mem::take(&mut told.wakers)
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn set_answer(&self, answer: Answer) {
        self.told.lock().unwrap().answer = answer;
    }

    pub(crate) fn calls(&self) -> usize {
        self.told.lock().unwrap().calls
    }

    /// How many of it there are: this one, those in sets and picks, and the clones of calls.
    pub(crate) fn handles(&self) -> usize {
        Arc::strong_count(&self.told)
    }
}

impl<Req> Service<Req> for Scripted {
    type Response = &'static str;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<&'static str>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut told = self.told.lock().unwrap();
        match told.readiness {
            Readiness::Ready => Poll::Ready(Ok(())),
            Readiness::Broken => Poll::Ready(Err(io::Error::other("broken"))),
            Readiness::NotReady => {
                told.wakers.push(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    fn call(&mut self, _: Req) -> Self::Future {
        let (address, answer) = {
            let mut told = self.told.lock().unwrap();
            assert_eq!(told.readiness, Readiness::Ready, "{} was called before it was ready", self.address);
            told.calls += 1;
            (self.address, told.answer)
        };
        // The future keeps a handle, as a real one keeps its connection.
        let handle = self.clone();
        Box::pin(async move {
            let _handle = handle;
            match answer {
                Answer::Address => Ok(address),
                Answer::Refuse => Err(io::Error::other("refused")),
                Answer::Hang => std::future::pending().await,
            }
        })
    }
}

pub(crate) type Cache = Arc<EndpointCache<Scripted>>;

/// A balance over these addresses, in turn from the first; the cache to change them, and the services to tell what to do.
pub(crate) fn balance<const N: usize>(
    addresses: [&'static str; N],
) -> (Balance<RoundRobin<Cache>>, Cache, [Scripted; N]) {
    let services = addresses.map(Scripted::new);
    let made = services.clone();
    let cache = Arc::new(EndpointCache::new(move |instance: &Instance| {
        let service = made.iter().find(|service| service.address == instance.address());
        service.cloned().ok_or("not among the services of this test")
    }));
    cache.replace(addresses);
    (Balance::new(RoundRobin::starting_at(Arc::clone(&cache), 0)), cache, services)
}

/// Picks the first untried endpoint of its publisher: without a tried-list always the same.
pub(crate) struct First<P>(pub(crate) P);

impl<P: Publisher> LoadBalancer for First<P> {
    type Endpoint = P::Endpoint;

    fn name(&self) -> Option<&str> {
        self.0.name()
    }

    fn renew(&self, id: EndpointId) -> bool {
        self.0.renew(id)
    }

    fn pick(&self, request: &PickRequest<'_>) -> Result<Pick<P::Endpoint>, Error> {
        let set = self.0.endpoints()?;
        let mut picks = (0..set.len()).filter_map(|index| set.pick(index));
        picks
            .find(|pick| !request.tried().is_some_and(|tried| tried.contains(pick.id())))
            .or_else(|| set.pick(0))
            .ok_or(Error::NoEndpoints)
    }
}

/// Asserts that no pick and no clone is left: once the set is empty, only the test and the factory hold the services.
pub(crate) fn assert_nothing_left(cache: &Cache, services: &[Scripted]) {
    cache.replace(Vec::<Instance>::new());
    for service in services {
        assert_eq!(service.handles(), 2, "{} is still held", service.address);
    }
}

/// Polls once.
pub(crate) async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

/// The output of a future that needs no more than what has happened already. Under a paused clock, one that waits for
/// more fails the test instead of hanging it.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(1), future).await.expect("it waits for something else")
}
