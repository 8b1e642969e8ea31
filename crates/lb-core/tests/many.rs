//! Lists of observers and of contexts grow, and none that lives is forgotten then.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use lb_core::{Context, Observer, Observers};

#[derive(Default)]
struct Told(AtomicUsize);

impl Observer for Told {
    fn changed(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn every_one_of_a_hundred_observers_is_told() {
    let observers = Observers::new();
    let told: Vec<Arc<Told>> = (0..100).map(|_| Arc::default()).collect();
    for one in &told {
        let weak: Weak<Told> = Arc::downgrade(one);
        observers.subscribe(weak);
    }
    observers.notify();
    assert!(told.iter().all(|one| one.0.load(Ordering::Relaxed) == 1));
}

#[test]
fn every_one_of_a_hundred_derived_contexts_is_cancelled() {
    let (parent, canceller) = Context::background().with_cancel();
    let children: Vec<_> = (0..100).map(|_| parent.with_cancel()).collect();
    canceller.cancel();
    assert!(children.iter().all(|(child, _)| child.is_cancelled()));
}
