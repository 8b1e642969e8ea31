//! Case 4: a logger that panics at every line, and errors whose `Display` and destructor panic. A process has one logger, so
//! this is a program of its own.
#![cfg(not(loom))]

use std::fmt;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, unbounded};
use lb_core::{BoxError, Context, Instance, Publisher};
use lb_discovery::{Answer, DiscoveryPublisher, Refresh};

struct Broken;

impl log::Log for Broken {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        panic!("stderr is closed")
    }

    fn log(&self, _: &log::Record<'_>) {
        panic!("stderr is closed")
    }

    fn flush(&self) {}
}

#[derive(Debug)]
struct Poisonous;

impl fmt::Display for Poisonous {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("display")
    }
}

impl std::error::Error for Poisonous {}

impl Drop for Poisonous {
    fn drop(&mut self) {
        panic!("drop")
    }
}

#[derive(Debug)]
struct Unprintable;

impl fmt::Display for Unprintable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("display")
    }
}

impl std::error::Error for Unprintable {}

/// An endpoint whose destructor panics.
struct Fragile;

impl Drop for Fragile {
    fn drop(&mut self) {
        panic!("endpoint")
    }
}

/// Fails in each odd refresh; in the others there is one instance, named for the refresh, and one whose factory fails.
fn source() -> impl FnMut(&Context) -> Result<Answer, BoxError> {
    let mut count = 0;
    move |_| {
        count += 1;
        match count % 4 {
            1 => Err(Box::new(Poisonous)),
            3 => panic!("source"),
            _ => Ok([format!("{count}:80").into(), Instance::new("bad:80")].into_iter().collect()),
        }
    }
}

fn refresh(ticks: &Sender<Instant>, publisher: &DiscoveryPublisher<Fragile>) {
    let count = publisher.status().refreshes();
    let patience = Context::background().with_timeout(Duration::from_secs(20));
    ticks.send(now()).unwrap();
    while publisher.status().refreshes() == count {
        assert!(!patience.is_done(), "discovery has ended: {:?}", publisher.status());
        std::thread::park_timeout(Duration::from_micros(100));
    }
}

#[expect(clippy::disallowed_methods, reason = "there is no other way to a first Instant")]
fn now() -> Instant {
    Instant::now()
}

#[test]
fn case_4_nothing_of_the_users_that_panics_ends_discovery() {
    log::set_logger(&Broken).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    std::panic::set_hook(Box::new(|_| {}));
    let (ticks, on) = unbounded();
    let publisher = DiscoveryPublisher::builder("x", source())
        .refresh(Refresh::On(on))
        .allow_initial_failure()
        .build(|instance: &Instance| match instance.address() {
            "bad:80" => Err(Unprintable),
            _ => Ok(Fragile),
        })
        .unwrap();
    let error = publisher.wait_ready(Duration::from_millis(1)).unwrap_err().to_string();
    assert!(error.ends_with("the error's Display panicked: display"), "{error}");
    for count in 2..40 {
        refresh(&ticks, &publisher);
        let expected = format!("{}:80", count / 2 * 2);
        assert_eq!(publisher.endpoints().unwrap().instance(0).unwrap().address(), expected);
    }
    assert_eq!(publisher.status().failures(), 20);
    drop(publisher);
}
