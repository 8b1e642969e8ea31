//! A pick lives until its response is complete, and no longer.

mod support;

use std::convert::Infallible;

use lb_core::Instance;
use lb_strategies::RoundRobin;
use lb_tower::{Balance, TrackCompletion};
use support::{Answer, Readiness, assert_nothing_left, balance, poll_once, soon};
use tower::{Service, service_fn};

#[tokio::test(start_paused = true)]
async fn a_pick_ends_with_the_response() {
    let (mut balance, cache, services) = balance(["a:80"]);
    let mut call = Box::pin(balance.call(()));
    assert!(soon(call.as_mut()).await.is_ok());
    assert_nothing_left(&cache, &services);
    drop(call);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_ends_its_pick() {
    let (mut balance, cache, services) = balance(["a:80"]);
    services[0].set_answer(Answer::Refuse);
    assert!(soon(balance.call(())).await.is_err());
    assert_nothing_left(&cache, &services);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_call_leaves_nothing_behind() {
    let (mut balance, cache, services) = balance(["a:80", "b:80", "c:80"]);
    services[0].set_answer(Answer::Hang);
    let never_polled = balance.call(());
    let mut in_flight = Box::pin(balance.call(()));
    assert!(poll_once(in_flight.as_mut()).await.is_ready(), "b answers");
    let mut hanging = Box::pin({
        assert!(soon(balance.call(())).await.is_ok(), "c answers");
        balance.call(())
    });
    assert!(poll_once(hanging.as_mut()).await.is_pending());
    for service in &services {
        service.set_readiness(Readiness::NotReady);
    }
    let mut waiting = Box::pin(balance.call(()));
    assert!(poll_once(waiting.as_mut()).await.is_pending());
    drop((never_polled, in_flight, hanging, waiting));
    assert_nothing_left(&cache, &services);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_removed_during_a_call_lives_until_it_ends() {
    let (mut balance, cache, services) = balance(["a:80"]);
    services[0].set_answer(Answer::Hang);
    let mut call = Box::pin(balance.call(()));
    assert!(poll_once(call.as_mut()).await.is_pending());
    cache.replace(Vec::<Instance>::new());
    assert_eq!(services[0].handles(), 4, "the test, the factory, the call's future, and the pick");
    drop(call);
    assert_nothing_left(&cache, &services);
}

/// Hands out the pick with the response.
#[derive(Clone)]
struct Both;

impl<H, Res> TrackCompletion<H, Res> for Both {
    type Output = (H, Res);

    fn track_completion(&self, handle: H, response: Res) -> (H, Res) {
        (handle, response)
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_may_say_when_a_response_is_complete() {
    let service = service_fn(async |n: u32| Ok::<_, Infallible>(n));
    let publisher = lb_static::FixedPublisher::new([("a:80", service)]);
    let mut balance = Balance::new(RoundRobin::new(publisher)).track_completion(Both);
    let (pick, n) = soon(balance.call(7)).await.unwrap();
    assert_eq!((pick.address(), n), ("a:80", 7));
}
