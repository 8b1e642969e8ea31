//! Collects what is logged, by the name of the publisher.

use std::sync::{Mutex, Once, PoisonError};

use log::kv::Key;
use log::{LevelFilter, Log, Metadata, Record};

struct Collector(Mutex<Vec<Line>>);

/// One log record of this crate.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) error: Option<String>,
    /// The level and the text.
    pub(crate) text: String,
}

static COLLECTOR: Collector = Collector(Mutex::new(Vec::new()));

impl Log for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "lb-discovery"
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let field = |key| record.key_values().get(Key::from_str(key)).map(|value| value.to_string());
            let text = format!("{} {}", record.level(), record.args());
            let line = Line { name: field("name").unwrap_or_default(), error: field("error"), text };
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    }

    fn flush(&self) {}
}

/// Begins to collect.
pub(crate) fn collect() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&COLLECTOR).expect("no other logger");
        log::set_max_level(LevelFilter::Trace);
    });
}

/// What the publisher of that name has logged so far.
pub(crate) fn of(name: &str) -> Vec<Line> {
    let lines = COLLECTOR.0.lock().unwrap_or_else(PoisonError::into_inner);
    lines.iter().filter(|line| line.name == name).cloned().collect()
}
