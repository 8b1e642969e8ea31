use std::sync::{Arc, Mutex};

use lb_core::{AsyncEndpoint, Context, Endpoint, Error, LoadBalancer, Pick, PickRequest, Publisher};
use lb_retry::{Policy, Retry, RetryError};
use lb_strategies::RoundRobin;
use lb_test::ScriptedPublisher;

pub(crate) type Refusal = &'static str;

/// One way to send a request through a `Retry`.
pub(crate) trait Driver {
    fn send<L, P>(retry: Retry<L, P>, ctx: &Context, request: u32) -> Result<u32, RetryError<Refusal>>
    where
        L: LoadBalancer<Endpoint = Fake>,
        P: Policy<u32, u32, Refusal>;
}

pub(crate) struct Enforced;
pub(crate) struct Inline;
#[cfg(feature = "tokio")]
pub(crate) struct Asynchronous;

impl Driver for Enforced {
    fn send<L, P>(retry: Retry<L, P>, ctx: &Context, request: u32) -> Result<u32, RetryError<Refusal>>
    where
        L: LoadBalancer<Endpoint = Fake>,
        P: Policy<u32, u32, Refusal>,
    {
        Endpoint::call(&retry, ctx, request)
    }
}

impl Driver for Inline {
    fn send<L, P>(retry: Retry<L, P>, ctx: &Context, request: u32) -> Result<u32, RetryError<Refusal>>
    where
        L: LoadBalancer<Endpoint = Fake>,
        P: Policy<u32, u32, Refusal>,
    {
        Endpoint::call(&retry.inline(), ctx, request)
    }
}

#[cfg(feature = "tokio")]
impl Driver for Asynchronous {
    fn send<L, P>(retry: Retry<L, P>, ctx: &Context, request: u32) -> Result<u32, RetryError<Refusal>>
    where
        L: LoadBalancer<Endpoint = Fake>,
        P: Policy<u32, u32, Refusal>,
    {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(AsyncEndpoint::call(&retry, ctx, request))
    }
}

/// Makes a test of each function for each driver.
macro_rules! every_driver {
    ($($name:ident),* $(,)?) => {
        mod enforced { $(#[test] fn $name() { super::$name::<crate::driver::Enforced>(); })* }
        mod inline { $(#[test] fn $name() { super::$name::<crate::driver::Inline>(); })* }
        #[cfg(feature = "tokio")]
        mod asynchronous { $(#[test] fn $name() { super::$name::<crate::driver::Asynchronous>(); })* }
    };
}
pub(crate) use every_driver;

/// An endpoint of both kinds that does what a closure says.
#[derive(Clone)]
pub(crate) struct Fake(Arc<Script>);

type Script = dyn Fn(&Context, u32) -> Result<u32, Refusal> + Send + Sync;

impl Fake {
    pub(crate) fn new(f: impl Fn(&Context, u32) -> Result<u32, Refusal> + Send + Sync + 'static) -> Self {
        Self(Arc::new(f))
    }

    pub(crate) fn refusing() -> Self {
        Self::new(|_, _| Err("refused"))
    }

    pub(crate) fn echoing() -> Self {
        Self::new(|_, request| Ok(request))
    }
}

impl Endpoint<u32> for Fake {
    type Response = u32;
    type Error = Refusal;

    fn call(&self, ctx: &Context, request: u32) -> Result<u32, Refusal> {
        (self.0)(ctx, request)
    }
}

impl AsyncEndpoint<u32> for Fake {
    type Response = u32;
    type Error = Refusal;

    async fn call(&self, ctx: &Context, request: u32) -> Result<u32, Refusal> {
        (self.0)(ctx, request)
    }
}

/// Round robin from the first address on, which writes down what it was asked for.
pub(crate) struct Recorder {
    publisher: Arc<ScriptedPublisher<Fake>>,
    inner: RoundRobin<Arc<ScriptedPublisher<Fake>>>,
    log: Log,
}

/// For each pick the key, and the addresses tried.
pub(crate) type Log = Arc<Mutex<Vec<(Option<u64>, Vec<String>)>>>;

impl Recorder {
    pub(crate) fn new(members: impl IntoIterator<Item = (&'static str, Fake)>) -> (Self, Log) {
        let log = Log::default();
        let publisher = Arc::new(ScriptedPublisher::new(members));
        let inner = RoundRobin::starting_at(Arc::clone(&publisher), 0);
        (Self { publisher, inner, log: Arc::clone(&log) }, log)
    }

    /// All addresses alike.
    pub(crate) fn of<const N: usize>(addresses: [&'static str; N], fake: &Fake) -> (Self, Log) {
        Self::new(addresses.map(|address| (address, fake.clone())))
    }
}

impl LoadBalancer for Recorder {
    type Endpoint = Fake;

    fn pick(&self, request: &PickRequest<'_>) -> Result<Pick<Fake>, Error> {
        let set = self.publisher.endpoints()?;
        let is_tried = |index: &usize| {
            request.tried().zip(set.id_at(*index)).is_some_and(|(tried, id)| tried.contains(id))
        };
        let address = |index| set.instance(index).map(|instance| instance.address().to_owned());
        let tried = (0..set.len()).filter(is_tried).filter_map(address).collect();
        self.log.lock().unwrap().push((request.key(), tried));
        self.inner.pick(request)
    }
}
