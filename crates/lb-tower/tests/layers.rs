//! Layers of tower's on top of a `Balance`: when they call again, they reach another endpoint.

mod support;

use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lb_core::{PickRequest, Tried};
use lb_tower::{Balance, BalanceError};
use support::{Answer, First, assert_nothing_left, balance};
use tower::hedge::Hedge;
use tower::retry::{Policy, Retry};
use tower::timeout::Timeout;
use tower::{Service, ServiceExt, hedge};

/// A request that remembers where it failed.
#[derive(Clone, Debug, Default)]
struct Remembering {
    failed: Tried,
}

/// Retries up to three times, and notes where.
#[derive(Clone)]
struct NoteFailures(Arc<Mutex<Vec<String>>>);

impl Policy<Remembering, &'static str, BalanceError> for NoteFailures {
    type Future = Ready<()>;

    fn retry(
        &mut self,
        request: &mut Remembering,
        result: &mut Result<&'static str, BalanceError>,
    ) -> Option<Ready<()>> {
        let error = result.as_ref().err()?;
        let address = error.address()?.to_owned();
        request.failed.insert(error.id()?);
        let mut noted = self.0.lock().unwrap();
        noted.push(address);
        (noted.len() < 3).then(|| ready(()))
    }

    fn clone_request(&mut self, request: &Remembering) -> Option<Remembering> {
        Some(request.clone())
    }
}

#[tokio::test(start_paused = true)]
async fn retry_on_top_reaches_another_endpoint_by_the_tried_list() {
    let (_, cache, [a, b, _]) = balance(["a:80", "b:80", "c:80"]);
    a.set_answer(Answer::Refuse);
    b.set_answer(Answer::Refuse);
    let noted = Arc::default();
    let balance = Balance::new(First(cache))
        .pick_request(|request: &Remembering| PickRequest::new().with_tried(&request.failed));
    let retry = Retry::new(NoteFailures(Arc::clone(&noted)), balance);
    assert_eq!(retry.oneshot(Remembering::default()).await.unwrap(), "c:80");
    assert_eq!(*noted.lock().unwrap(), ["a:80", "b:80"]);
}

/// Sends every request again.
#[derive(Clone)]
struct Always;

impl hedge::Policy<()> for Always {
    fn clone_request(&self, (): &()) -> Option<()> {
        Some(())
    }

    fn can_retry(&self, (): &()) -> bool {
        true
    }
}

#[tokio::test(start_paused = true)]
async fn hedge_on_top_reaches_another_endpoint() {
    let (balance, cache, services) = balance(["a:80", "b:80"]);
    services[0].set_answer(Answer::Hang);
    let latencies = [100; 10];
    let hedge = Hedge::new_with_mock_latencies(balance, Always, 1, 0.9, Duration::from_secs(60), &latencies);
    assert_eq!(hedge.oneshot(()).await.unwrap(), "b:80");
    assert_eq!(services[0].calls(), 1);
    assert_nothing_left(&cache, &services);
}

#[tokio::test(start_paused = true)]
async fn timeout_on_top_ends_a_call_and_its_pick() {
    let (balance, cache, services) = balance(["a:80", "b:80"]);
    services[0].set_answer(Answer::Hang);
    let mut timeout = Timeout::new(balance, Duration::from_secs(1));
    assert!(timeout.call(()).await.unwrap_err().is::<tower::timeout::error::Elapsed>());
    assert_eq!(timeout.call(()).await.unwrap(), "b:80");
    drop(timeout);
    assert_nothing_left(&cache, &services);
}
