use super::*;

fn expiring(limit: Duration) -> Settings {
    Settings { expire_after: Some(limit), ..every(ms(60_000)) }
}

#[test]
fn a_set_expires_when_discovery_has_failed_for_longer_than_allowed() {
    let mut clocked = Clocked::new(&expiring(ms(1000)));
    clocked.answer(0);
    clocked.fail(500);
    clocked.fail(1400);
    assert_eq!(clocked.validity(1500), Validity::Good);
    assert_eq!(clocked.validity(1501), Validity::Expired);
}

#[test]
fn an_answer_makes_it_good_again() {
    let mut clocked = Clocked::new(&expiring(ms(1000)));
    clocked.answer(0);
    clocked.fail(500);
    assert_eq!(clocked.validity(2000), Validity::Expired);
    assert_eq!(clocked.answer_empty(2100), Effect::Keep);
    assert_eq!(clocked.validity(2100), Validity::Good);
    clocked.fail(2200);
    assert_eq!(clocked.validity(3200), Validity::Good, "counted anew");
}

#[test]
fn the_loop_wakes_up_for_it_before_a_long_backoff_ends() {
    let mut clocked = Clocked::new(&Settings { backoff_min: ms(30_000), ..expiring(ms(1000)) });
    clocked.answer(0);
    clocked.fail(500);
    let wake = clocked.wake_after(500).expect("expiry");
    assert_eq!(wake, ms(1000) + Duration::from_nanos(1));
    let then = clocked.at(500) + wake;
    assert!(!clocked.schedule.is_due(then));
    assert_eq!(clocked.schedule.validity(then), Validity::Expired);
    assert_eq!(clocked.schedule.wake_at(), clocked.schedule.next_refresh(), "once");
}

#[test]
fn what_was_never_known_expires_too() {
    let mut clocked = Clocked::new(&expiring(ms(1000)));
    clocked.fail(0);
    assert_eq!(clocked.validity(1000), Validity::Unknown);
    assert_eq!(clocked.validity(1001), Validity::Expired);
}

#[test]
fn ticks_that_begin_before_the_start_do_not_put_it_off() {
    let mut clocked = Clocked::new(&Settings { expire_after: Some(ms(1000)), ..on_ticks() });
    clocked.fail(60_000);
    let (first, last) = (clocked.at(0), clocked.at(1001));
    assert_eq!(clocked.schedule.ticked(first), first);
    assert_eq!(clocked.validity(1000), Validity::Unknown);
    assert_eq!(clocked.schedule.ticked(last), last);
    assert_eq!(clocked.validity(1001), Validity::Expired);
    assert_eq!(clocked.schedule.ticked(first), last, "from then on time never goes back");
}

#[test]
fn without_a_limit_nothing_expires() {
    let mut clocked = Clocked::new(&every(ms(60_000)));
    clocked.answer(0);
    clocked.fail(1);
    assert_eq!(clocked.validity(u64::from(u32::MAX)), Validity::Good);
}

#[test]
fn a_watching_source_is_to_answer_by_the_moment_of_expiry() {
    let mut clocked = Clocked::new(&Settings { expire_after: Some(ms(1000)), ..watch() });
    clocked.answer(0);
    assert_eq!(clocked.schedule.answer_by(), None, "it may wait for ever");
    clocked.fail(500);
    let moment = clocked.at(1500) + Duration::from_nanos(1);
    assert_eq!(clocked.schedule.answer_by(), Some(moment));
    clocked.fail(1600);
    assert_eq!(clocked.schedule.answer_by(), None, "it has passed");
}
