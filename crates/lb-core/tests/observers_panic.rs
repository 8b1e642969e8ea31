//! Observers that panic: what it costs (a line in the log), and whom (nobody).

#[path = "support/book.rs"]
mod book;
#[path = "support/logs.rs"]
mod logs;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::slice::from_ref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use book::{Book, Told, recorded, whole};
use lb_core::{Clock, EndpointSet, Instance, Outcome, PickObserver, Record, Reported};

/// Panics whatever it is told, and counts how often.
#[derive(Default)]
struct Panics(AtomicUsize);

impl Panics {
    fn panic(&self) -> ! {
        self.0.fetch_add(1, Ordering::Relaxed);
        panic!("an observer's own trouble");
    }
}

impl PickObserver for Panics {
    fn picked(&self) {
        self.panic();
    }

    fn recorded(&self, _: &Record) {
        self.panic();
    }

    fn reported(&self, _: &Reported) {
        self.panic();
    }

    fn dropped(&self) {
        self.panic();
    }

    fn clock(&self) -> Option<&Clock> {
        self.panic();
    }
}

/// A set of one member with an observer that panics between two that do not.
fn beside_one_that_panics() -> (EndpointSet<&'static str>, Arc<Panics>, [Arc<Book>; 2]) {
    let (panics, books) = (Arc::new(Panics::default()), [Book::new(), Book::new()]);
    let set = EndpointSet::new([(Instance::new("a:80"), "a")])
        .observed(&[books[0].clone()])
        .observed(from_ref(&panics))
        .observed(&[books[1].clone()]);
    (set, panics, books)
}

#[test]
fn an_observer_that_panics_costs_neither_the_pick_nor_the_other_observers_anything() {
    let (set, panics, books) = beside_one_that_panics();
    let asked_for_its_clock = panics.0.swap(0, Ordering::Relaxed);
    assert_eq!(asked_for_its_clock, 1);
    let load = Reported::new().with_in_flight(3);
    let pick = set.pick(0).unwrap();
    assert_eq!(*pick, "a");
    pick.report(&load);
    pick.record(Outcome::Success);
    drop(pick);
    let expected = [Told::Picked, Told::Reported(load), recorded(Outcome::Success), Told::Dropped];
    assert_eq!(books.map(|book| book.take()), [expected, expected]);
    assert_eq!(panics.0.load(Ordering::Relaxed), 4);
}

#[test]
fn an_observer_that_panics_first_of_all_is_no_more_trouble() {
    let book = Book::new();
    let set = EndpointSet::new([(Instance::new("a:80"), ())])
        .observed(&[Arc::new(Panics::default())])
        .observed(from_ref(&book));
    set.pick(0).unwrap().record(Outcome::Failure);
    assert_eq!(book.take(), whole(Outcome::Failure));
}

#[test]
fn an_observer_that_panics_while_the_thread_unwinds_does_not_abort() {
    let (set, _panics, books) = beside_one_that_panics();
    let pick = set.pick(0).unwrap();
    let unwound = catch_unwind(AssertUnwindSafe(move || {
        let _pick = pick;
        panic!("another panic");
    }));
    assert!(unwound.is_err());
    assert_eq!(books.map(|book| book.take()), [whole(Outcome::Cancelled), whole(Outcome::Cancelled)]);
}

/// Its destructor panics.
struct Fragile;

impl PickObserver for Fragile {}

impl Drop for Fragile {
    fn drop(&mut self) {
        panic!("broken");
    }
}

#[test]
fn the_destructor_of_an_observer_may_panic_when_the_last_pick_ends() {
    let set = EndpointSet::new([(Instance::new("a:80"), "a")]).observed(&[Arc::new(Fragile)]);
    let pick = set.pick(0).unwrap();
    drop(set);
    assert_eq!(*pick, "a");
    assert!(catch_unwind(AssertUnwindSafe(|| drop(pick))).is_ok());
}

#[test]
fn each_panic_is_logged() {
    let lines = logs::captured(|| {
        let set = EndpointSet::new([(Instance::new("a:80"), ())]).observed(&[Arc::new(Panics::default())]);
        drop(set.pick(0));
    });
    let lines: Vec<_> =
        lines.iter().map(|line| (line.level, line.target.as_str(), line.text.as_str())).collect();
    let line = (log::Level::Error, "lb-core", "an observer of picks panicked: an observer's own trouble");
    assert_eq!(lines, [line; 4], "asked for its clock, picked, recorded, dropped");
}
