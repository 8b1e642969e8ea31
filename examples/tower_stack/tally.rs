//! Counts what happens.

use std::collections::BTreeMap;
use std::error::Error;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use loadbalancer::BalanceError;

/// Its clones count together.
#[derive(Clone, Default)]
pub(crate) struct Tally(Arc<Shared>);

#[derive(Default)]
struct Shared {
    servers: Mutex<BTreeMap<String, Counts>>,
    in_flight: AtomicUsize,
    peak: AtomicUsize,
}

/// Of one server.
#[derive(Clone, Default)]
pub(crate) struct Counts {
    pub(crate) answers: usize,
    pub(crate) failures: usize,
    pub(crate) last_error: String,
}

impl Tally {
    pub(crate) fn answer(&self, address: &str) {
        self.servers().entry(address.to_owned()).or_default().answers += 1;
    }

    pub(crate) fn failure(&self, error: &BalanceError) {
        let mut servers = self.servers();
        let counts = servers.entry(error.address().unwrap_or_default().to_owned()).or_default();
        counts.failures += 1;
        counts.last_error = causes(error);
    }

    pub(crate) fn counts(&self, address: &str) -> Counts {
        self.servers().get(address).cloned().unwrap_or_default()
    }

    /// All the failures there were.
    pub(crate) fn failures(&self) -> usize {
        self.servers().values().map(|counts| counts.failures).sum()
    }

    /// How many futures were in flight at most.
    pub(crate) fn peak(&self) -> usize {
        self.0.peak.load(Ordering::Relaxed)
    }

    /// A future that is counted until it has ended or is dropped.
    pub(crate) fn count_in_flight<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        let in_flight = InFlight::begin(&self.0);
        async move {
            let _in_flight = in_flight;
            future.await
        }
    }

    fn servers(&self) -> MutexGuard<'_, BTreeMap<String, Counts>> {
        self.0.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct InFlight(Arc<Shared>);

impl InFlight {
    fn begin(shared: &Arc<Shared>) -> Self {
        let in_flight = 1 + shared.in_flight.fetch_add(1, Ordering::Relaxed);
        shared.peak.fetch_max(in_flight, Ordering::Relaxed);
        Self(Arc::clone(shared))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An error with all that led to it.
fn causes(error: &dyn Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    // Some wrappers repeat what they wrap.
    texts.dedup_by(|this, before| before.ends_with(this.as_str()));
    texts.join(": ")
}
