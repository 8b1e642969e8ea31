//! A client made of tower's layers around a load balancer: this is the part to copy.

use std::future::{Ready, ready};
use std::time::Duration;

use hyper::body::{Body, Bytes, Incoming};
use hyper::http::uri::{Authority, Scheme};
use hyper::{Request, Response, Uri};
use hyper_util::client::legacy::{Client, Error, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use loadbalancer::{
    Balance, BalanceError, BoxError, CompleteOnBody, Instance, PickRequest, RoundRobin, StaticPublisher,
    Tried,
};
use tower::retry::Policy;
use tower::{Service, ServiceBuilder};

use crate::tally::Tally;

/// How many requests are on their way at a time.
pub(crate) const LIMIT: usize = 20;
const ATTEMPTS: usize = 8;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(1);

/// One service over all the instances. Its clones share the limit and the load balancer.
pub(crate) fn stack(
    instances: Vec<Instance>,
    tally: Tally,
) -> impl Service<
    Request<String>,
    Response = Response<impl Body<Data = Bytes, Error = hyper::Error> + Send>,
    Error = BoxError,
    Future: Send,
> + Clone
+ Send
+ 'static {
    let publisher = StaticPublisher::new(instances, client);
    let balance =
        Balance::new(RoundRobin::new(publisher)).pick_request(avoid_failed).track_completion(CompleteOnBody);
    let in_flight = tally.clone();
    ServiceBuilder::new()
        .timeout(REQUEST_TIMEOUT)
        .concurrency_limit(LIMIT)
        .map_future(move |future| in_flight.count_in_flight(future))
        .retry(RetryElsewhere { left: ATTEMPTS - 1, tally })
        .service(balance)
}

/// The client of one instance. Whatever fails down here is told with the instance's address.
fn client(
    instance: &Instance,
) -> Result<
    impl Service<Request<String>, Response = Response<Incoming>, Error = BoxError, Future: Send>
    + Clone
    + Send
    + Sync
    + use<>,
    BoxError,
> {
    let authority: Authority = instance.address().parse()?;
    let pool = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
    Ok(ServiceBuilder::new()
        .timeout(ATTEMPT_TIMEOUT)
        .map_request(move |request| send_to(&authority, request))
        .map_result(reject_server_errors)
        .service(pool))
}

fn send_to(authority: &Authority, mut request: Request<String>) -> Request<String> {
    let mut uri = std::mem::take(request.uri_mut()).into_parts();
    uri.scheme = Some(Scheme::HTTP);
    uri.authority = Some(authority.clone());
    // With a scheme, an authority and a path that was one before it cannot fail.
    *request.uri_mut() = Uri::from_parts(uri).unwrap_or_default();
    request
}

fn reject_server_errors(result: Result<Response<Incoming>, Error>) -> Result<Response<Incoming>, BoxError> {
    let response = result?;
    if response.status().is_server_error() {
        return Err(response.status().to_string().into());
    }
    Ok(response)
}

/// Sends a request that failed once more, and notes in it where not to.
#[derive(Clone)]
struct RetryElsewhere {
    left: usize,
    tally: Tally,
}

/// In a request's extensions: who has failed to answer it.
#[derive(Clone, Default)]
struct Failed(Tried);

impl<Res> Policy<Request<String>, Res, BalanceError> for RetryElsewhere {
    type Future = Ready<()>;

    fn retry(
        &mut self,
        request: &mut Request<String>,
        result: &mut Result<Res, BalanceError>,
    ) -> Option<Ready<()>> {
        let error = result.as_ref().err()?;
        self.tally.failure(error);
        self.left = self.left.checked_sub(1)?;
        let failed: &mut Failed = request.extensions_mut().get_or_insert_default();
        if let Some(id) = error.id() {
            failed.0.insert(id);
        }
        Some(ready(()))
    }

    fn clone_request(&mut self, request: &Request<String>) -> Option<Request<String>> {
        Some(request.clone())
    }
}

/// Has the load balancer read what `RetryElsewhere` has noted.
fn avoid_failed(request: &Request<String>) -> PickRequest<'_> {
    match request.extensions().get::<Failed>() {
        Some(failed) => PickRequest::new().with_tried(&failed.0),
        None => PickRequest::new(),
    }
}
