//! What `Retry` records on the picks of its attempts, in every mode: the policy's word, once for each.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::bounded;
use lb_core::{
    BoxEndpoint, BoxError, Context, Endpoint, EndpointSet, Instance, LoadBalancer, Outcome, Reported, boxed,
    endpoint_fn,
};
use lb_retry::{AttemptEnd, AttemptResult, Policy, Retry, Verdict};
use lb_strategies::{HotCold, RoundRobin};
use lb_test::{PickEvent, PickRecorder, ScriptedPublisher};

type Http = BoxEndpoint<&'static str, u16, BoxError>;

/// An endpoint for each behaviour, by index, and what its observer was told.
fn observed(
    endpoints: impl IntoIterator<Item = Http>,
) -> (Arc<ScriptedPublisher<Http>>, Vec<Arc<PickRecorder>>) {
    let members =
        (0..).zip(endpoints).map(|(n, endpoint): (u16, _)| (Instance::new(format!("{n}:80")), endpoint));
    let (set, recorders) = PickRecorder::observe(&EndpointSet::new(members));
    let publisher = ScriptedPublisher::<Http>::new::<Instance>([]);
    publisher.set_endpoints(set);
    (Arc::new(publisher), recorders)
}

fn answering(status: u16) -> Http {
    boxed(endpoint_fn(move |_: &Context, _: &str| Ok(status)))
}

fn refusing() -> Http {
    boxed(endpoint_fn(|_: &Context, _: &str| Err("refused".into())))
}

fn panicking() -> Http {
    boxed(endpoint_fn(|_: &Context, _: &str| panic!("a fault of the endpoint's")))
}

/// A 503 is a failure of the endpoint, and the caller's response all the same.
struct ServerErrorsFail;

impl<Req: Clone> Policy<Req, u16, BoxError> for ServerErrorsFail {
    fn replay(&self, request: &Req) -> Option<Req> {
        Some(request.clone())
    }

    fn verdict(&self, end: &AttemptEnd<'_, u16, BoxError>) -> Verdict {
        match end.result() {
            AttemptResult::Response(_) => Verdict::Accept,
            _ => Verdict::Retry,
        }
    }

    fn outcome(&self, end: &AttemptEnd<'_, u16, BoxError>) -> Outcome {
        match end.result() {
            AttemptResult::Response(status) if *status < 500 => Outcome::Success,
            _ => Outcome::Failure,
        }
    }
}

#[test]
fn each_attempt_has_the_outcome_that_the_policy_says_once() {
    use Outcome::{Failure, Success};
    type Case = (&'static str, fn() -> Http, Outcome);
    let cases: [Case; 3] = [
        ("a response", || answering(200), Success),
        ("a response that the policy calls a failure", || answering(503), Failure),
        ("an error", refusing, Failure),
    ];
    for (case, endpoint, expected) in cases {
        for inline in [false, true] {
            let (publisher, recorders) = observed([endpoint()]);
            let builder = Retry::builder(RoundRobin::starting_at(publisher, 0))
                .max_attempts(1)
                .timeout(Duration::from_secs(30))
                .policy(ServerErrorsFail);
            let ctx = Context::background();
            let result = if inline {
                builder.build().unwrap().inline().call(&ctx, "/").map_err(|_| ())
            } else {
                builder.build().unwrap().call(&ctx, "/").map_err(|_| ())
            };
            assert_eq!(result.is_err(), case == "an error", "{case}, inline: {inline}");
            let events = [PickEvent::Picked, PickEvent::Recorded(expected), PickEvent::Dropped];
            assert_eq!(recorders[0].events(), events, "{case}, inline: {inline}");
        }
    }
}

/// Reads a load out of a response, as an HTTP policy would from a header.
struct SaysItsLoad;

impl Policy<&'static str, u16, BoxError> for SaysItsLoad {
    fn replay(&self, request: &&'static str) -> Option<&'static str> {
        Some(request)
    }

    fn verdict(&self, _: &AttemptEnd<'_, u16, BoxError>) -> Verdict {
        Verdict::Accept
    }

    fn report(&self, response: &u16) -> Option<Reported> {
        Some(Reported::new().with_in_flight(u32::from(*response)))
    }
}

#[test]
fn what_a_response_says_of_the_load_reaches_the_strategy() {
    let members = [("busy:80", answering(500)), ("idle:80", answering(1))];
    let lb = Arc::new(HotCold::builder(Arc::new(ScriptedPublisher::new(members))).seed(7).build());
    let retry = Retry::builder(Arc::clone(&lb)).policy(SaysItsLoad).build().unwrap().inline();
    for _ in 0..100 {
        retry.call(&Context::background(), "/").unwrap();
    }
    assert!((0..100).all(|_| lb.endpoint().unwrap().address() == "idle:80"));
}

#[test]
fn a_panic_is_a_failure_in_both_blocking_modes() {
    for inline in [false, true] {
        let (publisher, recorders) = observed([panicking()]);
        let retry = Retry::new(1, Duration::from_secs(30), RoundRobin::starting_at(publisher, 0));
        let ctx = Context::background();
        let call = || {
            if inline { retry.inline().call(&ctx, "/").is_ok() } else { retry.call(&ctx, "/").is_ok() }
        };
        assert!(catch_unwind(AssertUnwindSafe(call)).is_err(), "the panic is the caller's");
        assert_eq!(recorders[0].outcomes(), [Outcome::Failure], "inline: {inline}");
    }
}

#[test]
fn a_time_out_is_a_failure_when_it_happens_and_in_flight_until_the_endpoint_returns() {
    let (let_return, returns) = bounded::<()>(0);
    let (has_returned, returned) = bounded::<()>(1);
    let hanging = boxed(endpoint_fn(move |_: &Context, _: &str| {
        let _let_go = returns.recv();
        has_returned.send(()).unwrap();
        Ok(200)
    }));
    let (publisher, recorders) = observed([hanging]);
    let retry = Retry::new(1, Duration::from_millis(20), RoundRobin::starting_at(publisher, 0));
    assert!(retry.call(&Context::background(), "/").is_err());
    assert_eq!(recorders[0].outcomes(), [Outcome::Failure], "recorded though the endpoint has not returned");
    assert_eq!(recorders[0].in_flight(), 1, "it still works on the request");
    drop(let_return);
    returned.recv().unwrap();
    recorders[0].wait_for(3);
    let events = [PickEvent::Picked, PickEvent::Recorded(Outcome::Failure), PickEvent::Dropped];
    assert_eq!(recorders[0].events(), events, "its late response changes nothing");
}

#[test]
fn an_attempt_whose_caller_gave_up_is_cancelled() {
    let (ctx, canceller) = Context::background().with_cancel();
    let (let_return, returns) = bounded::<()>(0);
    let hanging = boxed(endpoint_fn(move |_: &Context, _: &str| {
        canceller.cancel();
        let _let_go = returns.recv();
        Ok(200)
    }));
    let (publisher, recorders) = observed([hanging]);
    let retry = Retry::new(1, Duration::from_secs(30), RoundRobin::starting_at(publisher, 0));
    assert!(retry.call(&ctx, "/").is_err());
    assert_eq!(recorders[0].outcomes(), [Outcome::Cancelled]);
    drop(let_return);
}

#[cfg(feature = "tokio")]
mod asynchronous {
    use std::future::pending;

    use lb_core::{AsyncEndpoint, BoxAsyncEndpoint, async_endpoint_fn};

    use super::*;

    type AsyncHttp = BoxAsyncEndpoint<u32, u16, BoxError>;

    fn observed(endpoint: AsyncHttp) -> (Arc<ScriptedPublisher<AsyncHttp>>, Arc<PickRecorder>) {
        let (set, recorders) = PickRecorder::observe(&EndpointSet::new([(Instance::new("a:80"), endpoint)]));
        let publisher = ScriptedPublisher::<AsyncHttp>::new::<Instance>([]);
        publisher.set_endpoints(set);
        (Arc::new(publisher), Arc::clone(&recorders[0]))
    }

    #[tokio::test(start_paused = true)]
    async fn the_policy_says_how_responses_errors_and_time_outs_are_recorded() {
        use Outcome::{Failure, Success};
        let response = |status: u16| {
            AsyncHttp::new(async_endpoint_fn(move |_: Context, _: u32| async move { Ok(status) }))
        };
        let hanging = AsyncHttp::new(async_endpoint_fn(|_: Context, _: u32| pending()));
        let cases = [(response(200), Success), (response(503), Failure), (hanging, Failure)];
        for (endpoint, expected) in cases {
            let (publisher, recorder) = observed(endpoint);
            let retry = Retry::builder(RoundRobin::starting_at(publisher, 0))
                .max_attempts(1)
                .timeout(Duration::from_secs(1))
                .policy(ServerErrorsFail)
                .build()
                .unwrap();
            let _result = AsyncEndpoint::call(&retry, &Context::background(), 1).await;
            let events = [PickEvent::Picked, PickEvent::Recorded(expected), PickEvent::Dropped];
            assert_eq!(recorder.events(), events);
        }
    }

    #[tokio::test]
    async fn a_dropped_call_is_cancelled_and_a_panic_is_a_failure() {
        let hanging = AsyncHttp::new(async_endpoint_fn(|_: Context, _: u32| pending()));
        let (publisher, recorder) = observed(hanging);
        let retry = Retry::new(1, Duration::from_secs(30), RoundRobin::starting_at(publisher, 0));
        let ctx = Context::background();
        let call = AsyncEndpoint::call(&retry, &ctx, 1);
        assert!(tokio::time::timeout(Duration::from_millis(10), call).await.is_err());
        assert_eq!(recorder.outcomes(), [Outcome::Cancelled]);

        let panicking = AsyncHttp::new(async_endpoint_fn(|_: Context, _: u32| async { panic!("a fault") }));
        let (publisher, recorder) = observed(panicking);
        let retry = Retry::new(1, Duration::from_secs(30), RoundRobin::starting_at(publisher, 0));
        let call = tokio::spawn(async move { AsyncEndpoint::call(&retry, &Context::background(), 1).await });
        assert!(call.await.unwrap_err().is_panic());
        assert_eq!(recorder.outcomes(), [Outcome::Failure]);
    }
}
