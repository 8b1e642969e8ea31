//! An observer of picks that writes down what it is told.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::slice::from_ref;
use std::sync::{Arc, Mutex};

use lb_core::{Clock, EndpointSet, Instance, Outcome, PickObserver, Record, Reported};

/// What an observer was told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Told {
    Picked,
    Recorded(Record),
    Reported(Reported),
    Dropped,
}

/// Writes down what it is told, in order.
#[derive(Default)]
pub(crate) struct Book {
    told: Mutex<Vec<Told>>,
    clock: Option<Clock>,
}

impl Book {
    /// Without a clock.
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// One by whose clock picks are measured.
    pub(crate) fn with_clock(clock: &Clock) -> Arc<Self> {
        Arc::new(Self { told: Mutex::default(), clock: Some(clock.clone()) })
    }

    /// What was told since this was last asked.
    pub(crate) fn take(&self) -> Vec<Told> {
        std::mem::take(&mut self.told.lock().unwrap())
    }

    fn write(&self, told: Told) {
        self.told.lock().unwrap().push(told);
    }
}

impl PickObserver for Book {
    fn picked(&self) {
        self.write(Told::Picked);
    }

    fn recorded(&self, record: &Record) {
        self.write(Told::Recorded(*record));
    }

    fn reported(&self, load: &Reported) {
        self.write(Told::Reported(*load));
    }

    fn dropped(&self) {
        self.write(Told::Dropped);
    }

    fn clock(&self) -> Option<&Clock> {
        self.clock.as_ref()
    }
}

/// A set of one member, and what its picks tell.
pub(crate) fn observed<E>(endpoint: E) -> (EndpointSet<E>, Arc<Book>) {
    let book = Book::new();
    let set = EndpointSet::new([(Instance::new("a:80"), endpoint)]).observed(from_ref(&book));
    (set, book)
}

/// A record of an observer without a clock.
pub(crate) fn recorded(outcome: Outcome) -> Told {
    Told::Recorded(Record::new(outcome, std::time::Duration::ZERO, 0))
}

/// What a whole pick tells that ends so.
pub(crate) fn whole(outcome: Outcome) -> [Told; 3] {
    [Told::Picked, recorded(outcome), Told::Dropped]
}
