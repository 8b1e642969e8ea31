//! What is logged about skipped records.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use lb_core::{BoxError, Context, Instance};
use lb_dnssrv::{DnsSrvPublisher, Refresh, SrvAnswer, SrvRecord};
use log::{LevelFilter, Log, Metadata, Record};

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Keeps the lines of this crate.
struct Keep;

impl Log for Keep {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "lb-dnssrv"
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            LINES.lock().unwrap_or_else(PoisonError::into_inner).push(record.args().to_string());
        }
    }

    fn flush(&self) {}
}

#[test]
fn skipped_records_are_warned_of_once_until_they_are_others() {
    log::set_logger(&Keep).expect("the only logger");
    log::set_max_level(LevelFilter::Warn);
    let (asked, was_asked) = crossbeam_channel::unbounded();
    let (ticks, receiver) = crossbeam_channel::unbounded();
    let mut answers = [["b", "c"], ["c", "b"], ["b", "d"], ["x", "x"]].into_iter().cycle();
    let lookup = move |_: &Context, _: &str| {
        let bad = answers.next().into_iter().flatten().map(|target| SrvRecord::new(target, 0));
        asked.send(())?;
        Ok(SrvAnswer::new(bad.chain([SrvRecord::new("a", 80)])))
    };
    let factory = |instance: &Instance| Ok::<_, BoxError>(instance.address().to_owned());
    let builder = DnsSrvPublisher::builder("web").lookup(lookup).refresh(Refresh::On(receiver));
    let publisher = builder.build(factory).expect("one record is good");
    for _ in 0..3 {
        was_asked.recv().expect("it is asked");
        ticks.send(now()).expect("it runs");
    }
    // The fourth lookup has begun, so the third has been dealt with.
    was_asked.recv().expect("it is asked");
    publisher.stop();
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    let [first, second, ..] = lines.as_slice() else { panic!("{lines:?}") };
    assert!(first.contains("web: 2 unusable records") && first.contains("\"b\" port 0"), "{first}");
    assert!(second.contains("\"d\" port 0"), "{second}");
    assert!(lines.len() <= 3, "{lines:?}");
}

#[expect(clippy::disallowed_methods, reason = "tests stand outside")]
fn now() -> Instant {
    Instant::now()
}
