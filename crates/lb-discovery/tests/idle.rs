//! What an idle publisher costs. The figures are the process's, so this is a program of its own.
#![cfg(all(target_os = "linux", not(loom)))]

use std::time::Duration;

use lb_core::{BoxError, Context, Instance, Publisher};
use lb_discovery::{Answer, DiscoveryPublisher, Refresh};

const PUBLISHERS: usize = 500;

/// How many descriptors and threads the process has, and how many kilobytes are resident.
#[derive(Debug)]
struct Cost {
    descriptors: usize,
    threads: usize,
    resident: usize,
}

impl Cost {
    fn now() -> Self {
        let entries = |path| std::fs::read_dir(path).unwrap().count();
        Self {
            descriptors: entries("/proc/self/fd"),
            threads: entries("/proc/self/task"),
            resident: resident(),
        }
    }
}

fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn publisher(number: usize) -> DiscoveryPublisher<String> {
    let source = |_: &Context| {
        Ok::<_, BoxError>(["a:80", "b:80", "c:80"].map(Instance::new).into_iter().collect::<Answer>())
    };
    DiscoveryPublisher::builder(format!("service-{number}"), source)
        .refresh(Refresh::Every(Duration::from_secs(3600)))
        .build(|instance: &Instance| Ok::<_, BoxError>(instance.address().to_owned()))
        .unwrap()
}

/// Waits until no more than so many threads are left: those that made or dropped a set end by themselves.
fn settled(threads: usize) -> Cost {
    let patience = Context::background().with_timeout(Duration::from_secs(20));
    loop {
        let cost = Cost::now();
        if cost.threads <= threads || patience.is_done() {
            return cost;
        }
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

#[test]
fn an_idle_publisher_holds_no_descriptor_and_one_thread() {
    let threads = Cost::now().threads;
    drop(publisher(0)); // what is allocated once is not counted
    let before = settled(threads);
    assert_eq!(before.threads, threads);
    let publishers: Vec<_> = (0..PUBLISHERS).map(publisher).collect();
    let after = settled(before.threads + PUBLISHERS);
    assert_eq!(after.threads, before.threads + PUBLISHERS, "one thread each");
    assert_eq!(after.descriptors, before.descriptors, "no descriptor");
    let each = after.resident.saturating_sub(before.resident) / PUBLISHERS;
    println!("{each} kB of resident memory for each of {PUBLISHERS} publishers");
    assert!(each <= 80, "{each} kB each, from {before:?} to {after:?}");
    for publisher in &publishers {
        assert_eq!((publisher.endpoints().unwrap().len(), publisher.status().refreshes()), (3, 1));
    }
    drop(publishers);
    let end = settled(before.threads);
    assert_eq!((end.threads, end.descriptors), (before.threads, before.descriptors), "all is given back");
}
