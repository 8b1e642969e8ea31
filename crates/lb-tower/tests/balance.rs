//! What a call through `Balance` is: a pick of its own, named in errors.

mod support;

use std::error::Error as _;
use std::io;
use std::sync::Arc;

use lb_core::{Endpoints, Error, LoadBalancer, Pick, PickRequest, Publisher, Tried};
use lb_strategies::RoundRobin;
use lb_tower::{Balance, BalanceError};
use support::{Answer, First, Readiness, Scripted, balance, soon};
use tower::{Service, ServiceExt};

#[tokio::test(start_paused = true)]
async fn every_call_is_a_pick_of_its_own() {
    let (mut balance, ..) = balance(["a:80", "b:80", "c:80"]);
    let mut answers = Vec::new();
    for _ in 0..4 {
        answers.push(soon(balance.call(())).await.unwrap());
    }
    assert_eq!(answers, ["a:80", "b:80", "c:80", "a:80"]);
}

#[tokio::test(start_paused = true)]
async fn clones_share_one_load_balancer() {
    let (balance, ..) = balance(["a:80", "b:80"]);
    assert_eq!(soon(balance.clone().oneshot(())).await.unwrap(), "a:80");
    assert_eq!(soon(balance.clone().oneshot(())).await.unwrap(), "b:80");
}

#[test]
fn it_is_shared_without_a_buffer() {
    fn shared<T: Clone + Send + Sync + 'static>(_: &T) {}
    fn sent<T: Send + 'static>(_: &T) {}
    let (mut balance, ..) = balance(["a:80"]);
    shared(&balance);
    sent(&balance.call(()));
}

#[tokio::test(start_paused = true)]
async fn an_empty_set_is_an_error_at_once() {
    let (mut balance, ..) = balance([]);
    let error = ServiceExt::<()>::ready(&mut balance).await.unwrap().call(()).await.unwrap_err();
    assert!(matches!(error, BalanceError::Pick { source: Error::NoEndpoints, .. }), "{error:?}");
    assert_eq!(error.to_string(), "no endpoints available");
    assert_eq!(error.address(), None);
}

#[tokio::test(start_paused = true)]
async fn a_removed_endpoint_gets_no_call_and_a_new_one_gets_its_share() {
    let (mut balance, cache, _) = balance(["a:80", "b:80"]);
    cache.replace(["b:80"]);
    assert_eq!(soon(balance.call(())).await.unwrap(), "b:80");
    cache.replace(["a:80"]);
    assert_eq!(soon(balance.call(())).await.unwrap(), "a:80");
}

/// A publisher whose discovery has not answered.
struct Silent;

impl Publisher for Silent {
    type Endpoint = Scripted;

    fn endpoints(&self) -> Result<Endpoints<Scripted>, Error> {
        Err(Error::NotReady)
    }
}

#[tokio::test(start_paused = true)]
async fn a_publisher_that_is_not_ready_is_an_error_at_once() {
    let error = Balance::new(RoundRobin::new(Silent)).oneshot(()).await.unwrap_err();
    assert!(matches!(error, BalanceError::Pick { source: Error::NotReady, .. }), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn case_33c_an_error_without_an_endpoint_names_the_service_and_counts_as_unavailable() {
    struct Named;
    impl LoadBalancer for Named {
        type Endpoint = Scripted;
        fn name(&self) -> Option<&str> {
            Some("api.example")
        }
        fn pick(&self, _: &PickRequest<'_>) -> Result<Pick<Scripted>, Error> {
            Err(Error::NoEndpoints)
        }
    }
    let error = Balance::new(Named).oneshot(()).await.unwrap_err();
    assert_eq!(error.to_string(), "api.example: no endpoints available");
    assert!(error.is_unavailable());
    assert!(error.source().unwrap().is::<Error>());
}

#[tokio::test(start_paused = true)]
async fn errors_name_the_address_and_keep_the_source() {
    let (mut balance, _, [service]) = balance(["10.0.0.1:80"]);
    service.set_answer(Answer::Refuse);
    let refused = soon(balance.call(())).await.unwrap_err();
    assert!(matches!(refused, BalanceError::Call { .. }));
    assert_eq!(refused.to_string(), "10.0.0.1:80: refused");
    assert_eq!(refused.address(), Some("10.0.0.1:80"));
    assert!(refused.source().unwrap().is::<io::Error>());

    service.set_readiness(Readiness::Broken);
    let broken = soon(balance.call(())).await.unwrap_err();
    assert!(matches!(broken, BalanceError::NotReady { .. }));
    assert_eq!(broken.to_string(), "10.0.0.1:80: not ready: broken");
    assert_eq!(broken.address(), Some("10.0.0.1:80"));
    assert!(broken.source().unwrap().is::<io::Error>());
}

/// Picks the member that the key says.
struct ByKey<P>(P);

impl<P: Publisher> LoadBalancer for ByKey<P> {
    type Endpoint = P::Endpoint;

    fn pick(&self, request: &PickRequest<'_>) -> Result<Pick<P::Endpoint>, Error> {
        let set = self.0.endpoints()?;
        let index = request.key().and_then(|key| usize::try_from(key).ok());
        index.and_then(|index| set.pick(index)).ok_or(Error::NoEndpoints)
    }
}

#[tokio::test(start_paused = true)]
async fn pick_request_hands_the_key_to_the_strategy() {
    let (_, cache, _) = balance(["a:80", "b:80", "c:80"]);
    let mut balance =
        Balance::new(ByKey(cache)).pick_request(|user: &u64| PickRequest::new().with_key(*user));
    assert_eq!(soon(balance.call(2)).await.unwrap(), "c:80");
    assert_eq!(soon(balance.call(0)).await.unwrap(), "a:80");
}

#[tokio::test(start_paused = true)]
async fn pick_request_may_borrow_the_tried_list_from_the_request() {
    let (_, cache, _) = balance(["a:80", "b:80"]);
    let mut tried = Tried::new();
    tried.insert(cache.endpoints().unwrap().id_at(0).unwrap());
    let mut balance =
        Balance::new(First(cache)).pick_request(|tried: &Tried| PickRequest::new().with_tried(tried));
    assert_eq!(soon(balance.call(Tried::new())).await.unwrap(), "a:80");
    assert_eq!(soon(balance.call(tried)).await.unwrap(), "b:80");
}

#[tokio::test(start_paused = true)]
async fn an_erased_load_balancer_works() {
    let (_, cache, _) = balance(["a:80"]);
    let erased: Arc<dyn LoadBalancer<Endpoint = Scripted>> = Arc::new(RoundRobin::new(cache));
    assert_eq!(Balance::new(erased).oneshot(()).await.unwrap(), "a:80");
}
