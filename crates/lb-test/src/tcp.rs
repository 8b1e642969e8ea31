//! A TCP server on threads: one that accepts, one for each connection; all of them end when told to.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::lock::lock;

type Serve = dyn Fn(&Connection) + Send + Sync;

/// One connection of a client.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    cut: AtomicBool,
}

impl Connection {
    /// Whether the server has ended it. Bytes that came before may still be read from the stream.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut.load(Ordering::SeqCst)
    }

    fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
        drop(self.stream.shutdown(Shutdown::Both));
    }
}

/// Listens until told to refuse, and may come back on the same port. Dropping it ends every thread; `serve`
/// must return once its connection is cut.
pub(crate) struct TcpServer {
    address: SocketAddr,
    serve: Arc<Serve>,
    connections: Arc<Connections>,
    acceptor: Mutex<Option<Acceptor>>,
}

impl TcpServer {
    pub(crate) fn start(
        listener: TcpListener,
        serve: impl Fn(&Connection) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let serve: Arc<Serve> = Arc::new(serve);
        let connections = Arc::new(Connections::default());
        let acceptor = Acceptor::start(listener, Arc::clone(&serve), Arc::clone(&connections))?;
        Ok(Self { address, serve, connections, acceptor: Mutex::new(Some(acceptor)) })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes the listener and cuts every connection. When it returns, the next connection is refused.
    pub(crate) fn refuse(&self) {
        if let Some(acceptor) = lock(&self.acceptor).take() {
            acceptor.stop(self.address);
        }
        self.connections.cut();
    }

    /// Listens again, on the same port.
    pub(crate) fn accept(&self) -> io::Result<()> {
        let mut acceptor = lock(&self.acceptor);
        if acceptor.is_none() {
            let listener = TcpListener::bind(self.address)?;
            *acceptor =
                Some(Acceptor::start(listener, Arc::clone(&self.serve), Arc::clone(&self.connections))?);
        }
        Ok(())
    }
}

impl Drop for TcpServer {
    fn drop(&mut self) {
        self.refuse();
        self.connections.join();
    }
}

struct Acceptor {
    stopped: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Acceptor {
    fn start(listener: TcpListener, serve: Arc<Serve>, connections: Arc<Connections>) -> io::Result<Self> {
        let stopped = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stopped);
        let thread = thread::Builder::new().name("lb-test accept".into()).spawn(move || {
            for connection in listener.incoming() {
                if seen.load(Ordering::SeqCst) {
                    return;
                }
                if let Ok(stream) = connection {
                    connections.serve(stream, &serve);
                }
            }
        })?;
        Ok(Self { stopped, thread })
    }

    /// A blocked `accept` is woken by a connection; one that fails means that it was not blocked.
    fn stop(self, address: SocketAddr) {
        self.stopped.store(true, Ordering::SeqCst);
        drop(TcpStream::connect_timeout(&address, Duration::from_secs(1)));
        drop(self.thread.join());
    }
}

#[derive(Default)]
struct Connections {
    open: Mutex<Vec<Weak<Connection>>>,
    threads: Threads,
}

impl Connections {
    fn serve(&self, stream: TcpStream, serve: &Arc<Serve>) {
        let connection = Arc::new(Connection { stream, cut: AtomicBool::new(false) });
        {
            let mut open = lock(&self.open);
            open.retain(|connection| connection.strong_count() > 0);
            open.push(Arc::downgrade(&connection));
        }
        let serve = Arc::clone(serve);
        // Where no thread can be had the connection is closed.
        drop(self.threads.spawn("lb-test connection", move || serve(&connection)));
    }

    fn cut(&self) {
        for connection in lock(&self.open).drain(..).filter_map(|connection| connection.upgrade()) {
            connection.cut();
        }
    }

    fn join(&self) {
        self.threads.join();
    }
}

/// Threads that somebody will wait for.
#[derive(Default)]
pub(crate) struct Threads(Mutex<Vec<JoinHandle<()>>>);

impl Threads {
    pub(crate) fn spawn(&self, name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let thread = thread::Builder::new().name(name.into()).spawn(work)?;
        let mut threads = lock(&self.0);
        threads.retain(|thread| !thread.is_finished());
        threads.push(thread);
        Ok(())
    }

    /// Waits for all, those included that were started meanwhile.
    pub(crate) fn join(&self) {
        loop {
            let thread = lock(&self.0).pop();
            let Some(thread) = thread else { return };
            drop(thread.join());
        }
    }
}
