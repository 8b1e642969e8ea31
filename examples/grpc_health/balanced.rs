//! A gRPC channel over a load balancer: this is the part to copy.

use std::collections::HashMap;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use loadbalancer::{
    Balance, BalanceError, BoxError, CompleteOnBody, DnsSrvPublisher, EndpointId, Instance, PickRequest,
    Refresh, RoundRobin, RuntimeBound, ToPickRequest, Tried, on_runtime,
};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout};
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

/// For how long whoever failed is not picked, as long as there are others.
const COOL_DOWN: Duration = Duration::from_millis(100);

/// What generated clients take as their channel.
pub(crate) type Balanced =
    Balance<RoundRobin<DnsSrvPublisher<RuntimeBound<Channel>>>, Failed, CompleteOnBody>;

/// A channel to the instances behind `name`.
pub(crate) async fn balanced(name: &str, dns: SocketAddr, failed: Failed) -> Result<Balanced, BoxError> {
    // Discovery makes its endpoints on a thread of its own; without a runtime there `connect_lazy` would panic.
    let factory = on_runtime(Handle::current(), |instance: &Instance| {
        endpoint(instance.address()).map(|endpoint| endpoint.connect_lazy())
    });
    let publisher = DnsSrvPublisher::builder(name)
        .name_server(dns)
        .resolve_targets(true)
        .refresh(Refresh::Every(Duration::from_secs(1)))
        .start(factory)?;
    timeout(Duration::from_secs(10), publisher.ready()).await??;
    // A gRPC call is complete when its body is: a stream keeps its pick until it ends.
    let balance = Balance::new(RoundRobin::new(publisher));
    Ok(balance.pick_request_by(failed).track_completion(CompleteOnBody))
}

/// One server's settings.
pub(crate) fn endpoint(address: impl std::fmt::Display) -> Result<Endpoint, tonic::transport::Error> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
    Ok(endpoint.connect_timeout(Duration::from_secs(2)).timeout(Duration::from_secs(5)))
}

/// Who failed lately; shared by all clones.
#[derive(Clone, Default)]
pub(crate) struct Failed(Arc<Mutex<HashMap<EndpointId, Instant>>>);

impl Failed {
    /// Remembers whom an error names, and says whether it names one.
    pub(crate) fn note(&self, status: &Status) -> bool {
        let error = status.source().and_then(|source| source.downcast_ref());
        let Some(id) = error.and_then(BalanceError::id) else { return false };
        self.lock().insert(id, Instant::now());
        true
    }

    fn lately(&self) -> Tried {
        let mut failed = self.lock();
        failed.retain(|_, at| at.elapsed() < COOL_DOWN);
        let mut tried = Tried::new();
        failed.keys().for_each(|id| tried.insert(*id));
        tried
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<EndpointId, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Req> ToPickRequest<Req> for Failed {
    fn with_pick_request<T>(&self, _: &Req, pick: impl FnOnce(&PickRequest<'_>) -> T) -> T {
        pick(&PickRequest::new().with_tried(&self.lately()))
    }
}
