//! The scripted publisher, the counting factory, and χ².

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lb_core::{EndpointCache, Error, Factory, Instance, Observer, Publisher};
use lb_test::{CountingFactory, ScriptedPublisher, chi_square, chi_square_critical};

#[derive(Default)]
struct Told(AtomicUsize);

impl Observer for Told {
    fn changed(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_scripted_publisher_tells_of_sets_and_of_errors() {
    let publisher = ScriptedPublisher::new([("a:80", 1)]);
    let told = Arc::new(Told::default());
    let observer: Arc<dyn Observer> = told.clone();
    assert!(publisher.subscribe(Arc::downgrade(&observer)));
    publisher.set([("b:80", 2)]);
    publisher.fail(Error::NoEndpoints);
    assert!(matches!(publisher.endpoints(), Err(Error::NoEndpoints)));
    let next = lb_core::EndpointSet::new([(Instance::new("c:80"), 3)]);
    let id = next.id();
    publisher.set_endpoints(next);
    assert_eq!(publisher.endpoints().unwrap().id(), id);
    assert_eq!(told.0.load(Ordering::Relaxed), 3);
}

#[test]
fn a_silent_publisher_says_so() {
    let publisher = ScriptedPublisher::silent([("a:80", 1)]);
    let told = Arc::new(Told::default());
    let observer: Arc<dyn Observer> = told.clone();
    assert!(!publisher.subscribe(Arc::downgrade(&observer)));
    publisher.set([("b:80", 2)]);
    assert_eq!(told.0.load(Ordering::Relaxed), 0);
}

#[test]
fn a_counting_factory_counts_by_address() {
    let factory = CountingFactory::new();
    let cache = EndpointCache::new(factory.clone());
    factory.fail("b:80");
    factory.panic("c:80");
    cache.replace(["a:80", "b:80", "c:80"]);
    assert_eq!((factory.made(), factory.alive(), factory.dropped()), (1, 1, 0));
    assert_eq!(["a:80", "b:80", "c:80"].map(|address| factory.asked_for(address)), [1, 1, 1]);
    factory.heal("b:80");
    factory.heal("c:80");
    cache.replace(["b:80", "c:80"]);
    assert_eq!((factory.made(), factory.alive(), factory.dropped()), (3, 2, 1));
    assert_eq!((factory.made_for("b:80"), factory.asked_for("b:80"), factory.dropped_for("a:80")), (1, 2, 1));
    factory.assert_balance(&cache.endpoints().unwrap(), &[]);
}

#[test]
#[should_panic(expected = "made 2, live 1, draining 0, dropped 0")]
fn an_endpoint_that_is_kept_by_nobody_known_is_found_out() {
    let factory = CountingFactory::new();
    let cache = EndpointCache::new(factory.clone());
    cache.replace(["a:80", "b:80"]);
    let _held = cache.endpoints().unwrap().pick(0);
    cache.replace(["b:80"]);
    factory.assert_balance(&cache.endpoints().unwrap(), &[]);
}

#[test]
fn endpoints_are_made_anew_where_told() {
    let factory = CountingFactory::new();
    let cache = EndpointCache::new(factory.clone());
    let number = |weight| {
        cache.replace([Instance::new("a:80").with_weight(weight)]);
        cache.endpoints().unwrap().pick(0).unwrap().number()
    };
    assert_eq!([number(1), number(2)], [0, 0]);
    factory.remake(true);
    assert_eq!(number(3), 1);
}

#[test]
fn destructors_panic_and_count_all_the_same() {
    let factory = CountingFactory::new();
    let endpoint = factory.create(&lb_core::Context::background(), &Instance::new("a:80")).unwrap();
    factory.panic_on_drop("a:80");
    catch_unwind(AssertUnwindSafe(|| drop(endpoint))).unwrap_err();
    assert_eq!(factory.dropped(), 1);
}

#[test]
fn destructors_take_their_time() {
    let factory = CountingFactory::new();
    let endpoint = factory.create(&lb_core::Context::background(), &Instance::new("a:80")).unwrap();
    factory.drop_takes(Duration::from_millis(20));
    #[expect(clippy::disallowed_methods, reason = "how long it takes is what is tested")]
    let start = Instant::now();
    drop(endpoint);
    assert!(start.elapsed() >= Duration::from_millis(20));
}

#[test]
fn critical_values_are_those_of_the_tables() {
    for (degrees, table) in [(1, 10.828), (2, 13.816), (5, 20.515), (9, 27.877), (99, 148.230)] {
        let value = chi_square_critical(degrees);
        assert!((value / table - 1.0).abs() < 0.032, "{degrees}: {value}, not {table}");
    }
}

#[test]
fn chi_square_is_the_sum_of_the_squared_deviations() {
    let is = |value: f64, expected: f64| (value - expected).abs() < 1e-12;
    assert!(is(chi_square(&[10, 10], &[1.0, 1.0]), 0.0));
    assert!(is(chi_square(&[15, 5], &[10.0, 10.0]), 5.0));
    assert!(is(chi_square(&[6, 2, 0], &[3.0, 1.0, 0.0]), 0.0));
    assert!(chi_square(&[6, 2, 1], &[3.0, 1.0, 0.0]).is_infinite());
}
