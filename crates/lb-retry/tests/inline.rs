//! `.inline()`: attempts on the caller's thread.

use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use lb_core::{Context, Endpoint, endpoint_fn};
use lb_retry::Retry;
use lb_static::FixedPublisher;
use lb_strategies::RoundRobin;

const LONG: Duration = Duration::from_secs(60);

#[test]
fn requests_may_be_borrowed_and_so_may_endpoints_and_the_balancer() {
    let request = String::from("borrowed");
    let calls = AtomicU32::new(0);
    let endpoint = endpoint_fn(|_, request: &str| match calls.fetch_add(1, Ordering::Relaxed) {
        0 => Err("refused"),
        _ => Ok(request.len()),
    });
    let lb = RoundRobin::new(FixedPublisher::new([("a:80", &endpoint), ("b:80", &endpoint)]));
    let retry = Retry::new(2, LONG, &lb).inline();
    assert_eq!(retry.call(&Context::background(), request.as_str()).unwrap(), 8);
}

#[test]
fn requests_and_responses_need_not_be_send() {
    let endpoint = endpoint_fn(|_, request: Rc<u32>| Ok::<_, &str>(request));
    let retry = Retry::new(3, LONG, RoundRobin::new(FixedPublisher::new([("a:80", endpoint)]))).inline();
    assert_eq!(*retry.call(&Context::background(), Rc::new(42)).unwrap(), 42);
}

#[test]
fn attempts_run_on_the_callers_thread() {
    let endpoint = endpoint_fn(|_, ()| Ok::<_, &str>(thread::current().id()));
    let retry = Retry::new(3, LONG, RoundRobin::new(FixedPublisher::new([("a:80", endpoint)]))).inline();
    assert_eq!(retry.call(&Context::background(), ()).unwrap(), thread::current().id());
}

#[test]
fn a_first_attempt_that_succeeds_allocates_nothing() {
    let endpoint = endpoint_fn(|_, n: u32| Ok::<_, &str>(n));
    let retry = Retry::new(3, LONG, RoundRobin::new(FixedPublisher::new([("a:80", endpoint)]))).inline();
    let ctx = Context::background();
    retry.call(&ctx, 42).unwrap();
    let allocations = allocation_counter::measure(|| {
        retry.call(&ctx, 42).unwrap();
    });
    assert_eq!(allocations.count_total, 0);
}
