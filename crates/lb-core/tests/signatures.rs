//! The names and signatures that users compile against, as `DESIGN.md` gives them: this file need only compile.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::future::Future;
use std::ops::Deref;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use lb_core::{
    AsyncEndpoint, AsyncEndpointFn, BoxAsyncEndpoint, BoxEndpoint, BoxError, BoxLoadBalancer, BoxPublisher,
    Canceller, Context, Derived, Endpoint, EndpointCache, EndpointCell, EndpointFn, EndpointId, EndpointSet,
    Endpoints, Error, Factory, Instance, LoadBalancer, Observer, Pick, PickRequest, Publisher, Tried,
    async_endpoint_fn, endpoint_fn,
};

fn is_send_sync<T: Send + Sync>() {}
fn is_error<T: StdError + Clone + Send + Sync + 'static>() {}
fn is_instance<T: Clone + Eq + std::hash::Hash + std::fmt::Debug + From<&'static str> + From<String>>() {}
fn is_publisher<P: Publisher<Endpoint = u8> + ?Sized>() {}
fn is_load_balancer<L: LoadBalancer<Endpoint = u8> + ?Sized>() {}
fn is_endpoint<E: Endpoint<u8, Response = u8, Error = BoxError> + ?Sized>() {}
fn is_async_endpoint<E: AsyncEndpoint<u8, Response = u8, Error = BoxError>>() {}
fn is_future<F: Future<Output = ()> + Send + Unpin + 'static>(_: &F) {}
fn is_factory<F: Factory<Endpoint = u8>>(_: &F) {}

#[test]
fn instances() {
    is_instance::<Instance>();
    let _: fn(Instance, &'static str) -> Instance = Instance::with_host;
    let _: fn(Instance, u32) -> Instance = Instance::with_weight;
    let _: fn(Instance, u16) -> Instance = Instance::with_priority;
    let _: fn(Instance, &'static str, String) -> Instance = Instance::with_metadata;
    let _: fn(&Instance) -> &str = Instance::address;
    let _: fn(&Instance) -> Option<&str> = Instance::host;
    let _: fn(&Instance) -> u32 = Instance::weight;
    let _: fn(&Instance) -> u16 = Instance::priority;
    let _: for<'a> fn(&'a Instance, &str) -> Option<&'a str> = Instance::metadata;
    let _ = (Instance::new(String::new()), Instance::new(Arc::<str>::from("a")), Instance::new("a"));
}

#[test]
fn sets_and_what_publishes_them() {
    is_publisher::<EndpointCache<u8>>();
    is_publisher::<&EndpointCache<u8>>();
    is_publisher::<Box<dyn Publisher<Endpoint = u8>>>();
    is_publisher::<Arc<EndpointCache<u8>>>();
    is_publisher::<dyn Publisher<Endpoint = u8>>();
    is_send_sync::<EndpointSet<u8>>();
    is_publisher::<BoxPublisher<u8>>();
    let _: fn(&EndpointCache<u8>) -> Result<Endpoints<u8>, Error> = Publisher::endpoints;
    let _: fn(&EndpointCache<u8>, Weak<dyn Observer>) -> bool = Publisher::subscribe;
    let _: fn(&EndpointSet<u8>) -> u64 = EndpointSet::id;
    let _: fn(&EndpointSet<u8>) -> usize = EndpointSet::len;
    let _: fn(&EndpointSet<u8>) -> bool = EndpointSet::is_empty;
    let _: fn(&EndpointSet<u8>, usize) -> Option<&Instance> = EndpointSet::instance;
    let _: fn(&EndpointSet<u8>, usize) -> Option<Pick<u8>> = EndpointSet::pick;
    let _: fn(Vec<(Instance, u8)>) -> EndpointSet<u8> = EndpointSet::new;
    let _: fn(&EndpointSet<u8>, Vec<usize>) -> EndpointSet<u8> = EndpointSet::select;
    let _: fn(&EndpointSet<u8>, usize) -> Option<EndpointId> = EndpointSet::id_at;
    let _: fn(&EndpointSet<u8>) -> EndpointSet<u8> = EndpointSet::to_set;
    let _: fn(EndpointSet<u8>, EndpointSet<u8>) -> EndpointSet<u8> = EndpointSet::or_else;
    let _: fn(&EndpointSet<u8>) -> Option<&EndpointSet<u8>> = EndpointSet::next_tier;
    let _: fn(&EndpointCache<u8>) -> Option<&str> = Publisher::name;
    let _: fn(&EndpointCache<u8>, EndpointId) -> bool = Publisher::renew;
    let _: fn(EndpointCache<u8>) -> BoxPublisher<u8> = Publisher::boxed;
    let _: fn(EndpointSet<u8>) -> EndpointCell<u8> = EndpointCell::new;
    let _: fn(&EndpointCell<u8>) -> Endpoints<u8> = EndpointCell::load;
    let _: fn(&EndpointCell<u8>, EndpointSet<u8>) = EndpointCell::store;
    let _: fn(&EndpointCache<u8>, Vec<String>) = EndpointCache::replace;
    let _: Option<Derived<EndpointCache<u8>, usize>> = None;
}

#[test]
fn factories_are_closures_too_with_any_error_that_boxes() {
    is_factory(&|_: &Instance| Ok::<u8, BoxError>(0));
    is_factory(&|_: &Instance| Ok::<u8, std::io::Error>(0));
    is_factory(&|_: &Instance| Err::<u8, &str>("refused"));
    is_factory(&|_: &Instance| Err::<u8, String>("refused".into()));
}

#[test]
fn picking() {
    is_load_balancer::<dyn LoadBalancer<Endpoint = u8>>();
    is_load_balancer::<&dyn LoadBalancer<Endpoint = u8>>();
    is_load_balancer::<Box<dyn LoadBalancer<Endpoint = u8>>>();
    is_load_balancer::<Arc<dyn LoadBalancer<Endpoint = u8>>>();
    let _: fn() -> PickRequest<'static> = PickRequest::new;
    let _: fn(PickRequest<'static>, u64) -> PickRequest<'static> = PickRequest::with_key;
    let _: fn(PickRequest<'static>, &'static Tried) -> PickRequest<'static> = PickRequest::with_tried;
    let _: fn(&PickRequest<'static>) -> Option<u64> = PickRequest::key;
    let _: fn(&PickRequest<'static>) -> Option<&'static Tried> = PickRequest::tried;
    let _: fn(&mut Tried, EndpointId) = Tried::insert;
    let _: fn(&Tried, EndpointId) -> bool = Tried::contains;
    let _: fn(&mut Tried) = Tried::clear;
    let _: fn(&Tried) -> bool = Tried::is_empty;
    let _: fn(&Pick<u8>) -> EndpointId = Pick::id;
    is_load_balancer::<BoxLoadBalancer<u8>>();
    is_send_sync::<Pick<u8>>();
    let _: fn(&Pick<u8>) -> &u8 = Deref::deref;
    let _: fn(&Pick<u8>) -> &Instance = Pick::instance;
    let _: fn(&Pick<u8>) -> &str = Pick::address;
    let _: fn(&Pick<u8>) -> Arc<str> = Pick::shared_address;
    is_error::<Error>();
    let _: fn(&'static str, BoxError) -> Error = Error::discovery;
    let _: fn(BoxError) -> Error = Error::derive;
    let _ = [Error::NoEndpoints, Error::NotReady, Error::Overloaded];
}

#[test]
fn contexts() {
    is_send_sync::<Context>();
    is_send_sync::<Canceller>();
    let _: fn() -> Context = Context::background;
    let _: fn(&Context, Duration) -> Context = Context::with_timeout;
    let _: fn(&Context, Instant) -> Context = Context::with_deadline;
    let _: fn(&Context) -> (Context, Canceller) = Context::with_cancel;
    let _: fn(&Context) -> &Receiver<Infallible> = Context::cancelled;
    let _: fn(&Context) -> Option<Instant> = Context::deadline;
    let _: fn(&Context) -> Option<Duration> = Context::remaining;
    let _: fn(&Context) -> bool = Context::is_done;
    let _: fn(&Canceller) = Canceller::cancel;
    is_future(&Context::background().on_cancelled());
}

#[test]
fn endpoints_of_both_kinds() {
    is_endpoint::<BoxEndpoint<u8, u8, BoxError>>();
    is_endpoint::<Pick<BoxEndpoint<u8, u8, BoxError>>>();
    is_endpoint::<&BoxEndpoint<u8, u8, BoxError>>();
    is_endpoint::<Arc<dyn Endpoint<u8, Response = u8, Error = BoxError>>>();
    is_async_endpoint::<BoxAsyncEndpoint<u8, u8, BoxError>>();
    is_async_endpoint::<Pick<BoxAsyncEndpoint<u8, u8, BoxError>>>();
    is_async_endpoint::<Arc<&Box<BoxAsyncEndpoint<u8, u8, BoxError>>>>();
    is_send_sync::<BoxAsyncEndpoint<u8, u8, BoxError>>();
    let _: EndpointFn<_> = endpoint_fn(|_, _: u8| Ok::<u8, BoxError>(0));
    let _: AsyncEndpointFn<_> = async_endpoint_fn(|_, _: u8| async { Ok::<u8, BoxError>(0) });
}
