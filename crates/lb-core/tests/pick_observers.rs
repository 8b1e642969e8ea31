//! Who observes a pick, by which clock, and how often it is looked at.

#[path = "support/book.rs"]
mod book;

use std::slice::from_ref;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use book::{Book, Told, recorded, whole};
use lb_core::{Clock, EndpointSet, Instance, Outcome, PickObserver, Record, StateKey};

fn micros(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

fn pair() -> EndpointSet<&'static str> {
    EndpointSet::new([(Instance::new("a:80"), "a"), (Instance::new("b:80"), "b")])
}

/// The outcome as it was recorded.
fn record_in(book: &Book) -> Record {
    let told = book.take();
    let [Told::Picked, Told::Recorded(record), Told::Dropped] = told[..] else {
        panic!("{told:?}");
    };
    record
}

#[test]
fn a_record_says_how_long_the_pick_took_and_when_it_was_recorded() {
    let clock = Clock::manual();
    let book = Book::with_clock(&clock);
    let set = pair().observed(from_ref(&book));
    clock.advance(micros(5));
    let pick = set.pick(0).unwrap();
    clock.advance(micros(3));
    pick.record(Outcome::Failure);
    clock.advance(micros(100)); // what is done after the record does not count
    drop(pick);
    assert_eq!(record_in(&book), Record::new(Outcome::Failure, micros(3), 8_000));
}

#[test]
fn a_pick_without_a_word_took_until_it_was_dropped() {
    let clock = Clock::manual();
    let book = Book::with_clock(&clock);
    let pick = pair().observed(from_ref(&book)).pick(0).unwrap();
    clock.advance(micros(3));
    drop(pick);
    assert_eq!(record_in(&book), Record::new(Outcome::Cancelled, micros(3), 3_000));
}

#[test]
fn where_no_observer_has_a_clock_the_times_are_zero() {
    let book = Book::new();
    pair().observed(from_ref(&book)).pick_at(0, 1_000).unwrap().record(Outcome::Success);
    assert_eq!(book.take(), whole(Outcome::Success));
}

#[test]
fn of_several_clocks_the_first_counts() {
    let clocks = [Clock::manual(), Clock::manual()];
    let books = [Book::new(), Book::with_clock(&clocks[0]), Book::with_clock(&clocks[1])];
    let set = books.iter().fold(pair(), |set, book| set.observed(from_ref(book)));
    let pick = set.pick(0).unwrap();
    clocks[0].advance(micros(2));
    clocks[1].advance(micros(50));
    pick.record(Outcome::Success);
    drop(pick);
    assert_eq!(books.map(|book| record_in(&book)), [Record::new(Outcome::Success, micros(2), 2_000); 3]);
}

/// Moves the clock on whenever it is told of a pick: whoever looks after that sees another time.
struct Moves(Clock);

impl PickObserver for Moves {
    fn picked(&self) {
        self.0.advance(micros(10));
    }

    fn recorded(&self, _: &Record) {
        self.0.advance(micros(1_000));
    }

    fn clock(&self) -> Option<&Clock> {
        Some(&self.0)
    }
}

#[test]
fn the_clock_is_looked_at_once_before_anybody_is_told_of_a_pick_and_once_before_its_record() {
    let clock = Clock::manual();
    let book = Book::with_clock(&clock);
    let set = pair().observed(&[Arc::new(Moves(clock.clone()))]).observed(from_ref(&book));
    let pick = set.pick(0).unwrap();
    pick.record(Outcome::Success);
    pick.record(Outcome::Success);
    drop(pick);
    // Begun before the 10 µs, ended before the 1,000 µs: both observers have one and the same record.
    assert_eq!(record_in(&book), Record::new(Outcome::Success, micros(10), 10_000));
}

#[test]
fn pick_at_begins_at_the_time_it_is_given() {
    let clock = Clock::manual();
    let book = Book::with_clock(&clock);
    let set = pair().observed(from_ref(&book));
    clock.advance(micros(9));
    let times = [
        ("in the past", 2_000, micros(7)),
        ("now", 9_000, micros(0)),
        ("in the future", 10_000, micros(0)),
        ("as late as can be", u64::MAX, micros(0)),
        ("nearly as late", u64::MAX - 1, micros(0)),
    ];
    for (when, nanos, elapsed) in times {
        let pick = set.pick_at(0, nanos).unwrap();
        assert!(pick.is_observed(), "{when}");
        drop(pick);
        assert_eq!(record_in(&book), Record::new(Outcome::Cancelled, elapsed, 9_000), "{when}");
    }
    assert!(set.pick_at(2, 0).is_none());
}

#[test]
fn each_member_tells_the_observer_of_its_index() {
    let books = [Book::new(), Book::new()];
    let set = pair().observed(&books);
    set.pick(1).unwrap().record(Outcome::Success);
    assert_eq!(books[0].take(), []);
    assert_eq!(books[1].take(), whole(Outcome::Success));
}

#[test]
fn members_beyond_the_observers_have_none_and_observers_beyond_the_members_hear_nothing() {
    let books = [Book::new(), Book::new(), Book::new()];
    let fewer = pair().observed(&books[..1]);
    assert_eq!([0, 1].map(|index| fewer.pick(index).unwrap().is_observed()), [true, false]);
    books[0].take();
    let more = pair().observed(&books);
    drop((more.pick(0), more.pick(1)));
    assert_eq!(books.map(|book| book.take().len()), [3, 3, 0]);
}

#[test]
fn two_layers_that_share_one_state_count_once() {
    let key = StateKey::<Book>::shared();
    let set = pair();
    let states = set.states(&key);
    let twice = set.observed(&states).observed(&set.states(&key));
    twice.pick(0).unwrap().record(Outcome::Success);
    assert_eq!(states[0].take(), whole(Outcome::Success));
}

/// Writes its number down when its endpoint is picked.
struct Numbered(u32, Arc<std::sync::Mutex<Vec<u32>>>);
impl PickObserver for Numbered {
    fn picked(&self) {
        self.1.lock().unwrap().push(self.0);
    }
}

#[test]
fn observers_are_told_in_the_order_in_which_they_came_and_each_once() {
    let log = Arc::new(std::sync::Mutex::new(Vec::new()));
    let observers = [1, 2, 3].map(|number| Arc::new(Numbered(number, log.clone())));
    let all = observers.iter().fold(pair(), |set, observer| set.observed(from_ref(observer)));
    let again = observers.iter().fold(all, |set, observer| set.observed(from_ref(observer)));
    drop(again.pick(0));
    assert_eq!(*log.lock().unwrap(), [1, 2, 3]);
}

#[test]
fn the_set_that_was_observed_stays_unobserved_itself() {
    let (set, book) = (pair(), Book::new());
    let observed = set.observed(from_ref(&book));
    assert_eq!([&set, &observed].map(|set| set.pick(0).unwrap().is_observed()), [false, true]);
    assert_ne!(set.id(), observed.id());
}

#[test]
fn observers_follow_into_sets_made_of_the_observed_one() {
    let book = Book::new();
    let observed = || pair().observed(&[Book::new(), book.clone()]);
    let made = [
        ("to_set", observed().to_set(), 1),
        ("select", observed().select([1]), 0),
        ("with_weights", observed().with_weights(|_, _| 7), 1),
        ("with_marks", observed().with_health(|_, _| false), 1),
        ("without_marks", observed().without_marks(), 1),
        ("or_else", observed().or_else(pair()), 1),
    ];
    for (how, set, index) in made {
        set.pick(index).unwrap().record(Outcome::Success);
        assert_eq!(book.take(), whole(Outcome::Success), "{how}");
    }
}

#[test]
fn next_tiers_stay_as_they_are() {
    let (here, there) = (Book::new(), Book::new());
    let set = pair().or_else(pair().observed(from_ref(&there))).observed(from_ref(&here));
    drop(set.next_tier().unwrap().pick(0));
    assert_eq!(here.take(), []);
    assert_eq!(there.take(), whole(Outcome::Cancelled));
}

#[test]
fn threads_that_pick_from_lanes_of_their_own_tell_the_same_observer() {
    let book = Book::new();
    let set = pair().observed(from_ref(&book));
    // More threads than a set has lanes.
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| set.pick(0).unwrap().record(Outcome::Success));
        }
    });
    let told = book.take();
    let count = |what: Told| told.iter().filter(|told| **told == what).count();
    assert_eq!([Told::Picked, recorded(Outcome::Success), Told::Dropped].map(count), [16; 3]);
    assert_eq!(told.len(), 48);
}
