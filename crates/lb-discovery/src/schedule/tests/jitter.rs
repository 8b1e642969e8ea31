//! Case 28: publishers that start together do not ask together.

use super::*;

/// The pauses of forty publishers after an answer of that TTL.
fn pauses(settings: &Settings, ttl: Option<Duration>) -> Vec<Duration> {
    (0..40)
        .map(|seed| {
            let mut clocked = Clocked::seeded(settings, seed);
            clocked.schedule.answered(clocked.start, ttl, found(1));
            clocked.pause_after(0).expect("it is asked again")
        })
        .collect()
}

#[test]
fn case_28_the_pause_is_jittered_and_a_ttl_never_exceeded() {
    let ttl = Refresh::Ttl { min: ms(100), max: ms(9000) };
    let cases = [
        ("a period", Refresh::Every(ms(1000)), None, 900..=1100),
        ("a TTL", ttl.clone(), Some(1000), 900..=1000),
        ("a TTL above the cap", ttl.clone(), Some(10_000), 8100..=9000),
        ("a TTL near the floor", ttl.clone(), Some(105), 100..=105),
        ("a TTL below the floor", ttl.clone(), Some(0), 100..=110),
        ("no TTL", ttl, None, 100..=110),
    ];
    for (what, refresh, answer, range) in cases {
        let settings = Settings { refresh, ..Settings::default() };
        let drawn = pauses(&settings, answer.map(ms));
        let (low, high) = (ms(*range.start()), ms(*range.end()));
        assert!(drawn.iter().all(|pause| (low..=high).contains(pause)), "{what}: {drawn:?}");
        let (first, last) = (drawn.iter().min().unwrap(), drawn.iter().max().unwrap());
        assert!(last.abs_diff(*first) > high.abs_diff(low) / 2, "{what}: spread over most of it: {drawn:?}");
    }
}

#[test]
fn a_jitter_of_zero_is_exact() {
    assert_eq!(pauses(&every(ms(1000)), None), [ms(1000); 40]);
}

#[test]
fn the_largest_jitter_does_not_spin() {
    let settings = Settings { jitter_percent: 99, ..every(Duration::from_nanos(1)) };
    assert!(pauses(&settings, None).iter().all(|pause| *pause >= Duration::from_nanos(1)));
}
