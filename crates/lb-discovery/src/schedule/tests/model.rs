//! Any settings, any events, at any times, backwards too.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Copy, Debug)]
enum Event {
    Answer { ttl: Option<Duration> },
    Empty,
    Failure,
    Time,
}

fn durations() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::from_nanos(1)),
        Just(Duration::MAX),
        (1_u64..100_000).prop_map(Duration::from_millis),
        any::<u64>().prop_map(|secs| Duration::from_secs(secs.max(1))),
    ]
}

fn settings() -> impl Strategy<Value = Settings> {
    let refresh = prop_oneof![
        durations().prop_map(Refresh::Every),
        (durations(), durations()).prop_map(|(a, b)| Refresh::Ttl { min: a.min(b), max: a.max(b) }),
        Just(Refresh::On(crossbeam_channel::never())),
        Just(Refresh::Watch),
    ];
    let on_empty =
        prop_oneof![Just(OnEmpty::KeepLast), Just(OnEmpty::Empty), durations().prop_map(OnEmpty::EmptyAfter)];
    let expire_after = proptest::option::of(durations());
    (refresh, on_empty, expire_after, durations(), durations()).prop_map(
        |(refresh, on_empty, expire_after, a, b)| {
            let (backoff_min, backoff_max) = (a.min(b), a.max(b));
            Settings { refresh, on_empty, expire_after, backoff_min, backoff_max, ..Settings::default() }
        },
    )
}

fn events() -> impl Strategy<Value = Vec<(u64, Event)>> {
    let event = prop_oneof![
        proptest::option::of(durations()).prop_map(|ttl| Event::Answer { ttl }),
        Just(Event::Empty),
        Just(Event::Failure),
        Just(Event::Time),
    ];
    proptest::collection::vec((0_u64..1_000_000, event), 1..60)
}

/// The longest that a source may be left unasked.
fn limit(settings: &Settings, event: Event) -> Duration {
    let regular = longest_pause(&settings.refresh);
    match event {
        Event::Failure if matches!(settings.refresh, Refresh::Watch) => {
            settings.backoff_max.max(WATCH_SPACING)
        }
        Event::Failure => regular.min(settings.backoff_max),
        _ if matches!(settings.refresh, Refresh::Watch) => WATCH_SPACING,
        _ if matches!(settings.refresh, Refresh::Every(_)) => regular.saturating_add(regular / 100 * 10),
        _ => regular,
    }
}

proptest! {
    #[test]
    fn the_next_refresh_comes_in_time_and_expiry_is_a_question_of_time(
        settings in settings(),
        events in events(),
    ) {
        prop_assert!(settings.check().is_ok());
        let mut clocked = Clocked::new(&settings);
        let (mut latest, mut failing_since, mut known) = (0, None, false);
        for (ms, mut event) in events {
            latest = latest.max(ms);
            let (now, seen) = (clocked.at(ms), clocked.at(latest));
            match event {
                Event::Time => {}
                Event::Failure => {
                    clocked.fail(ms);
                    failing_since.get_or_insert(seen);
                }
                Event::Empty => {
                    if clocked.answer_empty(ms) == Effect::Refuse {
                        event = Event::Failure;
                        failing_since.get_or_insert(seen);
                    }
                }
                Event::Answer { ttl } => {
                    clocked.schedule.asked(now);
                    prop_assert_eq!(clocked.schedule.answered(now, ttl, found(1)), Effect::Replace);
                }
            }
            if matches!(event, Event::Answer { .. } | Event::Empty) {
                (failing_since, known) = (None, true);
            }
            if !matches!(event, Event::Time) {
                check_next(&clocked, &settings, event, seen)?;
            }
            let failing = failing_since.map(|since| seen - since);
            let expired = settings.expire_after.zip(failing).is_some_and(|(limit, failing)| failing > limit);
            let expected = match known {
                _ if expired => Validity::Expired,
                true => Validity::Good,
                false => Validity::Unknown,
            };
            prop_assert_eq!(clocked.validity(ms), expected);
        }
    }
}

fn check_next(
    clocked: &Clocked,
    settings: &Settings,
    event: Event,
    seen: Instant,
) -> Result<(), TestCaseError> {
    let next = clocked.schedule.next_refresh();
    if clocked.schedule.is_scripted() {
        prop_assert_eq!(next, None);
        return Ok(());
    }
    let limit = limit(settings, event);
    match next {
        Some(next) => {
            prop_assert!(next > seen, "asked again at once after {:?}", event);
            prop_assert!(next - seen <= limit, "{:?} after {:?}, limit {:?}", next - seen, event, limit);
        }
        None => prop_assert!(seen.checked_add(limit).is_none(), "never asked again after {:?}", event),
    }
    Ok(())
}
