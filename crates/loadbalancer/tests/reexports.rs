//! The facade has one item of each crate, by feature, and no logic of its own.

use loadbalancer::{Context, Endpoint, EndpointCache, Instance, Publisher, endpoint_fn};

#[test]
fn core_is_always_there() {
    let cache = EndpointCache::new(|instance: &Instance| {
        let address = instance.address().to_owned();
        Ok::<_, std::io::Error>(endpoint_fn(move |_, (): ()| Ok::<_, ()>(address.clone())))
    });
    cache.replace(["a:80"]);
    let pick = cache.endpoints().unwrap().pick(0).unwrap();
    assert_eq!(pick.call(&Context::background(), ()).unwrap(), "a:80");
}

#[test]
#[cfg(all(feature = "static", feature = "filters", feature = "strategies"))]
fn filters_and_strategies_work_over_a_static_publisher() {
    use loadbalancer::{FixedPublisher, LoadBalancer, PriorityTiers, RoundRobin};

    let backup = Instance::new("backup:80").with_priority(1);
    let fixed = FixedPublisher::new([(Instance::new("a:80"), 'a'), (backup, 'z')]);
    let lb = RoundRobin::starting_at(PriorityTiers::new(fixed), 0);
    assert_eq!((*lb.endpoint().unwrap(), *lb.endpoint().unwrap()), ('a', 'a'));
}

#[test]
#[cfg(all(feature = "static", feature = "strategies", feature = "retry"))]
fn retry_reaches_the_endpoint_that_answers() {
    use loadbalancer::{FixedPublisher, Random, Retry};

    let endpoint = |up: bool| endpoint_fn(move |_, n: u32| if up { Ok(n) } else { Err("down") });
    let fixed = FixedPublisher::new([("a:80", endpoint(false)), ("b:80", endpoint(true))]);
    let retry = Retry::new(2, std::time::Duration::from_secs(60), Random::new(fixed, 1)).inline();
    for n in 0..20 {
        assert_eq!(retry.call(&Context::background(), n).unwrap(), n);
    }
}

#[test]
#[cfg(feature = "discovery")]
fn discovery_follows_a_source() {
    use loadbalancer::{Answer, BoxError, DiscoveryPublisher};

    let source = |_: &Context| Ok::<_, BoxError>(Answer::new(vec![Instance::new("a:80")]));
    let factory = |_: &Instance| Ok::<_, std::io::Error>(());
    let publisher = DiscoveryPublisher::builder("test", source).build(factory).unwrap();
    assert_eq!(publisher.endpoints().unwrap().len(), 1);
}

#[test]
#[cfg(feature = "dnssrv")]
fn dnssrv_follows_a_name() {
    use lb_test::{DnsServer, Record};
    use loadbalancer::DnsSrvPublisher;

    let server = DnsServer::start().unwrap();
    server.set("_http._tcp.example.", [Record::srv(0, 1, 80, "a.example.")]);
    let publisher = DnsSrvPublisher::builder("_http._tcp.example.")
        .name_server(server.address())
        .build(|_: &Instance| Ok::<_, std::io::Error>(()))
        .unwrap();
    assert_eq!(publisher.endpoints().unwrap().instance(0).unwrap().address(), "a.example:80");
}

#[test]
#[cfg(all(feature = "tower", feature = "static", feature = "strategies"))]
fn tower_gets_a_service() {
    use loadbalancer::{Balance, FixedPublisher, RoundRobin};
    use tower::{ServiceExt, service_fn};

    let double = service_fn(async |n: u32| Ok::<_, std::io::Error>(2 * n));
    let balance = Balance::new(RoundRobin::new(FixedPublisher::new([("a:80", double)])));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(balance.oneshot(21)).unwrap(), 42);
}

#[test]
#[cfg(all(feature = "retry", feature = "tokio", feature = "static", feature = "strategies"))]
fn retry_is_an_async_endpoint_with_tokio() {
    use loadbalancer::{AsyncEndpoint, FixedPublisher, Retry, RoundRobin, async_endpoint_fn};

    let endpoint = async_endpoint_fn(|_: Context, n: u32| async move { Ok::<_, std::io::Error>(2 * n) });
    let lb = RoundRobin::new(FixedPublisher::new([("a:80", endpoint)]));
    let retry = Retry::new(1, std::time::Duration::from_secs(60), lb);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    assert_eq!(runtime.block_on(AsyncEndpoint::call(&retry, &Context::background(), 21)).unwrap(), 42);
}

#[test]
fn the_facade_is_reexports_and_nothing_else() {
    let source = include_str!("../src/lib.rs");
    let items = source.lines().filter(|line| {
        let starts = ["pub use ", "//", "#", "    ", "}", ")"];
        !line.is_empty() && !starts.iter().any(|start| line.starts_with(start))
    });
    assert_eq!(items.collect::<Vec<_>>(), Vec::<&str>::new());
}
