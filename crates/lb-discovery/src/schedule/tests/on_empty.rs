use super::*;

fn emptying(on_empty: OnEmpty) -> Settings {
    Settings { on_empty, ..every(ms(60_000)) }
}

#[test]
fn keep_last_keeps_for_ever() {
    let mut clocked = Clocked::new(&emptying(OnEmpty::KeepLast));
    clocked.answer(0);
    assert_eq!(clocked.answer_empty(10), Effect::Keep);
    assert_eq!(clocked.answer_empty(1_000_000_000), Effect::Keep);
}

#[test]
fn empty_empties_at_once() {
    let mut clocked = Clocked::new(&emptying(OnEmpty::Empty));
    clocked.answer(0);
    assert_eq!(clocked.answer_empty(10), Effect::Clear);
}

#[test]
fn empty_after_empties_when_the_time_has_passed() {
    let mut clocked = Clocked::new(&emptying(OnEmpty::EmptyAfter(ms(1000))));
    clocked.answer(0);
    assert_eq!(clocked.answer_empty(10), Effect::Keep);
    assert_eq!(clocked.answer_empty(1009), Effect::Keep);
    assert_eq!(clocked.answer_empty(1010), Effect::Clear);
}

#[test]
fn a_first_answer_without_records_is_refused_where_there_is_nothing_to_keep_and_taken_elsewhere() {
    for (on_empty, effect) in [
        (OnEmpty::KeepLast, Effect::Refuse),
        (OnEmpty::Empty, Effect::Clear),
        (OnEmpty::EmptyAfter(ms(1000)), Effect::Clear),
    ] {
        assert_eq!(Clocked::new(&emptying(on_empty)).answer_empty(0), effect, "{on_empty:?}");
    }
}

#[test]
fn records_break_the_row() {
    let mut clocked = Clocked::new(&emptying(OnEmpty::EmptyAfter(ms(1000))));
    clocked.answer(0);
    clocked.answer_empty(10);
    assert_eq!(clocked.answer(500), Effect::Replace);
    assert_eq!(clocked.answer_empty(600), Effect::Keep);
    assert_eq!(clocked.answer_empty(1500), Effect::Keep);
    assert_eq!(clocked.answer_empty(1600), Effect::Clear);
}

#[test]
fn failures_neither_break_the_row_nor_count_in_it() {
    let mut clocked = Clocked::new(&emptying(OnEmpty::EmptyAfter(ms(1000))));
    clocked.answer(0);
    clocked.answer_empty(10);
    clocked.fail(1500);
    assert_eq!(clocked.validity(1500), Validity::Good);
    assert_eq!(clocked.answer_empty(1600), Effect::Clear);
}

#[test]
fn the_source_is_asked_when_the_time_has_passed() {
    let mut clocked = Clocked::new(&emptying(OnEmpty::EmptyAfter(ms(1000))));
    clocked.answer(0);
    clocked.answer_empty(10);
    assert_eq!(clocked.pause_after(10), Some(ms(1000)), "before the period ends");
    clocked.answer_empty(1010);
    assert_eq!(clocked.pause_after(1010), Some(ms(60_000)), "as usual, once the set is empty");
}

#[test]
fn a_watching_source_is_to_answer_when_the_time_has_passed() {
    let settings = Settings { on_empty: OnEmpty::EmptyAfter(ms(1000)), ..watch() };
    let mut clocked = Clocked::new(&settings);
    clocked.answer(0);
    clocked.answer_empty(10);
    assert_eq!(clocked.schedule.answer_by(), Some(clocked.at(1010)));
    clocked.answer_empty(1010);
    assert_eq!(clocked.schedule.answer_by(), None);
}
