//! Inside async runtimes.

use lb_core::Publisher;
use lb_dnssrv::{DnsSrvError, Refresh};
use tokio::runtime::{Builder, Runtime};

use crate::support::{AMPLE, addresses, asking, factory, server};

fn runtimes() -> [Runtime; 2] {
    let multi = Builder::new_multi_thread().worker_threads(2).enable_all().build();
    [Builder::new_current_thread().enable_all().build().expect("a runtime"), multi.expect("a runtime")]
}

#[test]
fn constructed_used_and_dropped_inside_a_runtime() {
    for runtime in runtimes() {
        runtime.block_on(async {
            let server = server(&["a.example."]);
            let publisher = asking(&server).build(factory).expect("it starts");
            assert_eq!(addresses(&publisher), ["a.example:80"]);
            publisher.refresh_now();
            drop(publisher);
        });
    }
}

#[test]
fn constructed_inside_a_runtime_and_dropped_in_a_task_while_a_lookup_hangs() {
    for runtime in runtimes() {
        let server = server(&["a.example."]);
        server.pause();
        let queries = server.events();
        runtime.block_on(async {
            let publisher = asking(&server).start(factory).expect("it starts");
            queries.recv_timeout(AMPLE).expect("the lookup is under way");
            tokio::spawn(async move { drop(publisher) }).await.expect("no panic");
        });
    }
}

#[test]
fn a_builder_and_a_refused_build_are_dropped_inside_a_runtime() {
    for runtime in runtimes() {
        runtime.block_on(async {
            let server = server(&["a.example."]);
            drop(asking(&server));
            let zero = Refresh::Every(std::time::Duration::ZERO);
            let error = asking(&server).refresh(zero).build(factory).expect_err("the period is impossible");
            assert!(matches!(error, DnsSrvError::Discovery(_)), "{error}");
        });
    }
}

#[test]
fn ready_is_awaited_on_any_runtime() {
    for runtime in runtimes() {
        let server = server(&["a.example."]);
        server.pause();
        let publisher = asking(&server).start(factory).expect("it starts");
        let ready = runtime.spawn(publisher.ready());
        server.resume();
        runtime.block_on(ready).expect("no panic").expect("it is ready");
        assert_eq!(publisher.endpoints().expect("there is a set").len(), 1);
    }
}

#[test]
fn ready_ends_with_an_error_when_stopped() {
    let server = server(&["a.example."]);
    server.pause();
    let publisher = asking(&server).start(factory).expect("it starts");
    let ready = publisher.ready();
    publisher.stop();
    let [runtime, _] = runtimes();
    assert!(runtime.block_on(ready).is_err());
}
