//! The default mode: the timeout holds against endpoints that never return.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded, unbounded};
use lb_core::{BoxEndpoint, Context, Endpoint, endpoint_fn};
use lb_retry::{Cause, Reason, Retry, RetryError};
use lb_static::FixedPublisher;
use lb_strategies::RoundRobin;

/// Far longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);
/// As short as it may be for an attempt that is meant to time out.
const SHORT: Duration = Duration::from_millis(5);

type Fake = BoxEndpoint<u32, u32, &'static str>;
type Balancer = RoundRobin<FixedPublisher<Fake>>;

fn balancer<const N: usize>(members: [(&str, Fake); N]) -> Balancer {
    RoundRobin::starting_at(FixedPublisher::new(members), 0)
}

fn fake(f: impl Fn(&Context, u32) -> Result<u32, &'static str> + Send + Sync + 'static) -> Fake {
    Box::new(endpoint_fn(f))
}

fn refusing() -> Fake {
    fake(|_, _| Err("refused"))
}

/// Ignores its context; returns when the sender is dropped.
fn hanging() -> (Sender<()>, Fake) {
    let (release, released) = bounded::<()>(0);
    let endpoint = fake(move |_, _| {
        let _ = released.recv();
        Err("too late")
    });
    (release, endpoint)
}

#[expect(clippy::disallowed_methods, reason = "measures real waits")]
fn now() -> Instant {
    Instant::now()
}

#[test]
fn the_timeout_holds_against_an_endpoint_that_never_returns_and_no_cause_is_lost() {
    let (_release, hanging) = hanging();
    let lb = balancer([("a:80", refusing()), ("b:80", hanging)]);
    let retry = Retry::builder(lb).max_attempts(9).timeout(10 * SHORT).attempt_timeout(LONG).build().unwrap();
    let begun = now();
    let error = retry.call(&Context::background(), 42).unwrap_err();
    assert!((10 * SHORT..LONG).contains(&begun.elapsed()));
    assert_eq!(error.reason(), Reason::DeadlineExceeded);
    assert_eq!(error.to_string(), "retry deadline exceeded (a:80: refused; b:80: timed out)");
    assert!(error.attempts()[1].elapsed() >= SHORT);
}

#[test]
fn an_attempt_that_takes_too_long_is_abandoned_for_another_endpoint() {
    let (_release, hanging) = hanging();
    let lb = balancer([("a:80", hanging), ("b:80", fake(|_, n| Ok(n)))]);
    let retry = Retry::builder(lb).timeout(LONG).attempt_timeout(SHORT).build().unwrap();
    assert_eq!(retry.call(&Context::background(), 42).unwrap(), 42);
}

#[test]
fn an_abandoned_attempts_pick_lasts_until_the_attempt_returns() {
    let (release, hanging) = hanging();
    let (dropped, is_dropped) = bounded::<()>(0);
    let endpoint = fake(move |ctx, n| {
        let _until_the_endpoint_is_dropped = &dropped;
        hanging.call(ctx, n)
    });
    let publisher = Arc::new(lb_test::ScriptedPublisher::new([("a:80", endpoint)]));
    let retry = Retry::new(1, SHORT, RoundRobin::new(Arc::clone(&publisher)));
    retry.call(&Context::background(), 42).unwrap_err();
    publisher.set::<&str>([]);
    assert_eq!(is_dropped.try_recv(), Err(TryRecvError::Empty));
    drop(release);
    assert_eq!(is_dropped.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected));
}

#[test]
fn the_abandoned_attempts_context_is_cancelled() {
    let (tell, told) = bounded(1);
    let endpoint = fake(move |ctx, _| {
        let _ = tell.send(ctx.cancelled().recv_timeout(LONG));
        Err("cancelled")
    });
    let retry = Retry::new(1, SHORT, balancer([("a:80", endpoint)]));
    retry.call(&Context::background(), 42).unwrap_err();
    assert_eq!(told.recv_timeout(LONG).unwrap(), Err(RecvTimeoutError::Disconnected));
}

#[test]
fn a_context_kept_by_a_response_is_not_cancelled_with_its_attempt() {
    let kept = Arc::new(OnceLock::new());
    let keep = Arc::clone(&kept);
    let endpoint = fake(move |ctx, n| keep.set(ctx.clone()).map(|()| n).map_err(|_| "called twice"));
    Retry::new(1, LONG, balancer([("a:80", endpoint)])).call(&Context::background(), 42).unwrap();
    assert!(!kept.get().unwrap().is_done());
}

#[test]
fn a_caller_who_cancels_its_context_is_answered_at_once() {
    let (release, released) = bounded::<()>(0);
    let (ctx, canceller) = Context::background().with_cancel();
    let endpoint = fake(move |_, _| {
        canceller.cancel();
        let _ = released.recv();
        Err("too late")
    });
    let error = Retry::new(9, LONG, balancer([("a:80", endpoint)])).call(&ctx, 42).unwrap_err();
    drop(release); // it has not returned yet
    assert_eq!(error.reason(), Reason::Cancelled);
    assert!(matches!(error.attempts()[0].cause(), Cause::Cancelled));
    assert_eq!(error.to_string(), "retry cancelled (a:80: cancelled)");
}

#[test]
fn with_256_abandoned_attempts_the_next_call_is_saturated_at_once_until_they_return() {
    let (release, released) = unbounded::<()>();
    let endpoint = fake(move |_, n| if n == 0 { Ok(n) } else { released.recv().map_or(Ok(n), |()| Ok(n)) });
    let retry = Retry::new(1, SHORT, balancer([("a:80", endpoint)]));
    let send = |n| retry.call(&Context::background(), n).map_err(|error| error.reason());
    for _ in 0..256 {
        assert_eq!(send(1), Err(Reason::DeadlineExceeded));
    }
    let begun = now();
    assert_eq!(send(0), Err(Reason::Saturated));
    assert!(begun.elapsed() < LONG / 2);
    drop(release);
    while send(0) == Err(Reason::Saturated) {
        std::thread::yield_now();
    }
}

#[test]
fn a_panic_does_not_kill_the_pool() {
    let retry =
        Retry::new(1, LONG, balancer([("a:80", fake(|_, n| if n == 0 { panic!("zero") } else { Ok(n) }))]));
    for n in 1..50 {
        let send = |n| retry.call(&Context::background(), n);
        catch_unwind(AssertUnwindSafe(|| send(0))).unwrap_err();
        assert_eq!(send(n).unwrap(), n);
    }
}

#[test]
fn a_retry_inside_a_retry_does_not_deadlock() {
    let inner = Retry::new(1, LONG, balancer([("a:80", fake(|_, n| Ok(n + 1)))]));
    let endpoint = endpoint_fn(move |ctx, n: u32| inner.call(ctx, n));
    let outer = Retry::new(1, LONG, RoundRobin::new(FixedPublisher::new([("b:80", endpoint)])));
    assert_eq!(outer.call(&Context::background(), 1).unwrap(), 2);
}

#[test]
fn a_retry_that_calls_itself_does_not_deadlock() {
    static SELF: OnceLock<Retry<Balancer>> = OnceLock::new();
    fn send(ctx: &Context, n: u32) -> Result<u32, RetryError<&'static str>> {
        SELF.get().unwrap().call(ctx, n)
    }
    let down = fake(|ctx, n| if n == 0 { Ok(0) } else { send(ctx, n - 1).map_err(|_| "deeper") });
    SELF.get_or_init(|| Retry::new(1, LONG, balancer([("a:80", down)])));
    assert_eq!(send(&Context::background(), 50).unwrap(), 0);
}

thread_local! {
    /// Disconnects its channel when the thread ends.
    static ALIVE: RefCell<Option<Sender<()>>> = const { RefCell::new(None) };
}

#[test]
fn dropping_it_ends_its_idle_threads() {
    let (alive, ended): (Sender<()>, Receiver<()>) = bounded(0);
    let endpoint = fake(move |_, n| {
        ALIVE.set(Some(alive.clone()));
        Ok(n)
    });
    let retry = Retry::new(1, LONG, balancer([("a:80", endpoint)]));
    retry.call(&Context::background(), 42).unwrap();
    drop(retry);
    assert_eq!(ended.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected));
}

#[test]
fn no_thread_is_started_for_a_request_in_the_steady_state() {
    let endpoint = endpoint_fn(|_, ()| Ok::<_, &str>(std::thread::current().id()));
    let retry = Retry::new(1, LONG, RoundRobin::new(FixedPublisher::new([("a:80", endpoint)])));
    let worker = retry.call(&Context::background(), ()).unwrap();
    assert!((0..1_000).all(|_| retry.call(&Context::background(), ()).unwrap() == worker));
}

#[test]
fn the_pick_has_ended_when_the_caller_gets_its_answer() {
    let alive = Arc::new(());
    let held = Arc::clone(&alive);
    let endpoint = fake(move |_, n| if Arc::strong_count(&held) > 0 { Ok(n) } else { Err("gone") });
    let publisher = Arc::new(lb_test::ScriptedPublisher::new([("a:80", endpoint)]));
    let retry = Retry::new(1, LONG, RoundRobin::new(Arc::clone(&publisher)));
    retry.call(&Context::background(), 42).unwrap();
    publisher.set::<&str>([]);
    assert_eq!(Arc::strong_count(&alive), 1);
}
