//! What is allocated: by an endpoint, by lists that must not grow, by contexts, by picks; and how large a pick is.

use std::slice::from_ref;
use std::sync::{Arc, Weak};
use std::time::Duration;

use allocation_counter::{AllocationInfo, measure};
use lb_core::{
    Clock, Context, Derived, EndpointCache, EndpointSet, Error, Instance, Observer, Observers, Outcome, Pick,
    PickObserver, Publisher, Record, Reported,
};

/// What `code` has allocated and not freed.
fn kept(code: impl FnOnce()) -> i64 {
    measure(code).bytes_current
}

fn nothing() -> AllocationInfo {
    AllocationInfo::default()
}

#[test]
fn an_endpoint_takes_200_bytes_at_most_beside_e_and_the_strings() {
    // Up to 128 a set has lanes, which trade memory for picks that do not wait for each other: no bound, but a number.
    for (count, bounded) in [(100, false), (129, true), (1_000, true), (10_000, true)] {
        let instances: Vec<_> = (0..count).map(|n| Instance::new(format!("10.0.0.1:{n}"))).collect();
        let cache = EndpointCache::new(|_: &Instance| Ok::<_, String>(()));
        let bytes = kept(|| cache.replace(instances.iter().cloned()));
        println!("{count} endpoints: {} bytes each", bytes / i64::from(count));
        assert!(!bounded || bytes <= 200 * i64::from(count), "{bytes} bytes for {count} endpoints");
        assert!(bytes > 0);
    }
}

#[test]
fn a_changed_weight_leaves_no_more_than_was_there() {
    let instances: Vec<_> = (0..1_000).map(|n| Instance::new(format!("10.0.0.1:{n}"))).collect();
    let cache = EndpointCache::new(|_: &Instance| Ok::<_, String>(()));
    cache.replace(instances.iter().cloned());
    for weight in 2..5 {
        let bytes = kept(|| cache.replace(instances.iter().cloned().map(|i| i.with_weight(weight))));
        assert!(bytes <= 0, "{bytes} bytes more at weight {weight}");
    }
}

#[test]
fn indices_past_the_end_take_no_memory() {
    let set = EndpointSet::new([(Instance::new("a:80"), ())]);
    let most =
        |indices: std::ops::Range<usize>| measure(|| assert_eq!(set.select(indices).len(), 1)).bytes_max;
    assert_eq!(most(0..1), most(0..100_000));
}

#[test]
fn a_look_at_the_set_and_a_pick_allocate_nothing() {
    let cache = Arc::new(EndpointCache::new(|_: &Instance| Ok::<_, String>(())));
    cache.replace(["a:80", "b:80"]);
    let derived = Derived::new(cache.clone(), |set, _| set.len());
    let look = || {
        let pick = cache.endpoints().unwrap().pick(*derived.load().unwrap() - 1).unwrap();
        assert_eq!(pick.address(), "b:80");
    };
    look();
    assert_eq!(measure(look), nothing());
}

/// Sums up what it is told.
#[derive(Default)]
struct Sums(Clock, std::sync::atomic::AtomicU64);

impl PickObserver for Sums {
    fn recorded(&self, record: &Record) {
        self.1.fetch_add(record.ended_nanos(), std::sync::atomic::Ordering::Relaxed);
    }

    fn clock(&self) -> Option<&Clock> {
        Some(&self.0)
    }
}

#[test]
fn an_observed_pick_its_report_its_record_and_its_end_allocate_nothing() {
    type End = (&'static str, fn(&Pick<()>));
    let observers = [0, 1, 2].map(|_| Arc::new(Sums::default()));
    let plain = EndpointSet::new([(Instance::new("a:80"), ())]);
    let set = observers.iter().fold(plain, |set, observer| set.observed(from_ref(observer)));
    let ends: [End; 3] = [
        ("recorded", |pick| pick.record(Outcome::Failure)),
        ("reported", |pick| pick.report(&Reported::new().with_in_flight(1))),
        ("without a word", |_| ()),
    ];
    for (how, used) in ends {
        for pick in [|set: &EndpointSet<()>| set.pick(0), |set: &EndpointSet<()>| set.pick_at(0, 1)] {
            let whole = || used(&pick(&set).unwrap());
            whole();
            assert_eq!(measure(whole), nothing(), "{how}");
        }
    }
    assert!(observers.iter().all(|observer| observer.1.load(std::sync::atomic::Ordering::Relaxed) > 0));
}

#[test]
fn a_pick_is_two_words() {
    assert_eq!(size_of::<Pick<[u8; 100]>>(), 16);
    assert_eq!(size_of::<Option<Pick<()>>>(), 16);
    // 40 is what the error takes: two fat pointers.
    assert!(size_of::<Result<Pick<()>, Error>>() <= size_of::<Error>());
}

#[test]
fn only_with_cancel_allocates_in_a_context() {
    let (cancellable, _canceller) = Context::background().with_cancel();
    for ctx in [Context::background(), cancellable] {
        let derives = || {
            let derived = ctx.clone().with_timeout(Duration::from_secs(1));
            assert!(!derived.is_done() && derived.remaining().is_some());
        };
        derives();
        assert_eq!(measure(derives), nothing());
    }
    assert_eq!(measure(|| drop(Context::background().on_cancelled())), nothing());
}

#[test]
fn the_list_of_children_does_not_grow_with_those_that_are_gone() {
    let (service, _canceller) = Context::background().with_cancel();
    let bytes = kept(|| (0..100_000).for_each(|_| drop(service.with_cancel())));
    assert!(bytes < 4096, "{bytes} bytes after 100,000 requests");
}

#[test]
fn the_list_of_observers_does_not_grow_with_those_that_are_gone_though_no_change_ever_comes() {
    struct Nobody;
    impl Observer for Nobody {
        fn changed(&self) {}
    }
    let observers = Observers::new();
    let bytes = kept(|| {
        for _ in 0..100_000 {
            let gone: Weak<dyn Observer> = Arc::downgrade(&Arc::new(Nobody)) as _;
            observers.subscribe(gone);
        }
    });
    assert!(bytes < 4096, "{bytes} bytes after 100,000 observers");
}
