//! Case 4 at DNS: a logger that panics costs its lines and no refresh. In a program of its own, as a logger is the process's.

#![cfg(feature = "lookup")]

use std::sync::atomic::{AtomicUsize, Ordering};

use lb_core::{BoxError, Context, Instance, Publisher};
use lb_dns::{DnsPublisher, Resolver, ResolverSettings};
use lb_test::{Behaviour, DnsServer, Record};
use log::{LevelFilter, Log, Metadata};

static LINES: AtomicUsize = AtomicUsize::new(0);

struct Panics;

impl Log for Panics {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "lb-dns"
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            LINES.fetch_add(1, Ordering::Relaxed);
            panic!("this logger panics");
        }
    }

    fn flush(&self) {}
}

/// How many lines were logged while something ran.
fn lines_of(run: impl FnOnce()) -> usize {
    let before = LINES.load(Ordering::Relaxed);
    run();
    LINES.load(Ordering::Relaxed) - before
}

#[test]
fn case_4_a_logger_that_panics_costs_its_lines_and_no_refresh() {
    log::set_logger(&Panics).expect("the only logger");
    log::set_max_level(LevelFilter::Warn);
    let server = DnsServer::start().expect("a DNS server starts");
    server.set("web.example.", [Record::a([10, 0, 0, 1]), Record::a([0, 0, 0, 0])]);
    let skipped = lines_of(|| {
        let builder = DnsPublisher::builder("web.example.:80").name_server(server.address());
        let publisher = builder.resolv_conf("/nonexistent/resolv.conf");
        let publisher = publisher.build(|_: &Instance| Ok::<_, BoxError>(())).expect("one address is good");
        assert_eq!(publisher.endpoints().expect("it is ready").len(), 1);
    });
    assert_eq!(skipped, 1, "an address is skipped");
    server.behave(Behaviour::AlwaysTruncate);
    let settings = || ResolverSettings::new().name_server(server.address());
    let cut = lines_of(|| {
        let mut resolver = Resolver::new(settings().resolv_conf("/nonexistent/resolv.conf"));
        let found = resolver.addresses(&Context::background(), "web.example.").expect("what came counts");
        assert_eq!(found.addresses().len(), 2);
    });
    assert_eq!(cut, 2, "A and AAAA are cut");
    let directory = lines_of(|| {
        let mut resolver = Resolver::new(settings().resolv_conf(std::env::temp_dir()));
        let found = resolver.addresses(&Context::background(), "web.example.").expect("a server is given");
        assert_eq!(found.addresses().len(), 2);
    });
    assert_eq!(directory, 3, "and resolv.conf is a directory");
}
