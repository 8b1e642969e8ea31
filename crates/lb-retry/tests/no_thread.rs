//! A thread that cannot be started is an error, not a panic.
//!
//! The test starts itself again in a process whose threads would need more stack than there is address space.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lb_core::{Context, Endpoint, endpoint_fn};
use lb_retry::{Reason, Retry};
use lb_static::FixedPublisher;
use lb_strategies::RoundRobin;

const CHILD: &str = "LB_RETRY_NO_THREAD";

fn main() {
    if std::env::var_os(CHILD).is_some() {
        return a_thread_that_cannot_be_started_is_an_error();
    }
    let child = std::env::current_exe().unwrap();
    let stack = (usize::MAX / 2).to_string();
    let status = Command::new(child).env(CHILD, "1").env("RUST_MIN_STACK", stack).status().unwrap();
    assert!(status.success(), "{status}");
}

fn a_thread_that_cannot_be_started_is_an_error() {
    log::set_logger(&Warnings).unwrap();
    log::set_max_level(log::LevelFilter::Warn);
    let endpoint = endpoint_fn(|_: &Context, n: u32| Ok::<_, &str>(n));
    let lb = RoundRobin::new(FixedPublisher::new([("a:80", endpoint)]));
    let retry = Retry::new(3, Duration::from_secs(60), lb);
    // Case 17b: there was a warning for each request.
    for _ in 0..100 {
        let error = retry.call(&Context::background(), 42).unwrap_err();
        assert_eq!(error.reason(), Reason::NoThread);
        assert_eq!(error.to_string(), "retry got no thread for an attempt (no attempt was made)");
    }
    assert_eq!(WARNINGS.load(Ordering::Relaxed), 1);
}

static WARNINGS: AtomicUsize = AtomicUsize::new(0);

/// Counts the lines of this crate.
struct Warnings;

impl log::Log for Warnings {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        if record.target() == "lb-retry" {
            WARNINGS.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn flush(&self) {}
}
