//! The asynchronous driver, in tokio's paused time.

use std::future::{Future, pending};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context as Task, Poll, Waker};
use std::time::Duration;

use lb_core::{AsyncEndpoint, Context, async_endpoint_fn};
use lb_retry::{Cause, Reason, Retry};
use lb_static::FixedPublisher;
use lb_strategies::RoundRobin;
use lb_test::ScriptedPublisher;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

type Answer = Result<u32, &'static str>;

/// Round robin from the first of `addresses` on, over one endpoint for all.
fn balancer<
    E: AsyncEndpoint<u32, Response = u32, Error = &'static str> + Clone + Send + Sync,
    const N: usize,
>(
    addresses: [&str; N],
    endpoint: &E,
) -> RoundRobin<FixedPublisher<E>> {
    let members = addresses.map(|address| (address, endpoint.clone()));
    RoundRobin::starting_at(FixedPublisher::new(members), 0)
}

#[tokio::test(start_paused = true)]
async fn the_deadline_spans_attempts_and_the_attempt_timeout_nests_inside() {
    let endpoint = async_endpoint_fn(|_, _: u32| pending::<Answer>());
    let lb = balancer(["a:80", "b:80", "c:80"], &endpoint);
    let retry = Retry::builder(lb).timeout(SECOND * 5 / 2).attempt_timeout(SECOND).build().unwrap();
    let begun = Instant::now();
    let error = AsyncEndpoint::call(&retry, &Context::background(), 42).await.unwrap_err();
    assert_eq!(begun.elapsed().as_millis(), 2_500);
    assert_eq!(error.reason(), Reason::DeadlineExceeded);
    let elapsed: Vec<_> = error.attempts().iter().map(|attempt| attempt.elapsed().as_millis()).collect();
    assert_eq!(elapsed, [1_000, 1_000, 500]);
    assert_eq!(
        error.to_string(),
        "retry deadline exceeded (a:80: timed out; b:80: timed out; c:80: timed out)"
    );
}

#[tokio::test(start_paused = true)]
async fn the_contexts_deadline_is_that_of_the_paused_clock() {
    tokio::time::advance(100 * SECOND).await;
    let endpoint = async_endpoint_fn(|ctx: Context, n: u32| async move {
        let expected = (Instant::now() + SECOND).into_std();
        if ctx.deadline() == Some(expected) { Ok(n) } else { Err("another clock") }
    });
    let retry = Retry::new(1, SECOND, balancer(["a:80"], &endpoint));
    assert_eq!(AsyncEndpoint::call(&retry, &Context::background(), 42).await.unwrap(), 42);
}

/// The last moment that the clock can tell.
fn end_of_time() -> std::time::Instant {
    let mut end = Instant::now().into_std();
    let mut step = Duration::from_secs(1 << 62);
    while !step.is_zero() {
        match end.checked_add(step) {
            Some(later) => end = later,
            None => step /= 2,
        }
    }
    end
}

#[tokio::test]
async fn a_deadline_at_the_end_of_time_is_none() {
    let endpoint = async_endpoint_fn(async |_: Context, n: u32| {
        tokio::task::yield_now().await;
        Ok::<u32, &'static str>(n)
    });
    let retry = Retry::new(3, Duration::MAX, balancer(["a:80"], &endpoint));
    let ctx = Context::background().with_deadline(end_of_time());
    assert_eq!(AsyncEndpoint::call(&retry, &ctx, 42).await.unwrap(), 42);
}

#[tokio::test(start_paused = true)]
async fn an_empty_set_backs_off_and_ends_with_the_deadline() {
    let endpoint = async_endpoint_fn(|_, n: u32| async move { Answer::Ok(n) });
    let retry = Retry::new(u32::MAX, SECOND, balancer([], &endpoint));
    let begun = Instant::now();
    let error = AsyncEndpoint::call(&retry, &Context::background(), 42).await.unwrap_err();
    // One last attempt, within what is left of the second.
    assert!((200..=1001).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
    assert_eq!(error.reason(), Reason::DeadlineExceeded);
    assert!((1..200).contains(&error.total_attempts()), "{} attempts", error.total_attempts());
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_in_flight_is_answered_at_once() {
    let endpoint = async_endpoint_fn(|_, _: u32| pending::<Answer>());
    let retry = Retry::new(9, 9 * SECOND, balancer(["a:80"], &endpoint));
    let (ctx, canceller) = Context::background().with_cancel();
    let begun = Instant::now();
    let cancel = async {
        tokio::time::sleep(SECOND).await;
        canceller.cancel();
    };
    let (result, ()) = tokio::join!(AsyncEndpoint::call(&retry, &ctx, 42), cancel);
    let error = result.unwrap_err();
    assert_eq!(begun.elapsed(), SECOND);
    assert_eq!(error.reason(), Reason::Cancelled);
    assert!(matches!(error.attempts()[0].cause(), Cause::Cancelled));
}

/// Tells when it is dropped.
struct Guard(Arc<AtomicBool>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn dropping_the_future_cancels_the_attempt_in_flight_and_releases_the_pick() {
    let dropped = Arc::new(AtomicBool::new(false));
    let endpoint = {
        let dropped = Arc::clone(&dropped);
        async_endpoint_fn(move |_, _: u32| {
            let guard = Guard(Arc::clone(&dropped));
            async move {
                let _guard = guard;
                pending::<Answer>().await
            }
        })
    };
    let publisher = Arc::new(ScriptedPublisher::new([("a:80", endpoint)]));
    let lb = RoundRobin::new(Arc::clone(&publisher));
    let removed = Arc::downgrade(&dropped);
    let retry = Retry::new(9, 9 * SECOND, lb);
    let ctx = Context::background();
    tokio::time::timeout(SECOND, AsyncEndpoint::call(&retry, &ctx, 42)).await.unwrap_err();
    assert!(dropped.load(Ordering::Relaxed));
    // The endpoint holds the flag; nothing but the set holds the endpoint.
    publisher.set::<&str>([]);
    drop(dropped);
    assert_eq!(removed.strong_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_over_is_dropped_before_the_next_begins() {
    let busy = Arc::new(AtomicBool::new(false));
    let endpoint = {
        let busy = Arc::clone(&busy);
        async_endpoint_fn(move |_, _: u32| {
            let overlapped = busy.swap(true, Ordering::Relaxed);
            let guard = Idle(Arc::clone(&busy));
            async move {
                let _guard = guard;
                if overlapped { Ok(1) } else { pending::<Answer>().await }
            }
        })
    };
    let lb = balancer(["a:80", "b:80"], &endpoint);
    let retry = Retry::builder(lb).max_attempts(2).attempt_timeout(SECOND).build().unwrap();
    let error = AsyncEndpoint::call(&retry, &Context::background(), 42).await.unwrap_err();
    assert_eq!(error.total_attempts(), 2);
}

/// Clears the flag when it is dropped.
struct Idle(Arc<AtomicBool>);

impl Drop for Idle {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn no_task_is_spawned() {
    let endpoint = async_endpoint_fn(|_, n: u32| async move {
        tokio::time::sleep(Duration::from_millis(1)).await;
        if tokio::runtime::Handle::current().metrics().num_alive_tasks() == 0 {
            Ok(n)
        } else {
            Err("spawned")
        }
    });
    let retry = Retry::new(1, 60 * SECOND, balancer(["a:80"], &endpoint));
    assert_eq!(AsyncEndpoint::call(&retry, &Context::background(), 42).await.unwrap(), 42);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_future_is_send() {
    let endpoint = async_endpoint_fn(|_, n: u32| async move {
        tokio::task::yield_now().await;
        Ok::<_, &str>(n)
    });
    let retry = Arc::new(Retry::new(1, 60 * SECOND, balancer(["a:80"], &endpoint)));
    let calls = (0..100).map(|n| {
        let retry = Arc::clone(&retry);
        tokio::spawn(async move { AsyncEndpoint::call(&*retry, &Context::background(), n).await.unwrap() })
    });
    for (n, call) in (0..).zip(calls.collect::<Vec<_>>()) {
        assert_eq!(call.await.unwrap(), n);
    }
}

#[tokio::test]
async fn an_endpoint_that_uses_up_its_tasks_budget_does_not_starve_the_timeout() {
    async fn greedy() -> Answer {
        loop {
            tokio::task::consume_budget().await;
        }
    }
    let endpoint = async_endpoint_fn(|_, _: u32| greedy());
    let retry = Retry::new(1, Duration::from_millis(20), balancer(["a:80"], &endpoint));
    let error = AsyncEndpoint::call(&retry, &Context::background(), 42).await.unwrap_err();
    assert_eq!(error.reason(), Reason::DeadlineExceeded);
}

#[test]
fn a_first_attempt_that_is_ready_needs_no_runtime_and_allocates_nothing() {
    let endpoint = async_endpoint_fn(|_, n: u32| async move { Ok::<_, &str>(n) });
    let retry = Retry::new(3, SECOND, balancer(["a:80"], &endpoint));
    let ctx = Context::background();
    let send = || {
        let mut call = pin!(AsyncEndpoint::call(&retry, &ctx, 42));
        assert!(matches!(call.as_mut().poll(&mut Task::from_waker(Waker::noop())), Poll::Ready(Ok(42))));
    };
    send();
    assert_eq!(allocation_counter::measure(send).count_total, 0);
}

#[tokio::test(start_paused = true)]
async fn case_13_a_policy_that_says_no_to_all_sends_once() {
    let lb = balancer(["a:80", "b:80", "c:80"], &async_endpoint_fn(|_, _: u32| pending::<Answer>()));
    let retry = Retry::builder(lb).attempt_timeout(SECOND).retry_if(|_: &&str| false).build().unwrap();
    let error = AsyncEndpoint::call(&retry, &Context::background(), 42).await.unwrap_err();
    assert_eq!((error.reason(), error.total_attempts()), (Reason::GivenUp, 1));
}

#[tokio::test(start_paused = true)]
async fn case_17a_one_silent_endpoint_of_three_loses_nothing() {
    let calls = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let endpoint = async_endpoint_fn(move |_, n: u32| {
        let silent = calls.fetch_add(1, Ordering::Relaxed).is_multiple_of(3);
        async move { if silent { pending::<Answer>().await } else { Ok(n) } }
    });
    let retry = Retry::new(3, 2 * SECOND, balancer(["a:80", "b:80", "c:80"], &endpoint));
    for n in 0..100 {
        assert_eq!(AsyncEndpoint::call(&retry, &Context::background(), n).await.unwrap(), n);
    }
}
