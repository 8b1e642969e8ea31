//! Picks and outcomes: each pick is recorded exactly once, whatever happens to it.

#[path = "support/book.rs"]
mod book;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use book::{Told, observed, recorded, whole};
use lb_core::{Context, Endpoint, EndpointSet, Instance, Outcome, Pick, Reported, endpoint_fn};

const OUTCOMES: [Outcome; 3] = [Outcome::Success, Outcome::Failure, Outcome::Cancelled];

/// What one pick tells that `used` is done to.
fn told(used: impl FnOnce(Pick<()>)) -> Vec<Told> {
    let (set, book) = observed(());
    used(set.pick(0).unwrap());
    book.take()
}

/// Panics, and drops `value` while the thread unwinds.
fn unwinding<T>(value: T) {
    let unwound = catch_unwind(AssertUnwindSafe(move || {
        let _value = value;
        panic!("another panic");
    }));
    assert!(unwound.is_err());
}

#[test]
fn a_pick_tells_that_it_is_picked_then_its_outcome_then_that_it_is_dropped() {
    for outcome in OUTCOMES {
        assert_eq!(told(|pick| pick.record(outcome)), whole(outcome));
    }
}

#[test]
fn the_outcome_is_told_at_once_and_the_end_when_the_pick_is_dropped() {
    let (set, book) = observed(());
    let pick = set.pick(0).unwrap();
    assert_eq!(book.take(), [Told::Picked]);
    pick.record(Outcome::Success);
    assert_eq!(book.take(), [recorded(Outcome::Success)]);
    drop(pick);
    assert_eq!(book.take(), [Told::Dropped]);
}

#[test]
fn the_first_word_counts() {
    for first in OUTCOMES {
        for second in OUTCOMES {
            let twice = |pick: Pick<()>| {
                pick.record(first);
                pick.record(second);
            };
            assert_eq!(told(twice), whole(first));
        }
    }
}

#[test]
fn of_many_threads_that_record_at_once_one_is_heard() {
    let (set, book) = observed(());
    for _ in 0..100 {
        let pick = set.pick(0).unwrap();
        thread::scope(|scope| {
            for outcome in OUTCOMES {
                let pick = &pick;
                scope.spawn(move || pick.record(outcome));
            }
        });
        drop(pick);
        let told = book.take();
        assert!(matches!(told[..], [Told::Picked, Told::Recorded(_), Told::Dropped]), "{told:?}");
    }
}

#[test]
fn a_pick_that_is_dropped_without_a_word_was_cancelled() {
    assert_eq!(told(drop), whole(Outcome::Cancelled));
}

#[test]
fn a_pick_that_is_dropped_while_its_thread_unwinds_was_cancelled() {
    assert_eq!(told(unwinding), whole(Outcome::Cancelled));
}

#[test]
fn a_recorded_pick_that_is_dropped_while_its_thread_unwinds_keeps_its_outcome() {
    let used = |pick: Pick<()>| {
        pick.record(Outcome::Success);
        unwinding(pick);
    };
    assert_eq!(told(used), whole(Outcome::Success));
}

#[test]
fn a_call_through_the_pick_records_how_it_went() {
    let answers = endpoint_fn(|_, answer: Result<u32, &'static str>| answer);
    for (answer, outcome) in [(Ok(1), Outcome::Success), (Err("refused"), Outcome::Failure)] {
        let (set, book) = observed(answers);
        assert_eq!(set.pick(0).unwrap().call(&Context::background(), answer), answer);
        assert_eq!(book.take(), whole(outcome));
    }
}

#[test]
fn a_call_through_the_pick_that_panics_has_failed() {
    let (set, book) = observed(endpoint_fn(|_, (): ()| -> Result<(), ()> { panic!("broken") }));
    let pick = set.pick(0).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| pick.call(&Context::background(), ()))).is_err());
    assert_eq!(book.take(), [Told::Picked, recorded(Outcome::Failure)]);
    drop(pick);
    assert_eq!(book.take(), [Told::Dropped]);
}

#[test]
fn what_the_caller_recorded_before_a_call_counts() {
    let (set, book) = observed(endpoint_fn(|_, (): ()| Ok::<_, ()>(())));
    let pick = set.pick(0).unwrap();
    pick.record(Outcome::Failure);
    pick.call(&Context::background(), ()).unwrap();
    drop(pick);
    assert_eq!(book.take(), whole(Outcome::Failure));
}

#[test]
fn only_the_first_of_two_calls_through_a_pick_is_recorded() {
    let (set, book) = observed(endpoint_fn(|_, answer: Result<(), ()>| answer));
    let pick = set.pick(0).unwrap();
    assert_eq!(pick.call(&Context::background(), Err(())), Err(()));
    assert_eq!(pick.call(&Context::background(), Ok(())), Ok(()));
    drop(pick);
    assert_eq!(book.take(), whole(Outcome::Failure));
}

#[test]
fn a_call_of_the_endpoint_itself_leaves_the_outcome_to_the_caller() {
    let (set, book) = observed(endpoint_fn(|_, (): ()| Ok::<_, ()>(())));
    let pick = set.pick(0).unwrap();
    (*pick).call(&Context::background(), ()).unwrap();
    pick.record(Outcome::Failure);
    drop(pick);
    assert_eq!(book.take(), whole(Outcome::Failure));
}

#[test]
fn a_report_of_load_is_passed_on_before_the_record_and_after_it() {
    let loads = [0.25, 0.5, 0.75].map(|share| Reported::new().with_utilisation(share));
    let used = |pick: Pick<()>| {
        pick.report(&loads[0]);
        pick.record(Outcome::Success);
        pick.report(&loads[1]);
        pick.report(&loads[2]);
    };
    let expected = [
        Told::Picked,
        Told::Reported(loads[0]),
        recorded(Outcome::Success),
        Told::Reported(loads[1]),
        Told::Reported(loads[2]),
        Told::Dropped,
    ];
    assert_eq!(told(used), expected);
}

#[test]
fn a_handle_is_observed_by_nobody() {
    let (set, book) = observed(endpoint_fn(|_, (): ()| Ok::<_, ()>(())));
    let handle = set.handle(0).unwrap();
    assert!(!handle.is_observed());
    handle.call(&Context::background(), ()).unwrap();
    handle.report(&Reported::new().with_in_flight(1));
    handle.record(Outcome::Failure);
    drop(handle);
    assert_eq!(book.take(), []);
    assert!(set.handle(1).is_none());
}

#[test]
fn a_pick_says_whether_it_is_observed() {
    let plain = EndpointSet::new([(Instance::new("a:80"), ())]);
    let (observed, _book) = observed(());
    for (set, expected) in [(&plain, false), (&observed, true)] {
        let picks = [set.pick(0).unwrap(), set.pick_at(0, 7).unwrap()];
        assert_eq!(picks.each_ref().map(Pick::is_observed), [expected; 2]);
        picks[0].record(Outcome::Success);
        assert_eq!(picks[0].is_observed(), expected, "recorded or not");
    }
}

#[test]
fn a_pick_that_nobody_observes_takes_every_word() {
    let set = EndpointSet::new([(Instance::new("a:80"), endpoint_fn(|_, n: u32| Ok::<_, ()>(n)))]);
    let pick = set.pick(0).unwrap();
    pick.report(&Reported::new());
    pick.record(Outcome::Failure);
    assert_eq!(pick.call(&Context::background(), 4), Ok(4));
}

#[test]
fn a_share_that_is_no_share_is_left_out_of_a_report() {
    let utilisation = |share| Reported::new().with_utilisation(share).utilisation();
    for share in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.1] {
        assert_eq!(utilisation(share), None, "{share}");
    }
    for share in [0.0, 0.5, 1.0, 3.5] {
        assert_eq!(utilisation(share), Some(share));
    }
}
