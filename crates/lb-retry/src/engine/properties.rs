use std::time::Duration;

use proptest::prelude::*;

use super::tests::{ADDRESSES, Scripted, id};
use super::{Limits, Step};
use crate::policy::Verdict;

/// What happens to one attempt, and how long it takes.
#[derive(Clone, Debug)]
enum Event {
    NoEndpoint,
    Call(usize, Verdict, Duration),
}

fn event() -> impl Strategy<Value = Event> {
    let delay = || (0_u64..200).prop_map(Duration::from_millis);
    let verdict = prop_oneof![4 => Just(Verdict::Retry), 1 => delay().prop_map(Verdict::RetryAfter), 1 => Just(Verdict::GiveUp)];
    prop_oneof![
        1 => Just(Event::NoEndpoint),
        4 => (0..ADDRESSES.len(), verdict, delay()).prop_map(|(index, verdict, took)| Event::Call(index, verdict, took)),
    ]
}

/// Plays `events` over and over, and checks at every step what must hold at all times.
fn play(mut scripted: Scripted, max: u32, events: &[Event]) -> Result<(), TestCaseError> {
    let (mut attempts, mut waits_in_a_row, mut pauses) = (0_u32, 0, 0);
    let mut step = scripted.engine.begin(scripted.now);
    let mut script = events.iter().cycle();
    loop {
        prop_assert!(attempts <= max, "{attempts} attempts of {max}");
        step = match (step, script.next()) {
            (Step::Finish(_), _) | (_, None) => return Ok(()),
            (Step::Wait(until), _) => {
                let until = until.expect("a single attempt is not waited for");
                waits_in_a_row += 1;
                // A paused endpoint may be handed out again and again: each of its pauses is waited for.
                prop_assert!(waits_in_a_row <= 1 + pauses, "waited twice for one attempt");
                prop_assert!(until > scripted.now, "a wait of no time");
                prop_assert!(scripted.deadline.is_none_or(|deadline| until < deadline), "past the deadline");
                scripted.now = until;
                scripted.engine.woke(until)
            }
            (Step::Pick, Some(Event::NoEndpoint)) => {
                (attempts, waits_in_a_row) = (attempts + 1, 0);
                scripted.engine.pick_failed(scripted.now)
            }
            (Step::Pick, Some(Event::Call(index, verdict, took))) => {
                let address = ADDRESSES[*index];
                let untried = !scripted.tried().contains(&address);
                match scripted.pick(address) {
                    Step::Call(running) => {
                        (attempts, waits_in_a_row) = (attempts + 1, 0);
                        scripted.now += *took;
                        pauses +=
                            i32::from(matches!(verdict, Verdict::RetryAfter(pause) if !pause.is_zero()));
                        scripted.engine.ended(running, id(address), *verdict, scripted.now)
                    }
                    step => {
                        prop_assert!(!untried, "an untried endpoint was not called: {step:?}");
                        step
                    }
                }
            }
            (Step::Call(attempt), _) => panic!("nothing was picked: {attempt:?}"),
        };
    }
}

proptest! {
    #[test]
    fn never_more_than_max_attempts_never_a_wait_of_no_time_or_past_the_deadline(
        max in 0_u32..40, timeout in 0_u64..3_000, seed in any::<u64>(), events in prop::collection::vec(event(), 1..20),
    ) {
        play(Scripted::new(Limits::new(max), Duration::from_millis(timeout), seed), max, &events)?;
    }

    #[test]
    fn an_empty_set_is_no_busy_loop(seed in any::<u64>()) {
        // Go kit made 47,105 attempts in 50 ms. Ceilings of 10, 20, 40 … ms leave room for a handful.
        let mut scripted = Scripted::new(Limits::new(u32::MAX), Duration::from_millis(50), seed);
        let mut attempts = 0;
        while let Step::Wait(Some(until)) = scripted.engine.pick_failed(scripted.now) {
            attempts += 1;
            scripted.now = until;
        }
        prop_assert!(attempts < 50, "{attempts} attempts in 50 ms");
    }
}
