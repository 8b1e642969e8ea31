//! Who waits for whom: nobody who picks, and a writer once, however many layers stand on its publisher.

use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use lb_core::{Derived, EndpointCache, EndpointCell, Error, Instance, Observer, Publisher};
use lb_test::ScriptedPublisher;

/// A filter that passes everything on.
struct Layer<P: Publisher>(Derived<P, EndpointCell<P::Endpoint>>);

impl<P> Layer<P>
where
    P: Publisher + 'static,
    P::Endpoint: Send + Sync,
{
    fn new(publisher: P) -> Self {
        Self(Derived::new(publisher, |set, _| EndpointCell::new(set.to_set())))
    }
}

impl<P> Publisher for Layer<P>
where
    P: Publisher,
    P::Endpoint: Send + Sync,
{
    type Endpoint = P::Endpoint;

    fn endpoints(&self) -> Result<lb_core::Endpoints<P::Endpoint>, Error> {
        Ok(self.0.load()?.load())
    }

    fn subscribe(&self, observer: Weak<dyn Observer>) -> bool {
        self.0.subscribe(observer)
    }
}

fn elapsed(work: impl FnOnce()) -> Duration {
    #[expect(clippy::disallowed_methods, reason = "the time that a wait takes is what is tested")]
    let start = Instant::now();
    work();
    start.elapsed()
}

fn cache() -> Arc<EndpointCache<()>> {
    let cache = EndpointCache::new(|_: &Instance| Ok::<_, String>(()));
    cache.replace(["a:80"]);
    Arc::new(cache)
}

/// A wait is 20 ms; eight layers that waited one by one would take 180 ms.
#[test]
fn case_7_a_writer_waits_once_however_many_layers_hold_its_old_set() {
    let cache = cache();
    let mut layers: Vec<Arc<dyn Publisher<Endpoint = ()>>> = vec![cache.clone()];
    for below in 0..8 {
        layers.push(Arc::new(Layer::new(layers[below].clone())));
    }
    let looks: Vec<_> = layers.iter().map(|layer| layer.endpoints().unwrap()).collect();
    let took = elapsed(|| cache.replace(["b:80"]));
    assert!(took < Duration::from_millis(120), "{took:?}");
    assert!(looks.iter().all(|look| look.instance(0).unwrap().address() == "a:80"));
    assert!(layers.iter().all(|layer| layer.endpoints().unwrap().instance(0).unwrap().address() == "b:80"));
}

/// A wait is 20 ms; fifty loads that each waited would take a second.
#[test]
fn case_7_a_load_that_catches_up_waits_for_no_look_that_is_held() {
    let publisher = Arc::new(ScriptedPublisher::silent([("a:80", ())]));
    let layer = Layer::new(publisher.clone());
    let took = elapsed(|| {
        for round in 0..50 {
            let _held = layer.endpoints().unwrap();
            let _derived = layer.0.load().unwrap();
            publisher.set_endpoints(lb_core::EndpointSet::new([(Instance::new(format!("{round}:80")), ())]));
            assert_eq!(layer.endpoints().unwrap().instance(0).unwrap().address(), format!("{round}:80"));
        }
    });
    assert!(took < Duration::from_millis(700), "{took:?}");
}

#[test]
fn case_7_dropping_a_publisher_waits_for_no_look_that_is_held() {
    let caches: Vec<_> = (0..50).map(|_| Layer::new(cache())).collect();
    let looks: Vec<_> = caches.iter().map(|cache| cache.endpoints().unwrap()).collect();
    let took = elapsed(|| drop(caches));
    assert!(took < Duration::from_millis(700), "{took:?}");
    assert!(looks.iter().all(|look| look.len() == 1));
}

#[test]
fn a_refresh_derives_again_from_the_same_set_and_gets_the_value_before() {
    let derived = Derived::new(cache(), |set, before: Option<&usize>| before.map_or(set.len(), |n| n + 10));
    assert_eq!(*derived.load().unwrap(), 1);
    derived.refresh();
    derived.refresh();
    assert_eq!(*derived.load().unwrap(), 21);
}

/// Notes which instance comes first when it is told.
struct Sees(Weak<Layer<Arc<EndpointCache<()>>>>, Mutex<Vec<String>>);

impl Observer for Sees {
    fn changed(&self) {
        let set = self.0.upgrade().unwrap();
        let set = set.endpoints().unwrap();
        self.1.lock().unwrap().push(set.instance(0).unwrap().address().to_owned());
    }
}

#[test]
fn observers_of_a_derived_are_told_once_it_stands_and_of_a_refresh_too() {
    let cache = cache();
    let layer = Arc::new(Layer::new(cache.clone()));
    let sees = Arc::new(Sees(Arc::downgrade(&layer), Mutex::default()));
    let observer: Arc<dyn Observer> = sees.clone();
    assert!(layer.subscribe(Arc::downgrade(&observer)));
    cache.replace(["b:80"]);
    layer.0.refresh();
    assert_eq!(*sees.1.lock().unwrap(), ["b:80", "b:80"]);
}
