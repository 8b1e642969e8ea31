//! Case 4: a logger that panics costs its lines and nothing else. Alone in its process, which has one logger.

use lb_core::{EndpointCache, Instance, Publisher};

struct Panics;

impl log::Log for Panics {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        panic!("no stderr for {}", record.args());
    }

    fn flush(&self) {}
}

/// Its destructor panics, and so does whatever it has to say.
#[derive(Debug)]
struct Fragile;

impl std::fmt::Display for Fragile {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("no words");
    }
}

impl std::error::Error for Fragile {}

impl Drop for Fragile {
    fn drop(&mut self) {
        panic!("broken");
    }
}

#[test]
fn case_4_a_replace_whose_every_line_panics_the_logger_is_whole() {
    log::set_logger(&Panics).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let cache = EndpointCache::new(|instance: &Instance| match instance.address() {
        "bad:80" => Err(lb_core::BoxError::from(Fragile)),
        "worse:80" => panic!("undecided"),
        _ => Ok(Fragile),
    });
    let addresses = || -> Vec<String> {
        cache.endpoints().unwrap().instances().map(|instance| instance.address().to_owned()).collect()
    };
    // Given twice, empty, failing, panicking: each of them logs.
    cache.replace(["worse:80", "bad:80", "", "a:80", "a:80"]);
    assert_eq!(addresses(), ["a:80"]);
    // A destructor's panic is logged too.
    cache.replace(["b:80"]);
    assert_eq!(addresses(), ["b:80"]);
}
