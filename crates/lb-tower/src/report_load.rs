use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, ready};

use http::Response;
use lb_core::Reported;
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::load_report::{LOAD_HEADER, report_value};

/// For a server: has each HTTP response say how loaded it is, in the header [`lb-load`](LOAD_HEADER), for clients that pick
/// by it (`HotCold`).
///
/// It counts the requests in flight; with a [capacity](Self::with_capacity) it says the utilisation too. All services that
/// one layer makes, and their clones, share the count. Cost: two atomic adds a request, and the header.
///
/// ```
/// use std::convert::Infallible;
///
/// use http::Response;
/// use lb_tower::{ReportLoad, report_of};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Infallible> {
/// let service = ServiceBuilder::new()
///     .layer(ReportLoad::new().with_capacity(8))
///     .service(service_fn(async |_: ()| Ok::<_, Infallible>(Response::new(()))));
/// let response = service.oneshot(()).await?;
/// let report = report_of(response.headers()).unwrap();
/// assert_eq!((report.in_flight(), report.utilisation()), (Some(0), Some(0.0))); // this request is over
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct ReportLoad {
    in_flight: Arc<AtomicU32>,
    capacity: Option<u32>,
}

impl ReportLoad {
    /// Says how many requests are in flight.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says also which share of so many requests at once that is. 0 counts as none given.
    #[must_use]
    pub fn with_capacity(mut self, requests: u32) -> Self {
        self.capacity = (requests > 0).then_some(requests);
        self
    }

    fn report(&self) -> Reported {
        // Relaxed, as all here: a count that nothing else is read by.
        let in_flight = self.in_flight.load(Ordering::Relaxed);
        let report = Reported::new().with_in_flight(in_flight);
        match self.capacity {
            Some(capacity) => report.with_utilisation(f64::from(in_flight) / f64::from(capacity)),
            None => report,
        }
    }
}

impl<S> Layer<S> for ReportLoad {
    type Service = ReportLoadService<S>;

    fn layer(&self, service: S) -> Self::Service {
        ReportLoadService { service, load: self.clone() }
    }
}

/// The service that [`ReportLoad`] makes.
#[derive(Clone, Debug)]
pub struct ReportLoadService<S> {
    service: S,
    load: ReportLoad,
}

impl<S, Req, Body> Service<Req> for ReportLoadService<S>
where
    S: Service<Req, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = ReportLoadFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let counted = Counted::new(&self.load);
        ReportLoadFuture { future: self.service.call(request), counted: Some(counted) }
    }
}

pin_project! {
    /// The response of a [`ReportLoadService`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ReportLoadFuture<F> {
        #[pin]
        future: F,
        counted: Option<Counted>,
    }
}

impl<F, Body, E> Future for ReportLoadFuture<F>
where
    F: Future<Output = Result<Response<Body>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut result = ready!(this.future.poll(cx));
        let load = this.counted.take().map(|counted| counted.0.clone());
        if let (Ok(response), Some(load)) = (&mut result, load)
            && let Some(value) = report_value(&load.report())
        {
            response.headers_mut().insert(LOAD_HEADER, value);
        }
        Poll::Ready(result)
    }
}

/// A request that counts until it is dropped.
#[derive(Debug)]
struct Counted(ReportLoad);

impl Counted {
    fn new(load: &ReportLoad) -> Self {
        load.in_flight.fetch_add(1, Ordering::Relaxed);
        Self(load.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
