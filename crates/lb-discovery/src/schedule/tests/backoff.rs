use super::*;

fn delays(clocked: &mut Clocked, count: u32) -> Vec<Duration> {
    (0..count)
        .map(|_| {
            clocked.fail(0);
            clocked.pause_after(0).expect("a failure is followed by another try")
        })
        .collect()
}

#[test]
fn delays_double_and_are_drawn_from_the_upper_half() {
    let mut clocked = Clocked::new(&Settings { backoff_max: ms(1500), ..every(ms(60_000)) });
    let ceilings = [100, 200, 400, 800, 1500, 1500];
    for (delay, ceiling) in delays(&mut clocked, 6).into_iter().zip(ceilings) {
        assert!((ms(ceiling) / 2..=ms(ceiling)).contains(&delay), "{delay:?} of {ceiling} ms");
    }
}

#[test]
fn a_failing_source_is_asked_no_less_often_than_one_that_answers() {
    let mut clocked = Clocked::new(&every(ms(40)));
    assert!(delays(&mut clocked, 9).into_iter().all(|delay| (ms(20)..=ms(40)).contains(&delay)));

    let ttl = Settings { refresh: Refresh::Ttl { min: ms(10), max: ms(300) }, ..Settings::default() };
    let last = delays(&mut Clocked::new(&ttl), 9).pop();
    assert!(last.is_some_and(|delay| (ms(150)..=ms(300)).contains(&delay)), "{last:?}");
}

#[test]
fn an_answer_ends_the_backoff() {
    let mut clocked = Clocked::new(&every(ms(60_000)));
    delays(&mut clocked, 8);
    clocked.answer(0);
    assert_eq!(clocked.pause_after(0), Some(ms(60_000)));
    assert!(delays(&mut clocked, 1)[0] <= ms(100));
}

#[test]
fn publishers_with_different_seeds_do_not_come_back_together() {
    let [mut one, mut same, mut other] = [1, 1, 2].map(|seed| Clocked::seeded(&every(ms(60_000)), seed));
    let drawn = delays(&mut one, 8);
    assert_eq!(drawn, delays(&mut same, 8));
    assert_ne!(drawn, delays(&mut other, 8));
}

#[test]
fn the_shortest_and_the_longest_delays_neither_spin_nor_overflow() {
    let nano = Duration::from_nanos(1);
    let shortest = Settings { backoff_min: nano, backoff_max: nano, ..every(Duration::MAX) };
    assert_eq!(delays(&mut Clocked::new(&shortest), 3), [nano; 3]);

    let longest = Settings { backoff_min: Duration::MAX, backoff_max: Duration::MAX, ..watch() };
    let mut clocked = Clocked::new(&longest);
    for _ in 0..3 {
        clocked.fail(0);
        assert_eq!(clocked.pause_after(0), None, "never");
    }
}
