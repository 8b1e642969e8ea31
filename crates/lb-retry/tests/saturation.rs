//! Case 17c: what the log says of saturation. Alone in its process, because a process has one logger.

use std::sync::Mutex;
use std::time::Duration;

use crossbeam_channel::bounded;
use lb_core::{Context, Endpoint, endpoint_fn};
use lb_retry::{Reason, Retry, RetryError};
use lb_static::FixedPublisher;
use lb_strategies::RoundRobin;
use log::{Level, LevelFilter, Log, Metadata, Record};

static LEVELS: Mutex<Vec<Level>> = Mutex::new(Vec::new());

/// Notes the level of every line of this crate.
struct Levels;

impl Log for Levels {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        if record.target() == "lb-retry" {
            LEVELS.lock().unwrap().push(record.level());
        }
    }

    fn flush(&self) {}
}

#[test]
fn case_17c_saturation_is_logged_once_when_it_begins_and_once_when_it_ends() {
    log::set_logger(&Levels).unwrap();
    log::set_max_level(LevelFilter::Info);
    let (release, released) = bounded::<()>(0);
    let hung = endpoint_fn(move |_, n: u32| {
        let _ = released.recv();
        Ok::<_, &str>(n)
    });
    let lb = RoundRobin::new(FixedPublisher::new([("hung:80", hung)]));
    let retry = Retry::new(1, Duration::from_millis(5), lb);
    let call = || retry.call(&Context::background(), 42);
    let is_saturated = |result: &Result<u32, RetryError<&str>>| {
        result.as_ref().is_err_and(|error| error.reason() == Reason::Saturated)
    };

    while !is_saturated(&call()) {}
    for _ in 0..100 {
        assert!(is_saturated(&call()));
    }
    assert_eq!(*LEVELS.lock().unwrap(), [Level::Warn]);

    drop(release);
    // The threads return in their own time; that one has is seen by an attempt that is made.
    while is_saturated(&call()) {
        std::thread::yield_now();
    }
    assert_eq!(*LEVELS.lock().unwrap(), [Level::Warn, Level::Info]);
}
