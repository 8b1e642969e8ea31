//! DESIGN section 5, discovery: "constructed or dropped inside an async runtime".

use std::time::Duration;

use lb_core::{BoxError, Context};
use lb_discovery::{Answer, DiscoveryPublisher, Refresh, Source};
use tokio::runtime::{Builder, Runtime};

use crate::common::{self, echo, script, set};

fn runtimes() -> [Runtime; 2] {
    [Builder::new_current_thread(), Builder::new_multi_thread()]
        .map(|mut builder| builder.worker_threads(2).enable_time().build().unwrap())
}

/// Has a runtime of its own, as the clients of many registries do: made and dropped on the discovery thread.
#[derive(Default)]
struct OwnRuntime(Option<Runtime>);

impl Source for OwnRuntime {
    fn fetch(&mut self, _: &Context) -> Result<Answer, BoxError> {
        let runtime = match &mut self.0 {
            Some(runtime) => runtime,
            none => none.insert(Builder::new_current_thread().enable_time().build()?),
        };
        runtime.block_on(async {
            tokio::time::sleep(Duration::from_micros(10)).await;
            Ok(Answer::new(vec!["a:80".into()]))
        })
    }
}

#[test]
fn built_used_and_dropped_inside_a_runtime() {
    for runtime in runtimes() {
        runtime.block_on(async {
            let publisher = DiscoveryPublisher::builder("x", OwnRuntime::default()).build(echo).unwrap();
            assert_eq!(set(&publisher), "a:80");
            publisher.stop();
            drop(publisher);
        });
    }
}

#[test]
fn started_and_awaited_inside_a_runtime() {
    for runtime in runtimes() {
        let publisher = runtime.block_on(async {
            let publisher = DiscoveryPublisher::builder("x", OwnRuntime::default())
                .refresh(Refresh::Every(Duration::from_millis(1)))
                .start(echo)
                .unwrap();
            tokio::time::timeout(common::LONG, publisher.ready()).await.unwrap().unwrap();
            assert_eq!(set(&publisher), "a:80");
            publisher
        });
        drop(runtime);
        assert_eq!(set(&publisher), "a:80", "it outlives the runtime");
    }
}

#[test]
fn ready_is_cancel_safe() {
    for runtime in runtimes() {
        let (script, source) = script();
        let publisher = DiscoveryPublisher::builder("x", source).start(echo).unwrap();
        runtime.block_on(async {
            let soon = Duration::from_millis(1);
            tokio::time::timeout(soon, publisher.ready()).await.unwrap_err();
            script.answer(["a:80"]);
            tokio::time::timeout(common::LONG, publisher.ready()).await.unwrap().unwrap();
        });
        assert_eq!(set(&publisher), "a:80");
    }
}
