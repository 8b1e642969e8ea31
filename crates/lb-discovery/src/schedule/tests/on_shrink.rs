//! Each row: when an answer comes, how many instances it has, and what it does.

use super::*;

fn holding(below_percent: u8) -> Clocked {
    let on_shrink = OnShrink::Hold { below_percent, for_up_to: ms(1000) };
    Clocked::new(&Settings { on_shrink, ..every(ms(60_000)) })
}

#[test]
fn a_set_that_shrinks_at_once_is_held() {
    use Effect::{Keep, Replace};
    type Row = (u64, usize, Effect);
    let cases: [(&str, &[Row]); 5] = [
        (
            "until the time has passed",
            &[(0, 10, Replace), (10, 4, Keep), (1009, 4, Keep), (1010, 4, Replace)],
        ),
        (
            "at the limit it is followed",
            &[(0, 10, Replace), (10, 5, Replace), (20, 3, Replace), (30, 1, Keep)],
        ),
        ("it refills one by one", &[(0, 10, Replace), (10, 1, Keep), (20, 2, Keep), (30, 9, Replace)]),
        ("recovery breaks the row", &[(0, 10, Replace), (10, 1, Keep), (900, 10, Replace), (1100, 1, Keep)]),
        (
            "without records it is the business of OnEmpty",
            &[(0, 10, Replace), (10, 0, Keep), (5000, 0, Keep)],
        ),
    ];
    for (what, rows) in cases {
        let mut clocked = holding(50);
        for (at, instances, effect) in rows {
            assert_eq!(clocked.answer_with(*at, *instances), *effect, "{what}: {instances} at {at} ms");
        }
    }
}

#[test]
fn the_source_is_asked_when_the_time_has_passed() {
    let mut clocked = holding(50);
    clocked.answer_with(0, 10);
    clocked.answer_with(10, 1);
    assert_eq!(clocked.pause_after(10), Some(ms(1000)));
}

#[test]
fn a_definite_no_service_is_followed() {
    let mut clocked = holding(50);
    clocked.answer_with(0, 10);
    let now = clocked.at(10);
    let found = Found { instances: 0, definite: true };
    assert_eq!(clocked.schedule.answered(now, None, found), Effect::Clear);
}

#[test]
fn follow_is_the_default() {
    let mut clocked = Clocked::new(&every(ms(60_000)));
    clocked.answer_with(0, 1000);
    assert_eq!(clocked.answer_with(10, 1), Effect::Replace);
}
