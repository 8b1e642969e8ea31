//! Which endpoints are tried, and how often.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lb_core::{Context, Error, LoadBalancer, Pick, PickRequest};
use lb_retry::{Backoff, Cause, Reason, Retry};
use lb_strategies::RoundRobin;
use lb_test::ScriptedPublisher;

use crate::driver::{Driver, Fake, Recorder, every_driver};

const LONG: Duration = Duration::from_secs(60);
const ABC: [&str; 3] = ["a:80", "b:80", "c:80"];

fn short() -> Backoff {
    Backoff::new(Duration::from_nanos(1), Duration::from_nanos(1)).unwrap()
}

every_driver!(
    a_first_attempt_that_succeeds_is_the_only_one,
    up_to_max_attempts_in_all_until_one_succeeds,
    each_attempt_is_a_new_pick_that_avoids_addresses_already_tried,
    when_all_were_tried_the_tried_list_is_cleared_and_they_are_tried_again,
    a_pick_that_fails_is_a_failed_attempt,
    an_empty_set_that_fills_while_the_request_backs_off_is_used,
    an_endpoints_panic_reaches_the_caller,
);

fn a_first_attempt_that_succeeds_is_the_only_one<D: Driver>() {
    let (lb, log) = Recorder::of(ABC, &Fake::echoing());
    assert_eq!(D::send(Retry::new(3, LONG, lb), &Context::background(), 42).unwrap(), 42);
    assert_eq!(log.lock().unwrap().len(), 1);
}

fn up_to_max_attempts_in_all_until_one_succeeds<D: Driver>() {
    for (max, succeeds) in [(1, false), (2, false), (3, true), (9, true)] {
        let members = [("a:80", Fake::refusing()), ("b:80", Fake::refusing()), ("c:80", Fake::echoing())];
        let (lb, log) = Recorder::new(members);
        let result = D::send(Retry::new(max, LONG, lb), &Context::background(), 42);
        assert_eq!(result.is_ok(), succeeds, "{max}");
        assert_eq!(log.lock().unwrap().len(), max.min(3) as usize);
    }
}

fn each_attempt_is_a_new_pick_that_avoids_addresses_already_tried<D: Driver>() {
    let (lb, log) = Recorder::of(ABC, &Fake::refusing());
    let error = D::send(Retry::new(3, LONG, lb), &Context::background(), 42).unwrap_err();
    let addresses: Vec<_> = error.attempts().iter().filter_map(|attempt| attempt.address()).collect();
    assert_eq!(addresses, ABC);
    let tried: Vec<_> = log.lock().unwrap().iter().map(|(_, tried)| tried.clone()).collect();
    assert_eq!(tried, [vec![], vec!["a:80"], vec!["a:80", "b:80"]]);
}

fn when_all_were_tried_the_tried_list_is_cleared_and_they_are_tried_again<D: Driver>() {
    let (lb, log) = Recorder::of(["a:80", "b:80"], &Fake::refusing());
    let retry = Retry::builder(lb).max_attempts(4).timeout(LONG).backoff(short()).build().unwrap();
    let error = D::send(retry, &Context::background(), 42).unwrap_err();
    let mut addresses: Vec<_> = error.attempts().iter().filter_map(|attempt| attempt.address()).collect();
    addresses.sort_unstable();
    assert_eq!(addresses, ["a:80", "a:80", "b:80", "b:80"]);
    let tried: Vec<_> = log.lock().unwrap().iter().map(|(_, tried)| tried.len()).collect();
    assert_eq!(tried, [0, 1, 2, 0, 1]);
}

fn a_pick_that_fails_is_a_failed_attempt<D: Driver>() {
    let (lb, log) = Recorder::new([]);
    let retry = Retry::builder(lb).max_attempts(3).timeout(LONG).backoff(short()).build().unwrap();
    let error = D::send(retry, &Context::background(), 42).unwrap_err();
    assert_eq!((error.reason(), error.total_attempts()), (Reason::AttemptsExceeded, 3));
    for attempt in error.attempts() {
        assert!(matches!(attempt.cause(), Cause::Pick(Error::NoEndpoints)));
        assert_eq!(attempt.address(), None);
    }
    assert_eq!(log.lock().unwrap().len(), 3);
}

/// An empty set that gets a member after the first pick.
struct Filling {
    publisher: Arc<ScriptedPublisher<Fake>>,
    inner: RoundRobin<Arc<ScriptedPublisher<Fake>>>,
    picks: AtomicUsize,
}

impl LoadBalancer for Filling {
    type Endpoint = Fake;

    fn pick(&self, request: &PickRequest<'_>) -> Result<Pick<Fake>, Error> {
        if self.picks.fetch_add(1, Ordering::Relaxed) == 1 {
            self.publisher.set([("a:80", Fake::echoing())]);
        }
        self.inner.pick(request)
    }
}

fn an_empty_set_that_fills_while_the_request_backs_off_is_used<D: Driver>() {
    let publisher = Arc::new(ScriptedPublisher::new::<&str>([]));
    let inner = RoundRobin::new(Arc::clone(&publisher));
    let lb = Filling { publisher, inner, picks: AtomicUsize::new(0) };
    assert_eq!(D::send(Retry::new(3, LONG, lb), &Context::background(), 42).unwrap(), 42);
}

fn an_endpoints_panic_reaches_the_caller<D: Driver>() {
    let (lb, _) = Recorder::of(["a:80"], &Fake::new(|_, _| panic!("the endpoint's own words")));
    let send = || D::send(Retry::new(3, LONG, lb), &Context::background(), 42);
    let payload = catch_unwind(AssertUnwindSafe(send)).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"the endpoint's own words"));
}
