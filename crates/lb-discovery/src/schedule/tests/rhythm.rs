use super::*;

#[test]
fn every_asks_a_period_after_each_answer() {
    let mut clocked = Clocked::new(&every(ms(500)));
    clocked.answer(0);
    assert_eq!(clocked.pause_after(0), Some(ms(500)));
    clocked.answer(700);
    assert_eq!(clocked.pause_after(700), Some(ms(500)));
}

#[test]
fn ttl_follows_the_answer_between_floor_and_cap() {
    let settings = Settings { refresh: Refresh::Ttl { min: ms(100), max: ms(9000) }, ..every(ms(1)) };
    let mut clocked = Clocked::new(&settings);
    for (ttl, pause) in [(5000, 5000), (0, 100), (99, 100), (9001, 9000), (u64::MAX, 9000)] {
        clocked.answer_with_ttl(0, ms(ttl));
        assert_eq!(clocked.pause_after(0), Some(ms(pause)), "a TTL of {ttl} ms");
    }
}

#[test]
fn an_answer_without_ttl_is_good_for_the_floor() {
    let settings = Settings { refresh: Refresh::Ttl { min: ms(100), max: ms(9000) }, ..every(ms(1)) };
    let mut clocked = Clocked::new(&settings);
    clocked.answer(0);
    assert_eq!(clocked.pause_after(0), Some(ms(100)));
}

#[test]
fn only_ticks_cause_a_refresh_in_scripted_time() {
    let mut clocked = Clocked::new(&Settings { expire_after: Some(ms(10)), ..on_ticks() });
    clocked.answer(0);
    assert_eq!((clocked.pause_after(0), clocked.wake_after(0)), (None, None));
    clocked.fail(5);
    assert_eq!((clocked.pause_after(5), clocked.wake_after(5)), (None, None));
}

#[test]
fn watch_asks_again_at_once() {
    let mut clocked = Clocked::new(&watch());
    clocked.schedule.asked(clocked.start);
    let now = clocked.at(5000);
    clocked.schedule.answered(now, None, found(1));
    assert_eq!(clocked.pause_after(5000), Some(Duration::ZERO));
    assert!(clocked.schedule.is_due(now));
}

#[test]
fn watch_does_not_spin_when_the_source_does_not_wait() {
    let mut clocked = Clocked::new(&watch());
    clocked.answer(0);
    assert_eq!(clocked.pause_after(0), Some(WATCH_SPACING));
}

#[test]
fn nothing_is_due_while_a_refresh_is_under_way() {
    let mut clocked = Clocked::new(&every(ms(500)));
    clocked.answer(0);
    let later = clocked.at(500);
    assert!(clocked.schedule.is_due(later));
    clocked.schedule.asked(later);
    assert!(!clocked.schedule.is_due(later));
    assert_eq!(clocked.schedule.next_refresh(), None);
}

#[test]
fn time_that_goes_back_counts_as_the_latest_seen() {
    let mut clocked = Clocked::new(&every(ms(500)));
    clocked.answer(1000);
    clocked.answer(300);
    assert_eq!(clocked.pause_after(1000), Some(ms(500)));
}

#[test]
fn the_longest_durations_mean_never() {
    let never = Settings {
        expire_after: Some(Duration::MAX),
        on_empty: OnEmpty::EmptyAfter(Duration::MAX),
        ..every(Duration::MAX)
    };
    let mut clocked = Clocked::new(&never);
    clocked.answer(0);
    assert_eq!(clocked.wake_after(0), None);
    assert_eq!(clocked.answer_empty(1), Effect::Keep);
    assert_eq!(clocked.wake_after(1), None);
    clocked.fail(2);
    assert_eq!(clocked.validity(u64::from(u32::MAX)), Validity::Good);
}
