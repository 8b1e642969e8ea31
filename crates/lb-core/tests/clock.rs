//! `Clock`: the system's, and one that a test moves.

use std::time::Duration;

use lb_core::Clock;

#[test]
fn a_manual_clock_begins_at_zero_and_stands_until_it_is_moved() {
    let clock = Clock::manual();
    assert_eq!([clock.nanos(), clock.nanos()], [0, 0]);
    clock.advance(Duration::from_nanos(1));
    clock.advance(Duration::from_secs(2));
    clock.advance(Duration::ZERO);
    assert_eq!(clock.nanos(), 2_000_000_001);
}

#[test]
fn clones_of_a_manual_clock_show_one_time_and_other_manual_clocks_do_not() {
    let (clock, other) = (Clock::manual(), Clock::manual());
    let clone = clock.clone();
    clone.advance(Duration::from_micros(1));
    clock.advance(Duration::from_micros(1));
    assert_eq!([clock.nanos(), clone.nanos(), other.nanos()], [2_000, 2_000, 0]);
}

#[test]
fn the_systems_clock_never_goes_back_on_any_thread() {
    let clock = Clock::system();
    let begun = clock.nanos();
    let of_threads = std::thread::scope(|scope| {
        let look = || {
            let looks: Vec<_> = (0..1_000).map(|_| clock.nanos()).collect();
            assert!(looks.is_sorted());
            looks
        };
        [scope.spawn(look), scope.spawn(look)].map(|thread| thread.join().unwrap())
    });
    let ended = clock.nanos();
    assert!(of_threads.iter().flatten().all(|nanos| (begun..=ended).contains(nanos)));
}

#[test]
fn the_systems_clock_is_not_moved_by_hand_and_its_clones_show_one_time() {
    let hour = Duration::from_secs(3_600);
    let (clock, clone) = (Clock::system(), Clock::system());
    let before = clock.nanos();
    clone.advance(hour);
    let after = Clock::default().nanos();
    assert!(after >= before && u128::from(after - before) < hour.as_nanos());
}

#[test]
fn a_clock_says_of_which_kind_it_is() {
    assert_eq!(format!("{:?}", Clock::manual()), r#"Clock { kind: "manual", nanos: 0 }"#);
    assert!(format!("{:?}", Clock::system()).contains("system"));
}
