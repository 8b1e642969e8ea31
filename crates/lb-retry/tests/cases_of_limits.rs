//! More of the cases: tiers, what the policy is asked, who holds threads, how the time is shared and used.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, bounded};
use lb_core::{BoxEndpoint, Context, Endpoint, Error, Instance, endpoint_fn};
use lb_filters::PriorityTiers;
use lb_retry::{AttemptEnd, Policy, Reason, Retry, RetryAll, Verdict};
use lb_static::FixedPublisher;
use lb_strategies::RoundRobin;
use lb_test::ScriptedPublisher;

/// Far longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);
/// As short as it may be for an attempt that is meant to time out.
const SHORT: Duration = Duration::from_millis(5);

type Fake = BoxEndpoint<u32, u32, &'static str>;

fn fake(f: impl Fn(&Context, u32) -> Result<u32, &'static str> + Send + Sync + 'static) -> Fake {
    Box::new(endpoint_fn(f))
}

fn refusing() -> Fake {
    fake(|_, _| Err("refused"))
}

fn echoing() -> Fake {
    fake(|_, n| Ok(n))
}

/// Ignores its context; returns when the sender is dropped. Counts its calls.
fn hanging() -> (Sender<()>, Arc<AtomicUsize>, Fake) {
    let (release, released) = bounded::<()>(0);
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let endpoint = fake(move |_, _| {
        counted.fetch_add(1, Ordering::Relaxed);
        let _ = released.recv();
        Err("too late")
    });
    (release, calls, endpoint)
}

fn balancer<I: Into<Instance>, const N: usize>(members: [(I, Fake); N]) -> RoundRobin<FixedPublisher<Fake>> {
    RoundRobin::starting_at(FixedPublisher::new(members), 0)
}

#[expect(clippy::disallowed_methods, reason = "measures real waits")]
fn now() -> Instant {
    Instant::now()
}

#[test]
fn case_12_the_backup_tier_is_reached_within_one_request() {
    let ctx = Context::background();
    let member = |address: &str, priority| Instance::new(address).with_priority(priority);
    let members = || {
        let primaries = [(member("a:80", 1), refusing()), (member("b:80", 1), refusing())];
        primaries.into_iter().chain([(member("c:80", 2), refusing()), (member("d:80", 3), echoing())])
    };
    let lb = || RoundRobin::new(PriorityTiers::new(FixedPublisher::new(members())));
    let (enforced, inline) = (Retry::new(5, LONG, lb()), Retry::new(5, LONG, lb()).inline());
    for n in 0..20 {
        assert_eq!(enforced.call(&ctx, n).unwrap(), n);
        assert_eq!(inline.call(&ctx, n).unwrap(), n);
    }
}

/// Writes down every end that it is asked about.
struct Asked(Arc<Mutex<Vec<String>>>);

impl Policy<u32, u32, &'static str> for Asked {
    fn replay(&self, request: &u32) -> Option<u32> {
        Some(*request)
    }

    fn verdict(&self, end: &AttemptEnd<'_, u32, &'static str>) -> Verdict {
        let text = format!("{} {} {:?}", end.number(), end.instance().address(), end.result());
        self.0.lock().unwrap().push(text);
        <RetryAll as Policy<u32, _, _>>::verdict(&RetryAll, end)
    }
}

#[test]
fn case_13_the_policy_is_asked_about_every_end_of_an_attempt() {
    let (_release, _, slow) = hanging();
    let lb = balancer([("a:80", slow), ("b:80", refusing()), ("c:80", echoing())]);
    let asked = Arc::default();
    let policy: Box<dyn Policy<u32, u32, &'static str>> = Box::new(Asked(Arc::clone(&asked)));
    let retry = Retry::builder(lb).timeout(LONG).attempt_timeout(SHORT).policy(policy).build().unwrap();
    assert_eq!(retry.call(&Context::background(), 42).unwrap(), 42);
    let expected = ["1 a:80 TimedOut", "2 b:80 Error", "3 c:80 Response"];
    assert_eq!(*asked.lock().unwrap(), expected);
}

#[test]
fn case_13_retry_timeouts_overrides_the_policy_wherever_it_stands() {
    for (yes, first, expected) in [
        (true, true, Ok(42)),
        (true, false, Ok(42)),
        (false, true, Err(Reason::GivenUp)),
        (false, false, Err(Reason::GivenUp)),
    ] {
        let (_release, _, slow) = hanging();
        let builder = Retry::builder(balancer([("a:80", slow), ("b:80", echoing())]));
        let builder = builder.timeout(LONG).attempt_timeout(SHORT);
        // `!yes` is what the policy says of time-outs by itself.
        let sent = match (yes, first) {
            (true, true) => builder
                .retry_timeouts(yes)
                .retry_if(|_: &&str| true)
                .build()
                .unwrap()
                .call(&Context::background(), 42),
            (true, false) => builder
                .retry_if(|_: &&str| true)
                .retry_timeouts(yes)
                .build()
                .unwrap()
                .call(&Context::background(), 42),
            (false, true) => {
                builder.retry_timeouts(yes).policy(RetryAll).build().unwrap().call(&Context::background(), 42)
            }
            (false, false) => {
                builder.policy(RetryAll).retry_timeouts(yes).build().unwrap().call(&Context::background(), 42)
            }
        };
        assert_eq!(sent.map_err(|error| error.reason()), expected, "{yes} {first}");
    }
}

#[test]
fn case_14_one_endpoint_of_ten_that_hangs_holds_no_more_than_a_few_threads() {
    let (_release, calls, slow) = hanging();
    let mut members = vec![("hung:80".to_owned(), slow)];
    members.extend((1..10).map(|n| (format!("{n}:80"), echoing())));
    let lb = RoundRobin::starting_at(FixedPublisher::new(members), 0);
    let retry = Retry::builder(lb).timeout(LONG).attempt_timeout(SHORT).build().unwrap();
    for n in 0..3_000 {
        assert_eq!(retry.call(&Context::background(), n).unwrap(), n);
    }
    assert_eq!(calls.load(Ordering::Relaxed), 9);
}

#[test]
fn case_14_an_endpoint_that_holds_threads_is_still_the_last_resort() {
    let (release, calls, slow) = hanging();
    let retry = Retry::builder(balancer([("hung:80", slow)])).max_attempts(1).timeout(SHORT).build().unwrap();
    for _ in 0..12 {
        let error = retry.call(&Context::background(), 42).unwrap_err();
        assert_eq!(error.reason(), Reason::DeadlineExceeded);
    }
    assert_eq!(calls.load(Ordering::Relaxed), 12);
    drop(release);
}

#[test]
fn case_17_before_the_first_set_the_time_is_used_and_no_attempt() {
    let publisher = Arc::new(ScriptedPublisher::<Fake>::new::<&str>([]));
    for (error, wait, attempts) in
        [(Error::NotReady, false, 1), (Error::NoEndpoints, true, 1), (Error::NoEndpoints, false, 3)]
    {
        publisher.fail(error);
        let lb = RoundRobin::new(Arc::clone(&publisher));
        let retry = Retry::builder(lb).timeout(40 * SHORT).wait_for_endpoints(wait).build().unwrap().inline();
        let begun = now();
        let failed = retry.call(&Context::background(), 42).unwrap_err();
        assert_eq!(failed.total_attempts(), attempts, "{failed}");
        assert_eq!(begun.elapsed() >= 40 * SHORT, attempts == 1, "{failed}");
    }
}

#[test]
fn case_17a_an_attempt_has_its_share_of_the_time_where_time_outs_are_retried() {
    let share = |max, retried: Option<bool>| {
        let tell = |ctx: &Context, _| Ok::<_, &str>(ctx.remaining().unwrap());
        let lb = RoundRobin::new(FixedPublisher::new([("a:80", endpoint_fn(tell))]));
        let builder = Retry::builder(lb).max_attempts(max).timeout(LONG);
        let builder = match retried {
            Some(yes) => builder.retry_timeouts(yes),
            None => builder,
        };
        let left: Duration = builder.build().unwrap().inline().call(&Context::background(), 0).unwrap();
        LONG.as_secs_f64() / left.as_secs_f64()
    };
    let cases = [
        (1, None, 1.0),
        (2, None, 2.0),
        (3, None, 3.0),
        (9, None, 3.0),
        (3, Some(false), 1.0),
        (3, Some(true), 3.0),
    ];
    for (max, retried, shares) in cases {
        let measured = share(max, retried);
        assert!((measured - shares).abs() < 0.2, "{max} {retried:?}: {measured}");
    }
}

#[test]
fn case_17c_saturated_the_error_names_who_holds_the_threads() {
    let (release, _, slow) = hanging();
    let retry = Retry::new(1, SHORT, balancer([("hung:80", slow)]));
    let mut reasons = HashSet::new();
    let error = std::iter::repeat_with(|| retry.call(&Context::background(), 42).unwrap_err())
        .inspect(|error| reasons.extend([error.reason()]))
        .find(|error| error.reason() == Reason::Saturated)
        .unwrap();
    assert_eq!(error.to_string(), "retry saturated with abandoned attempts (hung:80 holds 256 threads)");
    assert_eq!(reasons, HashSet::from([Reason::DeadlineExceeded, Reason::Saturated]));
    drop(release);
}

#[test]
fn case_31f_the_reason_of_discovery_names_the_service_once() {
    let publisher = Arc::new(ScriptedPublisher::<Fake>::new::<&str>([]));
    publisher.fail(Error::discovery("_http._tcp.api.test", "no such name"));
    let error = Retry::new(3, LONG, RoundRobin::new(publisher)).call(&Context::background(), 42).unwrap_err();
    assert_eq!(error.to_string().matches("_http._tcp.api.test").count(), 1, "{error}");
    assert!(error.to_string().contains("no such name (3 times)"), "{error}");
}
