//! `Retry` and tower meet both ways.

mod support;

use std::sync::Arc;
use std::time::Duration;

use lb_core::{AsyncEndpoint, Context, EndpointCache, Instance};
use lb_retry::{Reason, Retry};
use lb_strategies::RoundRobin;
use lb_tower::{EndpointService, ServiceEndpoint};
use support::{Answer, Readiness, Scripted, assert_nothing_left, balance};
use tower::limit::ConcurrencyLimitLayer;
use tower::timeout::TimeoutLayer;
use tower::{ServiceBuilder, ServiceExt};

const SECOND: Duration = Duration::from_secs(1);

type RetryScripted = Retry<RoundRobin<Arc<EndpointCache<ServiceEndpoint<Scripted>>>>>;

/// Retry over two services, of which the first is told to do `answer` or to be of `readiness`.
fn retry(answer: Answer, readiness: Readiness) -> (RetryScripted, [Scripted; 2]) {
    let services = ["a:80", "b:80"].map(Scripted::new);
    services[0].set_answer(answer);
    services[0].set_readiness(readiness);
    let [a, b] = services.clone();
    let cache = Arc::new(EndpointCache::new(move |instance: &Instance| {
        let service = if instance.address() == "a:80" { &a } else { &b };
        Ok::<_, std::convert::Infallible>(ServiceEndpoint::new(service.clone()))
    }));
    cache.replace(["a:80", "b:80"]);
    let lb = RoundRobin::starting_at(cache, 0);
    let retry = Retry::builder(lb).max_attempts(2).timeout(4 * SECOND).attempt_timeout(SECOND).build();
    (retry.unwrap(), services)
}

#[tokio::test(start_paused = true)]
async fn retry_over_services_goes_on_to_another() {
    for (answer, readiness) in [
        (Answer::Refuse, Readiness::Ready),
        (Answer::Hang, Readiness::Ready),
        (Answer::Address, Readiness::Broken),
        (Answer::Address, Readiness::NotReady),
    ] {
        let (retry, services) = retry(answer, readiness);
        let response = AsyncEndpoint::call(&retry, &Context::background(), ()).await;
        assert_eq!(response.unwrap(), "b:80", "{answer:?}, {readiness:?}");
        drop(retry);
        assert!(services.iter().all(|service| service.handles() == 1));
    }
}

#[tokio::test(start_paused = true)]
async fn retry_under_tower_layers() {
    let (retry, _) = retry(Answer::Refuse, Readiness::Ready);
    let service = ServiceBuilder::new()
        .layer(TimeoutLayer::new(5 * SECOND))
        .layer(ConcurrencyLimitLayer::new(10))
        .service(EndpointService::new(retry));
    assert_eq!(service.oneshot(()).await.unwrap(), "b:80");
}

#[tokio::test(start_paused = true)]
async fn retry_over_a_balance_names_the_addresses() {
    let (balance, cache, services) = balance(["a:80", "b:80"]);
    for service in &services {
        service.set_answer(Answer::Refuse);
    }
    let publisher = lb_static::FixedPublisher::new([("all", ServiceEndpoint::new(balance))]);
    let retry = Retry::builder(RoundRobin::new(publisher)).max_attempts(2).timeout(SECOND).build().unwrap();
    let error = AsyncEndpoint::call(&retry, &Context::background(), ()).await.unwrap_err();
    assert_eq!(error.reason(), Reason::AttemptsExceeded);
    assert!(
        error.to_string().contains("a:80: refused") && error.to_string().contains("b:80: refused"),
        "{error}"
    );
    assert_nothing_left(&cache, &services);
}
