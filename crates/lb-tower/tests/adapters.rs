//! Services as endpoints, endpoints as services.

mod support;

use std::convert::Infallible;

use lb_core::{AsyncEndpoint, Context, LoadBalancer, async_endpoint_fn};
use lb_static::FixedPublisher;
use lb_strategies::RoundRobin;
use lb_tower::{Balance, EndpointService, ServiceEndpoint};
use support::{Answer, Readiness, Scripted, assert_nothing_left, balance, poll_once, soon};
use tower::ServiceExt;

#[tokio::test(start_paused = true)]
async fn a_service_is_an_endpoint() {
    let lb = RoundRobin::new(FixedPublisher::new([("a:80", ServiceEndpoint::new(Scripted::new("a:80")))]));
    let pick = lb.endpoint().unwrap();
    assert_eq!(soon(pick.call(&Context::background(), ())).await.unwrap(), "a:80");
}

#[tokio::test(start_paused = true)]
async fn a_service_endpoint_waits_until_its_service_is_ready() {
    let service = Scripted::new("a:80");
    let endpoint = ServiceEndpoint::new(service.clone());
    service.set_readiness(Readiness::NotReady);
    let ctx = Context::background();
    let mut call = Box::pin(endpoint.call(&ctx, ()));
    assert!(poll_once(call.as_mut()).await.is_pending());
    service.set_readiness(Readiness::Ready);
    assert_eq!(soon(call).await.unwrap(), "a:80");
}

#[tokio::test(start_paused = true)]
async fn a_service_endpoint_fails_as_its_service_does() {
    let service = Scripted::new("a:80");
    let endpoint = ServiceEndpoint::new(service.clone());
    service.set_answer(Answer::Refuse);
    assert_eq!(soon(endpoint.call(&Context::background(), ())).await.unwrap_err().to_string(), "refused");
    service.set_readiness(Readiness::Broken);
    assert_eq!(soon(endpoint.call(&Context::background(), ())).await.unwrap_err().to_string(), "broken");
}

#[tokio::test(start_paused = true)]
async fn dropping_a_call_of_a_service_endpoint_cancels_it() {
    let service = Scripted::new("a:80");
    let endpoint = ServiceEndpoint::new(service.clone());
    service.set_answer(Answer::Hang);
    let ctx = Context::background();
    let mut call = Box::pin(endpoint.call(&ctx, ()));
    assert!(poll_once(call.as_mut()).await.is_pending());
    drop(call);
    assert_eq!(service.handles(), 2, "the test's and the endpoint's");
}

#[tokio::test(start_paused = true)]
async fn a_balance_is_an_endpoint_too() {
    let (balance, cache, services) = balance(["a:80", "b:80"]);
    let endpoint = ServiceEndpoint::new(balance);
    let ctx = Context::background();
    assert_eq!(soon(endpoint.call(&ctx, ())).await.unwrap(), "a:80");
    assert_eq!(soon(endpoint.call(&ctx, ())).await.unwrap(), "b:80");
    assert_nothing_left(&cache, &services);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_is_a_service() {
    let service =
        EndpointService::new(async_endpoint_fn(
            |_: Context, n: u32| async move { Ok::<_, Infallible>(2 * n) },
        ));
    assert_eq!(service.clone().oneshot(21).await, Ok(42));
    let balance = Balance::new(RoundRobin::new(FixedPublisher::new([("a:80", service)])));
    assert_eq!(tokio::spawn(balance.oneshot(4)).await.unwrap().unwrap(), 8);
}
