//! Servers, and the DNS server that names them.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use lb_test::{DnsServer, Record};
use loadbalancer::BoxError;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

pub(crate) const NAME: &str = "_http._tcp.example.";
/// How long a server works on a request.
const WORK: Duration = Duration::from_millis(2);

pub(crate) struct Cluster {
    dns: DnsServer,
    servers: Vec<Server>,
}

impl Cluster {
    pub(crate) async fn start(names: impl IntoIterator<Item = &'static str>) -> Result<Self, BoxError> {
        let mut cluster = Self { dns: DnsServer::start()?, servers: Vec::new() };
        for name in names {
            cluster.servers.push(Server::start(name, 1).await?);
        }
        cluster.publish();
        Ok(cluster)
    }

    pub(crate) fn dns(&self) -> SocketAddr {
        self.dns.address()
    }

    /// Stops a server, and starts its next version at another port, whose label it returns. DNS, and with it the client,
    /// learns of it afterwards.
    pub(crate) async fn restart(&mut self, index: usize) -> Result<String, BoxError> {
        let old = self.servers.remove(index);
        let (name, version) = (old.name, old.version + 1);
        old.stop().await?;
        self.servers.insert(index, Server::start(name, version).await?);
        self.publish();
        Ok(label(name, version))
    }

    fn publish(&self) {
        for server in &self.servers {
            self.dns.set(&server.host(), [Record::a([127, 0, 0, 1])]);
        }
        let records = self.servers.iter().map(|s| Record::srv(0, 1, s.address.port(), &s.host()));
        self.dns.set(NAME, records);
    }
}

struct Server {
    name: &'static str,
    version: u32,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Server {
    /// A server that answers with its label.
    async fn start(name: &'static str, version: u32) -> Result<Self, BoxError> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let handler = async move || {
            sleep(WORK).await;
            label(name, version)
        };
        let (stop, stopped) = oneshot::channel();
        let serve = axum::serve(listener, Router::new().route("/", get(handler)));
        let serve = serve.with_graceful_shutdown(async { drop(stopped.await) });
        Ok(Self { name, version, address, stop, task: tokio::spawn(serve.into_future()) })
    }

    /// Answers what it has begun to, and ends.
    async fn stop(self) -> Result<(), BoxError> {
        drop(self.stop);
        timeout(Duration::from_secs(30), self.task).await???;
        Ok(())
    }

    fn host(&self) -> String {
        format!("{}.example.", self.name)
    }
}

fn label(name: &str, version: u32) -> String {
    format!("{name} v{version}")
}
