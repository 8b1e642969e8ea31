//! The cases of requests that met endpoints which refuse, hang, share an address, or are not there yet.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};
use lb_core::{BoxEndpoint, Context, Endpoint, EndpointSet, Error, Instance, boxed, endpoint_fn};
use lb_retry::{AttemptEnd, AttemptResult, Policy, Reason, Retry, Verdict};
use lb_static::FixedPublisher;
use lb_strategies::{Random, RoundRobin};
use lb_test::ScriptedPublisher;

type Fake = BoxEndpoint<u32, u32, &'static str>;

const SECOND: Duration = Duration::from_secs(1);

fn echoing() -> Fake {
    boxed(endpoint_fn(|_, n: u32| Ok(n)))
}

fn refusing() -> Fake {
    boxed(endpoint_fn(|_, _: u32| Err("refused")))
}

/// Never returns until the sender of `release` is dropped.
fn hanging(release: &Receiver<()>, calls: &Arc<AtomicUsize>) -> Fake {
    let (release, calls) = (release.clone(), Arc::clone(calls));
    boxed(endpoint_fn(move |_, n: u32| {
        calls.fetch_add(1, Ordering::Relaxed);
        let _ = release.recv();
        Ok(n)
    }))
}

fn ctx() -> Context {
    Context::background()
}

#[test]
fn case_11_of_two_hosts_behind_one_address_the_one_that_answers_is_reached() {
    let hosts = [("bad.example", refusing()), ("good.example", echoing())]
        .map(|(host, endpoint)| (Instance::new("10.0.0.1:443").with_host(host), endpoint));
    let retry = Retry::new(2, SECOND, RoundRobin::new(FixedPublisher::new(hosts))).inline();
    for n in 0..300 {
        assert_eq!(retry.call(&ctx(), n).unwrap(), n);
    }
}

#[test]
fn case_12_the_backups_are_reached_when_all_primaries_refuse_within_one_request() {
    let publisher = ScriptedPublisher::new([("unused:80", echoing())]);
    let primaries = ["a:80", "b:80"].map(|address| (Instance::new(address), refusing()));
    let backup = EndpointSet::new([(Instance::new("backup:80"), echoing())]);
    publisher.set_endpoints(EndpointSet::new(primaries).or_else(backup));
    let retry = Retry::new(5, SECOND, RoundRobin::new(publisher)).inline();
    for n in 0..20 {
        assert_eq!(retry.call(&ctx(), n).unwrap(), n);
    }
}

/// Says no to everything, and counts what it was asked.
struct No(Arc<AtomicUsize>);

impl Policy<u32, u32, &'static str> for No {
    fn replay(&self, request: &u32) -> Option<u32> {
        Some(*request)
    }

    fn verdict(&self, end: &AttemptEnd<'_, u32, &'static str>) -> Verdict {
        assert!(matches!(end.result(), AttemptResult::TimedOut));
        assert_eq!((end.number(), end.instance().address()), (1, "a:80"));
        assert!(end.elapsed() >= Duration::from_millis(20));
        self.0.fetch_add(1, Ordering::Relaxed);
        Verdict::GiveUp
    }
}

#[test]
fn case_13_a_policy_that_says_no_to_a_time_out_sends_once_and_is_asked_once() {
    let (_release, released) = bounded(0);
    let (calls, asked) = (Arc::default(), Arc::default());
    let members = ["a:80", "b:80", "c:80"].map(|address| (address, hanging(&released, &calls)));
    let lb = RoundRobin::starting_at(FixedPublisher::new(members), 0);
    let builder = Retry::builder(lb).attempt_timeout(Duration::from_millis(20));
    let error = builder.policy(No(Arc::clone(&asked))).build().unwrap().call(&ctx(), 1).unwrap_err();
    assert_eq!((error.reason(), calls.load(Ordering::Relaxed)), (Reason::GivenUp, 1));
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[test]
fn case_13_retry_if_sends_once_and_retry_timeouts_overrides_it_wherever_it_stands() {
    let (_release, released) = bounded(0);
    let builder = |calls: &Arc<AtomicUsize>| {
        let members = ["a:80", "b:80", "c:80"].map(|address| (address, hanging(&released, calls)));
        Retry::builder(RoundRobin::new(FixedPublisher::new(members)))
            .attempt_timeout(Duration::from_millis(20))
    };
    for (overridden, sent) in [(None, 1), (Some(true), 3), (Some(false), 1)] {
        let calls = Arc::default();
        let builder = match overridden {
            None => builder(&calls),
            Some(yes) => builder(&calls).retry_timeouts(yes),
        };
        let builder = builder.retry_if(|_: &&str| false);
        builder.build().unwrap().call(&ctx(), 1).unwrap_err();
        assert_eq!(calls.load(Ordering::Relaxed), sent, "{overridden:?}");
    }
}

#[test]
fn case_14_one_hung_endpoint_of_three_saturates_nobody_and_holds_few_threads() {
    const CALLERS: usize = 50;
    let (release, released) = bounded::<()>(0);
    let calls = Arc::new(AtomicUsize::new(0));
    let members = [("a:80", echoing()), ("b:80", hanging(&released, &calls)), ("c:80", echoing())];
    let lb = RoundRobin::new(FixedPublisher::new(members));
    let builder = Retry::builder(lb).timeout(20 * SECOND).attempt_timeout(Duration::from_millis(20));
    let retry = builder.build().unwrap();
    let start = Barrier::new(CALLERS);
    thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                start.wait();
                for n in 0..200 {
                    assert_eq!(retry.call(&ctx(), n).unwrap(), n);
                }
            });
        }
    });
    // Nine of them, and those that were on their way when the ninth was abandoned.
    assert!(calls.load(Ordering::Relaxed) <= 9 + CALLERS, "{} attempts hang", calls.load(Ordering::Relaxed));
    drop(release);
}

#[test]
fn case_17a_one_silent_endpoint_of_three_loses_no_request_within_two_seconds() {
    let (_release, released) = bounded::<()>(0);
    let members = [("a:80", echoing()), ("b:80", hanging(&released, &Arc::default())), ("c:80", echoing())];
    let retry = Retry::new(3, 2 * SECOND, RoundRobin::new(FixedPublisher::new(members)));
    for n in 0..6 {
        assert_eq!(retry.call(&ctx(), n).unwrap(), n);
    }
}

#[test]
fn case_17_a_first_set_that_comes_while_a_request_waits_is_used_and_waiting_is_no_attempt() {
    for (wait_for_endpoints, error) in [(false, Error::NotReady), (true, Error::NoEndpoints)] {
        let publisher = Arc::new(ScriptedPublisher::new(Vec::<(&str, Fake)>::new()));
        if matches!(error, Error::NotReady) {
            publisher.fail(error);
        }
        let lb = RoundRobin::new(Arc::clone(&publisher));
        let builder = Retry::builder(lb).max_attempts(1).timeout(30 * SECOND);
        let retry = builder.wait_for_endpoints(wait_for_endpoints).build().unwrap();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| retry.call(&ctx(), 7));
            // Any moment will do: before the request asks, while it asks, or while it waits.
            thread::yield_now();
            publisher.set([("a:80", echoing())]);
            assert_eq!(waiting.join().unwrap().unwrap(), 7);
        });
    }
}

#[test]
fn case_31f_the_service_is_named_and_the_same_cause_is_said_once() {
    let publisher = FixedPublisher::new(Vec::<(&str, Fake)>::new());
    let lb = Random::new(publisher.with_name("api.example"), 7);
    let error = Retry::new(3, SECOND, lb).inline().call(&ctx(), 1).unwrap_err();
    assert_eq!(error.to_string(), "retry attempts exceeded (api.example: no endpoints available (3 times))");
}
