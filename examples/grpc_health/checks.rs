//! Sends health checks, and counts what comes of them.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use loadbalancer::BoxError;
use tokio::time::{Instant, timeout};
use tonic::{Response, Status};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::balanced::Failed;
use crate::server::SERVER;

pub(crate) const ATTEMPTS: usize = 3;

/// How checks ended.
#[derive(Default)]
pub(crate) struct Tally {
    /// By server.
    pub(crate) answered: BTreeMap<String, usize>,
    pub(crate) failed: usize,
    /// Those of them whose error says which server it was.
    pub(crate) named: usize,
    pub(crate) lost: usize,
    /// The last error.
    pub(crate) error: Option<String>,
}

/// One client; `F` sends one check.
pub(crate) struct Checks<F> {
    check: F,
    failed: Failed,
    tally: Tally,
}

impl<F> Checks<F>
where
    F: AsyncFnMut(HealthCheckRequest) -> Result<Response<HealthCheckResponse>, Status>,
{
    pub(crate) fn new(failed: Failed, check: F) -> Self {
        Self { check, failed, tally: Tally::default() }
    }

    pub(crate) async fn send(&mut self, checks: usize) {
        for _ in 0..checks {
            self.send_one().await;
        }
    }

    /// Sends checks until one is answered by `server`, and returns how long that took.
    pub(crate) async fn send_until_answered_by(&mut self, server: &str) -> Result<Duration, BoxError> {
        let (started, before) = (Instant::now(), self.answered_by(server));
        let sending = async {
            while self.answered_by(server) == before {
                self.send_one().await;
            }
        };
        timeout(Duration::from_secs(30), sending).await.map_err(|_| format!("{server} is not used again"))?;
        Ok(started.elapsed())
    }

    /// Takes what was counted since it was last taken.
    pub(crate) fn take(&mut self) -> Tally {
        std::mem::take(&mut self.tally)
    }

    async fn send_one(&mut self) {
        for _ in 0..ATTEMPTS {
            match (self.check)(HealthCheckRequest::default()).await {
                Ok(response) => {
                    let server = response.metadata().get(SERVER).and_then(|name| name.to_str().ok());
                    *self.tally.answered.entry(server.unwrap_or("?").to_owned()).or_default() += 1;
                    return;
                }
                Err(status) => {
                    self.tally.failed += 1;
                    self.tally.named += usize::from(self.failed.note(&status));
                    self.tally.error = Some(causes(&status));
                }
            }
        }
        self.tally.lost += 1;
    }

    fn answered_by(&self, server: &str) -> usize {
        self.tally.answered.get(server).copied().unwrap_or_default()
    }
}

/// What a status prints, without its debug output, and what led to it.
fn causes(status: &Status) -> String {
    let mut texts = Vec::new();
    let mut cause = status.source();
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    if texts.is_empty() {
        texts.push(status.message().to_owned());
    }
    // Some wrappers repeat what they wrap.
    texts.dedup_by(|this, before| before.ends_with(this.as_str()));
    texts.join(": ")
}
