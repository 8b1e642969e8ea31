//! What a request is sent through: one HTTP client for each instance.

use std::net::{TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use loadbalancer::{BoxError, Context, Endpoint, Instance};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(1);

/// The endpoint that the factory makes of an instance.
pub(crate) struct Client {
    agent: ureq::Agent,
    address: Arc<str>,
    host: Option<String>,
}

impl Client {
    /// Fails where nobody listens. Such an instance is left out of the set, and tried again with the next refresh.
    pub(crate) fn new(instance: &Instance) -> Result<Self, BoxError> {
        let mut addresses = instance.address().to_socket_addrs()?;
        let reached = addresses.any(|address| TcpStream::connect_timeout(&address, CONNECT).is_ok());
        if !reached {
            return Err("nobody listens there".into());
        }
        // An agent of its own: when discovery removes the instance, its idle connections are closed with it. No proxy:
        // the load balancer says which server gets the request.
        let agent = ureq::Agent::config_builder().proxy(None).http_status_as_error(false).build().new_agent();
        Ok(Self { agent, address: instance.address().into(), host: instance.host().map(str::to_owned) })
    }

    fn get(&self, path: &str, timeout: Option<Duration>) -> Result<(), ureq::Error> {
        let url = format!("http://{}{path}", self.address);
        let request = self.agent.get(url).config().timeout_global(timeout).build();
        let request = match &self.host {
            Some(host) => request.header("Host", host),
            None => request,
        };
        let mut response = request.call()?;
        response.body_mut().read_to_vec()?;
        match response.status() {
            status if status.is_server_error() => Err(ureq::Error::StatusCode(status.as_u16())),
            _ => Ok(()),
        }
    }
}

impl Endpoint<Get> for Client {
    type Response = ();
    type Error = ureq::Error;

    #[expect(clippy::disallowed_methods, reason = "the program measures how long its requests take")]
    fn call(&self, ctx: &Context, request: Get) -> Result<(), ureq::Error> {
        let started = Instant::now();
        let result = self.get(request.path, ctx.remaining());
        let took = started.elapsed();
        request.attempts().push(Attempt {
            address: Arc::clone(&self.address),
            took,
            error: result.as_ref().err().map(ToString::to_string),
        });
        result
    }
}

/// A user's request, which remembers its attempts. Retry sends a clone with each; the clones share one memory.
#[derive(Clone)]
pub(crate) struct Get {
    path: &'static str,
    user: u64,
    attempts: Arc<Mutex<Vec<Attempt>>>,
}

/// One try of one request on one instance.
pub(crate) struct Attempt {
    pub(crate) address: Arc<str>,
    pub(crate) took: Duration,
    pub(crate) error: Option<String>,
}

impl Get {
    pub(crate) fn new(path: &'static str, user: u64) -> Self {
        Self { path, user, attempts: Arc::default() }
    }

    /// The key for strategies that hash: requests of one user go to one instance.
    pub(crate) fn user(&self) -> u64 {
        self.user
    }

    /// In the order in which they ended.
    pub(crate) fn attempts(&self) -> MutexGuard<'_, Vec<Attempt>> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
