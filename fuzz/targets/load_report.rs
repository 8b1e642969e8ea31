#![no_main]

libfuzzer_sys::fuzz_target!(|value: &str| lb_tower::fuzzing::load_report(value));
