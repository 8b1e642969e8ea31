//! Tasks that send requests all the time, and what comes of these.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::body::Bytes;
use hyper::{Request, Response};
use loadbalancer::{AsyncEndpoint, BoxError, Context};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::client::{Attempts, Balanced};

pub(crate) const TASKS: usize = 16;
/// How long each task waits from a response to its next request.
const PAUSE: Duration = Duration::from_millis(5);

pub(crate) struct Load {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    outcomes: Mutex<Outcomes>,
    answered: Notify,
}

/// How requests ended.
#[derive(Default)]
pub(crate) struct Outcomes {
    /// How long the answered ones took, by the label of who answered.
    pub(crate) answered: BTreeMap<String, Vec<Duration>>,
    /// How many attempts followed a failed one.
    pub(crate) retries: usize,
    /// The errors of those that were not answered.
    pub(crate) lost: Vec<String>,
}

impl Load {
    pub(crate) fn start(balanced: Balanced) -> Self {
        let (balanced, shared) = (Arc::new(balanced), Arc::<Shared>::default());
        let mut tasks = JoinSet::new();
        for _ in 0..TASKS {
            tasks.spawn(send_requests(Arc::clone(&balanced), Arc::clone(&shared)));
        }
        Self { shared, tasks }
    }

    /// What happened so far.
    pub(crate) fn outcomes(&self) -> MutexGuard<'_, Outcomes> {
        self.shared.outcomes()
    }

    /// Waits until the server of this label has answered a request.
    pub(crate) async fn answered_by(&self, label: &str) -> Result<(), BoxError> {
        let waiting = async {
            loop {
                let answered = self.shared.answered.notified();
                if self.outcomes().answered.contains_key(label) {
                    return;
                }
                answered.await;
            }
        };
        timeout(Duration::from_secs(30), waiting)
            .await
            .map_err(|_| format!("{label} gets no requests").into())
    }

    /// Has each task finish its request, and then no longer send any.
    pub(crate) async fn stop(&mut self) -> Result<(), BoxError> {
        self.shared.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended?;
        }
        Ok(())
    }
}

async fn send_requests(balanced: Arc<Balanced>, shared: Arc<Shared>) {
    while !shared.stop.load(Ordering::Relaxed) {
        let attempts = Attempts::default();
        let mut request = Request::new(String::new());
        request.extensions_mut().insert(attempts.clone());
        let started = Instant::now();
        let result = balanced.call(&Context::background(), request).await;
        shared.note(started.elapsed(), attempts.retries(), result);
        sleep(PAUSE).await;
    }
}

impl Shared {
    fn note(&self, took: Duration, retries: usize, result: Result<Response<Bytes>, impl ToString>) {
        {
            let mut outcomes = self.outcomes();
            outcomes.retries += retries;
            match result {
                Ok(response) => {
                    let label = String::from_utf8_lossy(response.body()).into_owned();
                    outcomes.answered.entry(label).or_default().push(took);
                }
                Err(error) => outcomes.lost.push(error.to_string()),
            }
        }
        self.answered.notify_waiters();
    }

    fn outcomes(&self) -> MutexGuard<'_, Outcomes> {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
