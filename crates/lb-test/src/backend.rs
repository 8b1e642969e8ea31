mod http;

use std::io::{self, BufReader, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};

use crate::lock::lock;
use crate::tcp::{Connection, TcpServer};

/// An HTTP/1.1 server in the test's own process, on a loopback port: one instance of a service.
///
/// It keeps connections alive, answers every request with status 200 and its name as the body, and counts.
/// It can be told to [respond](Backend::respond) otherwise or late, to [refuse](Backend::refuse) connections and to
/// [accept](Backend::accept) them again on the same port. Dropping it cuts its connections and ends its threads.
///
/// Bodies of requests are read and thrown away; chunked ones are answered with status 411.
///
/// ```
/// use std::io::{Read, Write};
/// use std::net::TcpStream;
///
/// # fn main() -> std::io::Result<()> {
/// let backend = lb_test::Backend::start("blue")?;
/// let mut stream = TcpStream::connect(backend.address())?;
/// stream.write_all(b"GET / HTTP/1.1\r\nHost: example\r\nConnection: close\r\n\r\n")?;
/// let mut response = String::new();
/// stream.read_to_string(&mut response)?;
/// assert!(response.starts_with("HTTP/1.1 200 OK\r\n") && response.ends_with("\r\n\r\nblue"));
/// assert_eq!(backend.requests(), 1);
/// # Ok(())
/// # }
/// ```
pub struct Backend {
    name: Arc<str>,
    shared: Arc<Shared>,
    tcp: TcpServer,
}

/// What a [`Backend`] does with a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Respond {
    /// Status 200 and its name: the beginning.
    #[default]
    Ok,
    /// This status (say 500) and its name. What is no status, below 200 or above 599, becomes 500.
    Status(u16),
    /// Status 200 and its name, this much later: a slow instance.
    After(Duration),
    /// Holds the request until it is told to respond otherwise.
    Hang,
    /// Closes the connection without an answer.
    Die,
}

/// What came in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// The method, say `GET`.
    pub method: String,
    /// The request target, say `/path?query`.
    pub target: String,
    /// The `Host` header.
    pub host: Option<String>,
}

impl Backend {
    /// Starts on `127.0.0.1`, at a port that the system chooses.
    ///
    /// # Errors
    ///
    /// When no port or thread can be had.
    pub fn start(name: impl Into<Arc<str>>) -> io::Result<Self> {
        Self::bind(name, (Ipv4Addr::LOCALHOST, 0).into())
    }

    /// Starts on an address; port 0 lets the system choose.
    ///
    /// # Errors
    ///
    /// When the address cannot be bound, or no thread be started.
    pub fn bind(name: impl Into<Arc<str>>, address: SocketAddr) -> io::Result<Self> {
        let name = name.into();
        let shared = Arc::new(Shared::default());
        let (for_threads, body) = (Arc::clone(&shared), Arc::clone(&name));
        let listener = TcpListener::bind(address)?;
        let tcp = TcpServer::start(listener, move |connection| {
            // An error here is a client that went away, or a connection that was cut.
            drop(serve(&for_threads, &body, connection));
        })?;
        Ok(Self { name, shared, tcp })
    }

    /// The body of its answers.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it listens, or would if it did.
    pub fn address(&self) -> SocketAddr {
        self.tcp.address()
    }

    /// How it treats requests from now on, those included that it holds.
    pub fn respond(&self, respond: Respond) {
        lock(&self.shared.state).respond = respond;
        self.shared.changed();
    }

    /// Closes the port and cuts all connections, requests in flight included. When it returns, the next
    /// connection is refused.
    pub fn refuse(&self) {
        self.tcp.refuse();
        self.shared.changed();
    }

    /// Opens the port again.
    ///
    /// # Errors
    ///
    /// When somebody else has taken it meanwhile.
    pub fn accept(&self) -> io::Result<()> {
        self.tcp.accept()
    }

    /// How many requests have come, whatever became of them.
    pub fn requests(&self) -> u64 {
        lock(&self.shared.state).requests
    }

    /// How many requests have come that were neither answered nor cut off.
    pub fn in_flight(&self) -> usize {
        lock(&self.shared.state).in_flight
    }

    /// A channel that gets every request from now on, on arrival.
    pub fn events(&self) -> Receiver<Request> {
        let (sender, receiver) = crossbeam_channel::unbounded();
        lock(&self.shared.state).listeners.push(sender);
        receiver
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.refuse();
    }
}

impl std::fmt::Debug for Backend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Backend")
            .field("name", &self.name)
            .field("address", &self.address())
            .finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    respond: Respond,
    requests: u64,
    in_flight: usize,
    listeners: Vec<Sender<Request>>,
}

impl Shared {
    /// Wakes the requests that are held. The lock is taken so that none falls asleep on what it saw before.
    fn changed(&self) {
        drop(lock(&self.state));
        self.wake.notify_all();
    }

    /// Counts the request in and out again, and holds it as long as it is told to; what is returned is never `Hang`.
    fn take(&self, request: &Request, connection: &Connection) -> Respond {
        let mut state = lock(&self.state);
        state.requests += 1;
        state.in_flight += 1;
        state.listeners.retain(|listener| listener.send(request.clone()).is_ok());
        let mut state = self.hold(state, connection);
        state.in_flight -= 1;
        if connection.is_cut() { Respond::Die } else { state.respond }
    }

    /// Waits until the request is to be answered, or its connection was cut.
    fn hold<'a>(&self, mut state: MutexGuard<'a, State>, connection: &Connection) -> MutexGuard<'a, State> {
        loop {
            let told = state.respond;
            let time = match told {
                Respond::Hang => Duration::MAX,
                Respond::After(time) => time,
                Respond::Ok | Respond::Status(_) | Respond::Die => return state,
            };
            let held = |state: &mut State| state.respond == told && !connection.is_cut();
            let waited = self.wake.wait_timeout_while(state, time, held);
            let (after, end) = waited.unwrap_or_else(PoisonError::into_inner);
            state = after;
            if end.timed_out() || connection.is_cut() {
                return state;
            }
        }
    }
}

fn serve(shared: &Shared, name: &str, connection: &Connection) -> io::Result<()> {
    let mut stream = &connection.stream;
    let mut reader = BufReader::new(stream);
    while let Some(head) = http::read_head(&mut reader)? {
        http::skip_body(&mut reader, &head)?;
        let status = match shared.take(&head.request, connection) {
            Respond::Ok | Respond::After(_) if head.chunked => 411,
            Respond::Ok | Respond::After(_) => 200,
            Respond::Status(status @ 200..=599) => status,
            Respond::Status(_) => 500,
            Respond::Hang | Respond::Die => return connection.stream.shutdown(Shutdown::Both),
        };
        stream.write_all(&http::response(status, name, &head))?;
        if head.close {
            break;
        }
    }
    Ok(())
}
