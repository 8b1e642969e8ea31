#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lb_dns::fuzzing::resolv_conf(bytes));
