//! A gRPC server that can be killed, and brought back at the same address.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use hyper::Response;
use hyper::header::HeaderValue;
use loadbalancer::BoxError;
use tokio::runtime::{Builder, Runtime};
use tonic::body::Body;
use tonic::transport::server::TcpIncoming;
use tower::util::MapResponseLayer;

/// The response header in which a server tells its name.
pub(crate) const SERVER: &str = "server";

pub(crate) struct Server {
    name: &'static str,
    address: SocketAddr,
    /// Of its own, so that its connections die with it. `None` while it is dead.
    runtime: Option<Runtime>,
}

impl Server {
    /// Starts at a port that the system chooses.
    pub(crate) fn start(name: &'static str) -> io::Result<Self> {
        let mut server = Self { name, address: ([127, 0, 0, 1], 0).into(), runtime: None };
        server.bring_back()?;
        Ok(server)
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves the health service that comes with tonic, at the address it had before.
    pub(crate) fn bring_back(&mut self) -> io::Result<()> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let incoming = {
            let _entered = runtime.enter();
            TcpIncoming::bind(self.address)?
        };
        self.address = incoming.local_addr()?;
        let name = HeaderValue::from_static(self.name);
        let sign = MapResponseLayer::new(move |mut response: Response<Body>| {
            response.headers_mut().insert(SERVER, name.clone());
            response
        });
        let (_, health) = tonic_health::server::health_reporter();
        let server = tonic::transport::Server::builder().layer(sign).add_service(health);
        runtime.spawn(server.serve_with_incoming(incoming));
        self.runtime = Some(runtime);
        Ok(())
    }

    /// Cuts its connections, and refuses new ones.
    pub(crate) async fn kill(&mut self) -> Result<(), BoxError> {
        if let Some(runtime) = self.runtime.take() {
            let stop = move || runtime.shutdown_timeout(Duration::from_secs(10));
            tokio::task::spawn_blocking(stop).await?;
        }
        Ok(())
    }
}

impl Drop for Server {
    /// To drop a runtime is to wait for it, which must not be done inside another one.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
