//! Case 35: descriptors run out. In a program of its own, which has few.

#![cfg(feature = "lookup")]

use std::time::Duration;

use lb_core::Context;
use lb_dns::{Resolver, ResolverSettings};

#[test]
fn case_35_the_error_of_the_operating_system_is_told_by_name() {
    if std::env::var_os("LB_DNS_FEW").is_none() {
        let itself = std::env::current_exe().expect("a test program has a path");
        let mut few = std::process::Command::new("sh");
        few.args(["-c", "ulimit -n 40; exec \"$0\" --test-threads=1"]).arg(itself).env("LB_DNS_FEW", "1");
        let output = few.output().expect("there is a shell");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        return;
    }
    let mut taken = Vec::new();
    while let Ok(socket) = std::net::UdpSocket::bind("127.0.0.1:0") {
        taken.push(socket);
    }
    let server = taken[0].local_addr().expect("it is bound");
    let settings = ResolverSettings::new().name_server(server).timeout(Duration::from_secs(1));
    let mut resolver = Resolver::new(settings.resolv_conf("/nonexistent/resolv.conf"));
    // None is left for a runtime at first, and then for the question's socket: each tells why.
    for left in 0..5 {
        taken.truncate(taken.len() - usize::from(left > 0));
        let error =
            resolver.srv(&Context::background(), "web.example.").expect_err("nobody answers").to_string();
        let named = error.contains("Too many open files");
        assert!(named || left >= 3, "with {left} left: {error}");
    }
}
