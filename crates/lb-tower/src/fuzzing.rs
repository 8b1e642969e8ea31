//! What a fuzz target of `fuzz/` runs: the value of an `lb-load` header from outside. It panics where a promise is broken,
//! which is how the fuzzer is told.

use crate::{read_report, report_value};

/// What is read can be written, and is read the same again.
pub fn load_report(value: &str) {
    let Ok(report) = read_report(value) else { return };
    let Some(written) = report_value(&report) else { return };
    let again = read_report(written.to_str().expect("a header's value is visible ASCII"));
    let again = again.expect("what is written is read");
    assert_eq!((again.in_flight(), again.latency()), (report.in_flight(), report.latency()));
    let rounded = |used: f64| (used * 1e4).round() / 1e4;
    assert_eq!(again.utilisation(), report.utilisation().map(rounded));
}

#[cfg(test)]
mod tests {
    /// The seeds that the fuzzer starts from, and what it has found.
    #[test]
    fn what_the_fuzzer_has_met_holds() {
        let seeds = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/load_report");
        let mut count = 0;
        for seed in std::fs::read_dir(seeds).expect("the seeds are in the repository") {
            super::load_report(&std::fs::read_to_string(seed.expect("a seed").path()).expect("it is text"));
            count += 1;
        }
        assert!(count > 3, "only {count} seeds");
    }
}
