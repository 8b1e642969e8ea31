//! A watch that dies young backs off, however often it answers in between.

use super::*;

/// Answers at once and dies that many milliseconds later, again and again: the delays.
fn deaths(clocked: &mut Clocked, from: u64, lives_for: u64, count: usize) -> Vec<Duration> {
    let mut now = from;
    (0..count)
        .map(|_| {
            clocked.answer(now);
            now += lives_for;
            clocked.fail(now);
            let delay = clocked.pause_after(now).expect("it is tried again");
            now += u64::try_from(delay.as_millis()).unwrap() + 1;
            delay
        })
        .collect()
}

fn watching() -> Clocked {
    Clocked::new(&Settings { backoff_max: ms(1600), ..watch() })
}

#[test]
fn a_watch_that_dies_young_backs_off() {
    let delays = deaths(&mut watching(), 0, 10, 6);
    for (delay, ceiling) in delays.iter().zip([100, 200, 400, 800, 1600, 1600]) {
        assert!((ms(ceiling) / 2..=ms(ceiling)).contains(delay), "{delays:?}");
    }
}

#[test]
fn four_times_the_last_delay_of_calm_ends_the_backoff() {
    let mut clocked = watching();
    deaths(&mut clocked, 0, 10, 6);
    let delays = deaths(&mut clocked, 10_000, 6400, 2);
    assert!(delays.iter().all(|delay| *delay <= ms(100)), "{delays:?}");
}

#[test]
fn a_source_that_watches_is_asked_at_once_whatever_the_setting_ticks_aside() {
    for (settings, pause) in [(every(ms(60_000)), Some(WATCH_SPACING)), (on_ticks(), None)] {
        let mut clocked = Clocked::new(&settings);
        clocked.schedule.source_watches(true);
        clocked.answer(0);
        assert_eq!(clocked.pause_after(0), pause);
    }
}

#[test]
fn the_shortest_interval_holds_for_whoever_asks() {
    let settings = Settings { min_interval: Some(ms(500)), backoff_min: ms(1), ..every(ms(1)) };
    let mut clocked = Clocked::new(&settings);
    clocked.answer(0);
    assert_eq!(clocked.pause_after(0), Some(ms(500)), "a period");
    let now = clocked.at(100);
    assert!(!clocked.schedule.wanted(now), "a user");
    assert_eq!(clocked.pause_after(0), Some(ms(500)));
    clocked.fail(600);
    assert_eq!(clocked.pause_after(600), Some(ms(500)), "a backoff");
    let now = clocked.at(1100);
    assert!(clocked.schedule.wanted(now));
}
