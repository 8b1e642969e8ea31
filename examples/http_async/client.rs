//! An HTTP client over the servers behind a DNS SRV name: this is the part to copy.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Bytes;
use hyper::header::{HOST, HeaderValue};
use hyper::http::uri::{Authority, Scheme};
use hyper::{Request, Response, Uri};
use hyper_util::client::legacy::{Client as Pool, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use loadbalancer::{AsyncEndpoint, BoxError, Context, DnsSrvPublisher, Instance, Refresh, Retry, RoundRobin};
use tokio::time::timeout;

/// Each request is anew balanced, and retried where it fails.
pub(crate) type Balanced = Retry<RoundRobin<DnsSrvPublisher<Client>>>;

/// Finds the servers, and makes a client for each.
pub(crate) async fn balanced(name: &str, dns: SocketAddr) -> Result<Balanced, BoxError> {
    let publisher = DnsSrvPublisher::builder(name)
        .name_server(dns)
        .resolve_targets(true)
        .refresh(Refresh::Every(Duration::from_millis(100)))
        .start(Client::new)?;
    timeout(Duration::from_secs(10), publisher.ready()).await??;
    let retry = Retry::builder(RoundRobin::new(publisher))
        .max_attempts(3)
        .timeout(Duration::from_secs(10))
        .attempt_timeout(Duration::from_secs(3));
    Ok(retry.build()?)
}

/// A pool of connections to one server.
pub(crate) struct Client {
    pool: Pool<HttpConnector, String>,
    authority: Authority,
    host: HeaderValue,
}

/// Put into a request's extensions, it counts the attempts.
#[derive(Clone, Default)]
pub(crate) struct Attempts(Arc<AtomicUsize>);

impl Attempts {
    /// How many followed another one.
    pub(crate) fn retries(&self) -> usize {
        self.0.load(Ordering::Relaxed).saturating_sub(1)
    }
}

impl Client {
    /// Needs no runtime, unlike some clients: those are made through `on_runtime`, as in `grpc_health`.
    fn new(instance: &Instance) -> Result<Self, BoxError> {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(Duration::from_secs(1)));
        connector.set_nodelay(true);
        Ok(Self {
            pool: Pool::builder(TokioExecutor::new()).build(connector),
            authority: instance.address().parse()?,
            host: instance.host().unwrap_or(instance.address()).parse()?,
        })
    }
}

impl AsyncEndpoint<Request<String>> for Client {
    type Response = Response<Bytes>;
    type Error = BoxError;

    /// The context's deadline needs no attention here: `Retry` drops this future when it has passed.
    async fn call(&self, _: &Context, mut request: Request<String>) -> Result<Response<Bytes>, BoxError> {
        if let Some(Attempts(attempts)) = request.extensions().get() {
            attempts.fetch_add(1, Ordering::Relaxed);
        }
        let mut uri = std::mem::take(request.uri_mut()).into_parts();
        uri.scheme = Some(Scheme::HTTP);
        uri.authority = Some(self.authority.clone());
        *request.uri_mut() = Uri::from_parts(uri)?;
        request.headers_mut().insert(HOST, self.host.clone());

        let response = self.pool.request(request).await?;
        if response.status().is_server_error() {
            return Err(response.status().to_string().into());
        }
        // A body that breaks off is a failed attempt, too.
        let (head, body) = response.into_parts();
        Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
    }
}
