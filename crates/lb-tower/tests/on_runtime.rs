//! Endpoints that need a runtime, made and dropped where there is none.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use lb_core::{AsyncEndpoint, Context, EndpointCache, Factory, Instance, Publisher, async_endpoint_fn};
use lb_strategies::RoundRobin;
use lb_tower::{Balance, on_runtime};
use tokio::runtime::{Builder, Handle, Runtime};
use tower::buffer::Buffer;
use tower::{ServiceExt, service_fn};

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// Tells on its end whether it is dropped inside a runtime.
struct Probe(mpsc::Sender<bool>);

impl Drop for Probe {
    fn drop(&mut self) {
        self.0.send(Handle::try_current().is_ok()).unwrap();
    }
}

/// Replaces on a thread where there is no runtime, as discovery does.
fn replace_elsewhere<E: Send + Sync + 'static>(cache: &Arc<EndpointCache<E>>, instances: &'static [&str]) {
    let cache = Arc::clone(cache);
    thread::spawn(move || cache.replace(instances.iter().copied())).join().unwrap();
}

/// A factory of services that panic where they are made without a runtime.
fn buffers() -> impl Factory<Endpoint = Buffer<u32, Ready<Result<u32, Infallible>>>> {
    |_: &Instance| Ok::<_, Infallible>(Buffer::new(service_fn(|n: u32| ready(Ok(2 * n))), 16))
}

#[test]
fn without_it_a_buffer_cannot_be_made_on_a_discovery_thread() {
    let cache = Arc::new(EndpointCache::new(buffers()));
    replace_elsewhere(&cache, &["a:80"]);
    assert!(cache.endpoints().unwrap().is_empty(), "the factory's panic is caught and the instance left out");
}

/// lb-discovery names `on_runtime` in its error where a factory panics with these words.
#[test]
fn case_33b_the_panic_of_a_buffer_without_a_runtime_is_the_one_that_discovery_has_a_cure_for() {
    let make = || buffers().create(&Context::background(), &Instance::new("a:80")).is_ok();
    let panic = thread::spawn(make).join().unwrap_err();
    let text =
        panic.downcast_ref::<String>().map_or_else(|| panic.downcast_ref::<&str>().copied(), |s| Some(s));
    assert!(text.unwrap().contains("no reactor running"), "{text:?}");
}

#[test]
fn a_buffer_is_made_on_a_discovery_thread_and_works() {
    let runtime = runtime();
    let cache = Arc::new(EndpointCache::new(on_runtime(runtime.handle().clone(), buffers())));
    replace_elsewhere(&cache, &["a:80", "b:80"]);
    let balance = Balance::new(RoundRobin::new(Arc::clone(&cache)));
    assert_eq!(runtime.block_on(balance.oneshot(21)).unwrap(), 42);
    replace_elsewhere(&cache, &[]);
}

#[test]
fn endpoints_are_made_and_dropped_inside_the_runtime() {
    let runtime = runtime();
    let (sender, dropped) = mpsc::channel();
    let factory = move |_: &Instance| Handle::try_current().map(|_| Probe(sender.clone()));
    let cache = Arc::new(EndpointCache::new(on_runtime(runtime.handle().clone(), factory)));
    replace_elsewhere(&cache, &["a:80"]);
    assert_eq!(cache.endpoints().unwrap().len(), 1);
    replace_elsewhere(&cache, &[]);
    assert_eq!(dropped.recv(), Ok(true));
}

#[test]
fn an_endpoint_may_be_dropped_inside_another_runtime_or_after_its_own() {
    let (own, other) = (runtime(), runtime());
    let (sender, dropped) = mpsc::channel();
    let factory =
        on_runtime(own.handle().clone(), move |_: &Instance| Ok::<_, Infallible>(Probe(sender.clone())));
    let [first, second] = ["a:80", "b:80"]
        .map(|address| factory.create(&lb_core::Context::background(), &Instance::new(address)).unwrap());
    other.block_on(async { drop(first) });
    assert_eq!(dropped.recv(), Ok(true));
    drop(own);
    drop(second);
    assert_eq!(dropped.recv(), Ok(true));
}

#[test]
fn a_factory_that_panics_inside_a_runtime_is_left_out() {
    let runtime = runtime();
    let factory = |instance: &Instance| {
        assert!(instance.address() != "bad:80", "cannot connect");
        Ok::<_, Infallible>(())
    };
    let cache = EndpointCache::new(on_runtime(runtime.handle().clone(), factory));
    runtime.block_on(async {
        cache.replace(["a:80", "bad:80"]);
        assert!(Handle::try_current().is_ok());
    });
    let set = cache.endpoints().unwrap();
    assert_eq!(set.instances().map(Instance::address).collect::<Vec<_>>(), ["a:80"]);
    assert!(Handle::try_current().is_err(), "the panic has left the runtime again");
}

/// Serves no instance whose weight has changed.
struct PerWeight;

impl Factory for PerWeight {
    type Endpoint = u32;

    fn create(&self, _: &lb_core::Context, instance: &Instance) -> Result<u32, lb_core::BoxError> {
        Ok(instance.weight())
    }

    fn reusable(&self, old: &Instance, new: &Instance) -> bool {
        old.weight() == new.weight()
    }
}

#[test]
fn the_factory_says_what_is_reusable() {
    let runtime = runtime();
    let cache = EndpointCache::new(on_runtime(runtime.handle().clone(), PerWeight));
    for weight in [1, 2] {
        cache.replace([Instance::new("a:80").with_weight(weight)]);
        assert_eq!(**cache.endpoints().unwrap().pick(0).unwrap(), weight);
    }
}

#[test]
fn what_it_makes_of_an_async_endpoint_is_one() {
    let runtime = runtime();
    let factory = |_: &Instance| {
        Ok::<_, Infallible>(async_endpoint_fn(|_: Context, n: u32| async move { Ok::<_, Infallible>(2 * n) }))
    };
    let cache = EndpointCache::new(on_runtime(runtime.handle().clone(), factory));
    cache.replace(["a:80"]);
    let pick = cache.endpoints().unwrap().pick(0).unwrap();
    assert_eq!(runtime.block_on(pick.call(&Context::background(), 21)), Ok(42));
}
