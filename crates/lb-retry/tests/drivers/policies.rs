//! What the policy decides.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lb_core::Context;
use lb_retry::{AttemptEnd, AttemptResult, Backoff, Cause, Policy, Reason, Retry, Verdict};
use lb_strategies::RoundRobin;
use lb_test::ScriptedPublisher;

use crate::driver::{Driver, Fake, Recorder, Refusal, every_driver};

const LONG: Duration = Duration::from_secs(60);

every_driver!(
    the_default_policy_retries_every_error,
    retry_if_gives_up_on_the_errors_it_is_false_for,
    retry_if_keeps_what_the_policy_before_it_says,
    the_closures_need_no_annotations,
    key_by_gives_every_pick_of_a_request_its_key,
    a_policys_key_reaches_the_balancer,
    an_error_that_is_accepted_is_final,
    a_response_that_is_not_accepted_is_retried,
    the_last_response_is_the_callers_even_when_the_policy_wanted_another,
    a_rejected_response_is_the_callers_where_no_attempt_has_followed_it,
    a_response_that_is_given_up_on_is_the_callers,
    a_rejected_response_before_an_error_is_listed,
    a_request_that_cannot_be_sent_twice_is_sent_once_and_the_reason_says_so,
    the_last_attempt_gets_the_request_itself,
);

/// A policy of three closures.
struct Custom<R, V> {
    replay: R,
    verdict: V,
}

impl<R, V> Policy<u32, u32, Refusal> for Custom<R, V>
where
    R: Fn(&u32) -> Option<u32> + Send + Sync,
    V: Fn(Result<&u32, &Refusal>) -> Verdict + Send + Sync,
{
    fn replay(&self, request: &u32) -> Option<u32> {
        (self.replay)(request)
    }

    fn key(&self, request: &u32) -> Option<u64> {
        Some(u64::from(*request) + 1)
    }

    fn verdict(&self, end: &AttemptEnd<'_, u32, Refusal>) -> Verdict {
        match end.result() {
            AttemptResult::Response(response) => (self.verdict)(Ok(response)),
            AttemptResult::Error(error) => (self.verdict)(Err(error)),
            _ => (self.verdict)(Err(&"timed out")),
        }
    }
}

fn judging(
    verdict: impl Fn(Result<&u32, &Refusal>) -> Verdict + Send + Sync,
) -> impl Policy<u32, u32, Refusal> {
    Custom { replay: |request: &u32| Some(*request), verdict }
}

/// An endpoint that answers 0, 1, 2 …
fn counting() -> Fake {
    let calls = Arc::new(AtomicU32::new(0));
    Fake::new(move |_, _| Ok(calls.fetch_add(1, Ordering::Relaxed)))
}

fn two(fake: &Fake) -> Recorder {
    Recorder::of(["a:80", "b:80"], fake).0
}

fn the_default_policy_retries_every_error<D: Driver>() {
    let lb = Recorder::new([("a:80", Fake::refusing()), ("b:80", Fake::echoing())]).0;
    assert_eq!(D::send(Retry::new(2, LONG, lb), &Context::background(), 42).unwrap(), 42);
}

fn retry_if_gives_up_on_the_errors_it_is_false_for<D: Driver>() {
    let members = [("a:80", Fake::refusing()), ("b:80", Fake::new(|_, _| Err("bad request")))];
    let lb = Recorder::new(members).0;
    let retry = Retry::builder(lb).max_attempts(9).retry_if(|error: &Refusal| *error == "refused");
    let error = D::send(retry.build().unwrap(), &Context::background(), 42).unwrap_err();
    assert_eq!(error.reason(), Reason::GivenUp);
    assert_eq!(error.to_string(), "retry given up (a:80: refused; b:80: bad request)");
}

fn retry_if_keeps_what_the_policy_before_it_says<D: Driver>() {
    let policy = judging(|result| if result == Ok(&2) { Verdict::Accept } else { Verdict::Retry });
    let retry = Retry::builder(Recorder::of(["a:80", "b:80", "c:80"], &counting()).0)
        .policy(policy)
        .retry_if(|_: &Refusal| false)
        .build()
        .unwrap();
    assert_eq!(D::send(retry, &Context::background(), 42).unwrap(), 2);
}

fn the_closures_need_no_annotations<D: Driver>() {
    let (lb, log) = Recorder::of(["a:80", "b:80"], &Fake::refusing());
    let retry = Retry::builder(lb).retry_if(|_| false).key_by(|_| 7).build().unwrap();
    let error = D::send(retry, &Context::background(), 42).unwrap_err();
    assert_eq!((error.reason(), log.lock().unwrap()[0].0), (Reason::GivenUp, Some(7)));
}

fn key_by_gives_every_pick_of_a_request_its_key<D: Driver>() {
    let (lb, log) = Recorder::of(["a:80", "b:80"], &Fake::refusing());
    let retry =
        Retry::builder(lb).max_attempts(2).key_by(|request: &u32| u64::from(*request)).build().unwrap();
    D::send(retry, &Context::background(), 42).unwrap_err();
    let keys: Vec<_> = log.lock().unwrap().iter().map(|(key, _)| *key).collect();
    assert_eq!(keys, [Some(42), Some(42)]);

    let (lb, log) = Recorder::of(["a:80"], &Fake::echoing());
    let retry = Retry::builder(lb).key_by(|request: &u32| (*request > 50).then_some(7_u64)).build().unwrap();
    D::send(retry, &Context::background(), 42).unwrap();
    assert_eq!(log.lock().unwrap()[0].0, None);
}

fn a_policys_key_reaches_the_balancer<D: Driver>() {
    let (lb, log) = Recorder::of(["a:80"], &Fake::echoing());
    let retry = Retry::builder(lb).policy(judging(|_| Verdict::Accept)).build().unwrap();
    D::send(retry, &Context::background(), 42).unwrap();
    assert_eq!(log.lock().unwrap()[0].0, Some(43));
}

fn an_error_that_is_accepted_is_final<D: Driver>() {
    let retry = Retry::builder(two(&Fake::refusing())).policy(judging(|_| Verdict::Accept)).build().unwrap();
    let error = D::send(retry, &Context::background(), 42).unwrap_err();
    assert_eq!((error.reason(), error.total_attempts()), (Reason::GivenUp, 1));
}

fn a_response_that_is_not_accepted_is_retried<D: Driver>() {
    let policy = judging(|result| if result == Ok(&1) { Verdict::Accept } else { Verdict::Retry });
    let retry = Retry::builder(two(&counting())).policy(policy).build().unwrap();
    assert_eq!(D::send(retry, &Context::background(), 42).unwrap(), 1);
}

fn the_last_response_is_the_callers_even_when_the_policy_wanted_another<D: Driver>() {
    let policy = judging(|_| Verdict::Retry);
    let retry = Retry::builder(two(&counting())).max_attempts(2).policy(policy).build().unwrap();
    assert_eq!(D::send(retry, &Context::background(), 42).unwrap(), 1);

    let policy = judging(|_| Verdict::RetryAfter(LONG));
    let retry = Retry::builder(two(&counting())).timeout(LONG).policy(policy).build().unwrap();
    assert_eq!(D::send(retry, &Context::background(), 42).unwrap(), 1);
}

fn a_rejected_response_is_the_callers_where_no_attempt_has_followed_it<D: Driver>() {
    let publisher = Arc::new(ScriptedPublisher::<Fake>::new::<&str>([]));
    let emptied = Arc::clone(&publisher);
    let last = Fake::new(move |_, request| {
        emptied.set::<&str>([]);
        Ok(request)
    });
    publisher.set([("a:80", last)]);
    // Two picks fail after the response, with a wait between them.
    let retry =
        Retry::builder(RoundRobin::new(publisher)).policy(judging(|_| Verdict::Retry)).build().unwrap();
    assert_eq!(D::send(retry, &Context::background(), 42).unwrap(), 42);
}

fn a_response_that_is_given_up_on_is_the_callers<D: Driver>() {
    let retry = Retry::builder(two(&counting())).policy(judging(|_| Verdict::GiveUp)).build().unwrap();
    assert_eq!(D::send(retry, &Context::background(), 42).unwrap(), 0);
}

fn a_rejected_response_before_an_error_is_listed<D: Driver>() {
    let members = [("a:80", Fake::echoing()), ("b:80", Fake::refusing())];
    let lb = Recorder::new(members).0;
    let retry = Retry::builder(lb).max_attempts(2).policy(judging(|_| Verdict::Retry)).build().unwrap();
    let error = D::send(retry, &Context::background(), 42).unwrap_err();
    assert!(matches!(error.attempts()[0].cause(), Cause::Rejected));
    assert_eq!(error.to_string(), "retry attempts exceeded (a:80: response rejected; b:80: refused)");
}

fn a_request_that_cannot_be_sent_twice_is_sent_once_and_the_reason_says_so<D: Driver>() {
    let policy = Custom { replay: |_: &u32| None, verdict: |_: Result<&u32, &Refusal>| Verdict::Retry };
    let retry = Retry::builder(two(&Fake::refusing())).policy(policy).build().unwrap();
    let error = D::send(retry, &Context::background(), 42).unwrap_err();
    assert_eq!((error.reason(), error.total_attempts()), (Reason::NotReplayable, 1));
    let expected = "retry impossible for a request that cannot be sent twice (a:80: refused)";
    assert_eq!(error.to_string(), expected);
}

fn the_last_attempt_gets_the_request_itself<D: Driver>() {
    let backoff = Backoff::new(Duration::from_nanos(1), Duration::from_nanos(1)).unwrap();
    for (max, copies) in [(1, 0), (2, 1), (5, 4)] {
        let made = AtomicU32::new(0);
        let replay = |request: &u32| {
            made.fetch_add(1, Ordering::Relaxed);
            Some(*request)
        };
        let policy = Custom { replay, verdict: |_: Result<&u32, &Refusal>| Verdict::Retry };
        let retry = Retry::builder(two(&Fake::refusing())).max_attempts(max).policy(policy);
        D::send(retry.backoff(backoff).build().unwrap(), &Context::background(), 42).unwrap_err();
        assert_eq!(made.load(Ordering::Relaxed), copies);
    }
}
