//! A service that is not ready is passed over; one that fails or hangs costs its own call.

mod support;

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use lb_core::{PickRequest, Publisher, Tried};
use lb_tower::BalanceError;
use support::{Answer, Readiness, assert_nothing_left, balance, poll_once, soon};
use tower::Service;
use tower::limit::ConcurrencyLimit;

#[tokio::test(start_paused = true)]
async fn a_service_that_is_not_ready_is_passed_over_for_another() {
    let (mut balance, cache, services) = balance(["a:80", "b:80"]);
    services[0].set_readiness(Readiness::NotReady);
    for _ in 0..10 {
        assert_eq!(soon(balance.call(())).await.unwrap(), "b:80");
    }
    assert_eq!(services[0].calls(), 0);
    assert_nothing_left(&cache, &services);
}

#[tokio::test(start_paused = true)]
async fn two_others_are_asked_and_no_more() {
    let (mut balance, _, services) = balance(["a:80", "b:80", "c:80", "d:80"]);
    for service in &services[..2] {
        service.set_readiness(Readiness::NotReady);
    }
    assert_eq!(soon(balance.call(())).await.unwrap(), "c:80");

    // The strategy goes on with d and a: the third to be asked is b.
    services[2].set_readiness(Readiness::NotReady);
    services[3].set_readiness(Readiness::NotReady);
    let mut call = pin!(balance.call(()));
    assert!(poll_once(call.as_mut()).await.is_pending());
    services[2].set_readiness(Readiness::Ready);
    assert!(poll_once(call.as_mut()).await.is_pending(), "c is the fourth and was not asked");
    services[1].set_readiness(Readiness::Ready);
    assert_eq!(soon(call).await.unwrap(), "b:80");
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_for_whichever_gets_ready_first() {
    for winner in 0..3 {
        let (mut balance, cache, services) = balance(["a:80", "b:80", "c:80"]);
        for service in &services {
            service.set_readiness(Readiness::NotReady);
        }
        let call = tokio::spawn(balance.call(()));
        tokio::task::yield_now().await;
        assert!(!call.is_finished());
        services[winner].set_readiness(Readiness::Ready);
        assert_eq!(soon(call).await.unwrap().unwrap(), ["a:80", "b:80", "c:80"][winner]);
        assert_nothing_left(&cache, &services);
    }
}

#[tokio::test(start_paused = true)]
async fn the_only_endpoint_is_waited_for() {
    let (mut balance, _, [service]) = balance(["a:80"]);
    service.set_readiness(Readiness::NotReady);
    let call = tokio::spawn(balance.call(()));
    tokio::task::yield_now().await;
    assert!(!call.is_finished());
    service.set_readiness(Readiness::Ready);
    assert_eq!(soon(call).await.unwrap().unwrap(), "a:80");
}

#[tokio::test(start_paused = true)]
async fn what_the_request_has_tried_is_no_alternative() {
    let (balance, cache, services) = balance(["a:80", "b:80"]);
    services[0].set_readiness(Readiness::NotReady);
    let mut b_was_tried = Tried::new();
    b_was_tried.insert(cache.endpoints().unwrap().id_at(1).unwrap());
    let mut balance = balance.pick_request(|tried: &Tried| PickRequest::new().with_tried(tried));
    let mut call = pin!(balance.call(b_was_tried));
    assert!(poll_once(call.as_mut()).await.is_pending());
    assert_eq!(services[1].calls(), 0);
    services[0].set_readiness(Readiness::Ready);
    assert_eq!(soon(call).await.unwrap(), "a:80");
}

#[tokio::test(start_paused = true)]
async fn case_32_a_poll_ready_that_fails_is_passed_over_and_its_endpoint_made_anew() {
    let (mut balance, cache, services) = balance(["a:80", "b:80"]);
    let before = cache.endpoints().unwrap().id_at(0);
    services[0].set_readiness(Readiness::Broken);
    for _ in 0..10 {
        assert_eq!(soon(balance.call(())).await.unwrap(), "b:80");
    }
    services[0].set_readiness(Readiness::Ready);
    cache.replace(["a:80", "b:80"]);
    assert_ne!(cache.endpoints().unwrap().id_at(0), before, "the next replace makes it anew");
    assert_nothing_left(&cache, &services);
}

#[tokio::test(start_paused = true)]
async fn case_32_of_one_that_is_not_ready_and_a_closed_one_the_first_is_waited_for() {
    let (mut balance, _, services) = balance(["a:80", "b:80"]);
    services[0].set_readiness(Readiness::NotReady);
    services[1].set_readiness(Readiness::Broken);
    let call = tokio::spawn(balance.call(()));
    tokio::task::yield_now().await;
    assert!(!call.is_finished());
    services[0].set_readiness(Readiness::Ready);
    assert_eq!(soon(call).await.unwrap().unwrap(), "a:80");
}

#[tokio::test(start_paused = true)]
async fn case_32_when_all_have_failed_the_call_fails() {
    let (mut balance, cache, services) = balance(["a:80", "b:80", "c:80"]);
    for service in &services {
        service.set_readiness(Readiness::Broken);
    }
    let error = soon(balance.call(())).await.unwrap_err();
    assert!(matches!(&error, BalanceError::NotReady { .. }), "{error:?}");
    assert!(error.is_unavailable());
    assert_nothing_left(&cache, &services);
}

#[tokio::test(start_paused = true)]
async fn a_poll_ready_that_fails_while_it_is_waited_for_names_its_address() {
    let (mut balance, cache, services) = balance(["a:80", "b:80"]);
    for service in &services {
        service.set_readiness(Readiness::NotReady);
    }
    let mut call = Box::pin(balance.call(()));
    assert!(poll_once(call.as_mut()).await.is_pending());
    services[1].set_readiness(Readiness::Broken);
    assert!(poll_once(call.as_mut()).await.is_pending(), "the other is waited for");
    services[0].set_readiness(Readiness::Broken);
    let error = soon(call.as_mut()).await.unwrap_err();
    assert!(matches!(&error, BalanceError::NotReady { address, .. } if &**address == "a:80"), "{error:?}");
    drop(call);
    assert_nothing_left(&cache, &services);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_never_gets_ready_costs_no_call_while_another_has_room() {
    let (mut balance, _, services) = balance(["a:80", "b:80"]);
    services[0].set_readiness(Readiness::NotReady);
    services[1].set_readiness(Readiness::NotReady);
    let stuck = tokio::time::timeout(Duration::from_secs(1), balance.call(())).await;
    assert!(stuck.is_err(), "both are stuck: the caller's timeout ends the call");
    services[1].set_readiness(Readiness::Ready);
    let goes_on = tokio::time::timeout(Duration::from_secs(1), balance.call(())).await;
    assert_eq!(goes_on.unwrap().unwrap(), "b:80");
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_at_its_concurrency_limit_is_passed_over() {
    let (_, _, [a, b]) = balance(["a:80", "b:80"]);
    a.set_answer(Answer::Hang);
    let publisher = lb_static::FixedPublisher::new([
        ("a:80", ConcurrencyLimit::new(a.clone(), 1)),
        ("b:80", ConcurrencyLimit::new(b, 1)),
    ]);
    let mut balance = lb_tower::Balance::new(lb_strategies::RoundRobin::starting_at(publisher, 0));
    let mut first = pin!(balance.call(()));
    assert!(poll_once(first.as_mut()).await.is_pending());
    for _ in 0..4 {
        assert_eq!(soon(balance.call(())).await.unwrap(), "b:80");
    }
    assert_eq!(a.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_polled_after_its_end_stays_pending() {
    let (mut balance, ..) = balance([]);
    let mut call = pin!(balance.call(()));
    assert!(matches!(poll_once(call.as_mut()).await, Poll::Ready(Err(BalanceError::Pick { .. }))));
    assert!(poll_once(call.as_mut()).await.is_pending());
}
