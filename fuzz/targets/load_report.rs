#![no_main]

use lb_tower::{read_report, report_value};

// What is read can be written, and is read the same again: numbers are bounded, and nothing else comes in.
libfuzzer_sys::fuzz_target!(|value: &str| {
    let Ok(report) = read_report(value) else { return };
    let Some(written) = report_value(&report) else { return };
    let again = read_report(written.to_str().expect("a header's value is visible ASCII"));
    let again = again.expect("what is written is read");
    assert_eq!((again.in_flight(), again.latency()), (report.in_flight(), report.latency()));
    let rounded = |used: f64| (used * 1e4).round() / 1e4;
    assert_eq!(again.utilisation(), report.utilisation().map(rounded));
});
