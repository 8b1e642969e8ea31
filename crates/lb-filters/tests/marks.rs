//! `PriorityTiers` over members that another filter marks: what it yields, logs and tells, and when.

#[path = "../../lb-core/tests/support/logs.rs"]
mod logs;
#[path = "support/marked.rs"]
mod marked;
#[path = "../../lb-core/tests/support/watch.rs"]
mod watch;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use lb_core::{
    Context, EndpointSet, Events, Factory, Instance, Pick, Publisher, TierChosen, TierRule, Tried,
};
use lb_filters::PriorityTiers;
use lb_test::{CountingFactory, ScriptedPublisher};
use marked::{chain, marked};

fn first(publisher: &impl Publisher) -> Vec<String> {
    chain(publisher).swap_remove(0)
}

#[test]
fn marked_members_get_no_traffic_until_too_few_are_left_of_their_tier() {
    let source = marked([3, 2], None);
    let tiers = PriorityTiers::new(source.clone());
    assert_eq!(chain(&tiers), [vec!["1/0", "1/1", "1/2"], vec!["2/0", "2/1"]]);
    source.unmarked([2, 2]);
    assert_eq!(chain(&tiers), [vec!["1/0", "1/1"], vec!["2/0", "2/1"]]);
    source.unmarked([1, 1]);
    assert_eq!(chain(&tiers), [vec!["2/0"], vec!["1/0"]]);
    source.unmarked([1, 0]);
    assert_eq!(chain(&tiers), [vec!["1/0", "1/1", "1/2"], vec!["2/0", "2/1"]], "marks are ignored");
    source.unmarked([3, 0]);
    assert_eq!(chain(&tiers), [["1/0", "1/1", "1/2"]]);
}

#[test]
fn it_returns_to_a_better_tier_at_10_percent_above_the_threshold() {
    for (percent, leaves_at, stays_at, returns_at) in
        [(50, 4, 5, 6), (80, 7, 8, 9), (100, 9, 9, 10), (0, 0, 0, 1)]
    {
        let source = marked([10, 2], None);
        let tiers = PriorityTiers::with_panic_threshold(source.clone(), percent);
        for (unmarked, priority) in [
            (10, "1"),
            (leaves_at, "2"),
            (stays_at, "2"),
            (returns_at, "1"),
            (leaves_at, "2"),
            (stays_at, "2"),
        ] {
            source.unmarked([unmarked, 2]);
            assert_eq!(&first(&tiers)[0][..1], priority, "{percent} %: {unmarked} of 10");
        }
    }
}

#[test]
fn at_a_threshold_of_0_a_set_of_which_all_are_marked_is_empty() {
    let source = marked([2, 1], None);
    let tiers = PriorityTiers::with_panic_threshold(source.clone(), 0);
    source.unmarked([0, 0]);
    assert_eq!(chain(&tiers), [[""; 0]]);
    source.unmarked([0, 1]);
    assert_eq!(chain(&tiers), [["2/0"]]);
}

#[test]
fn a_change_of_marks_alone_is_a_new_set_of_which_observers_are_told() {
    let source = marked([3, 2], None);
    let tiers = Arc::new(PriorityTiers::new(source.clone()));
    let (told, seen) = (Arc::new(AtomicUsize::new(0)), tiers.clone());
    let count = told.clone();
    let _watch = watch::watch(&tiers, move || {
        count.fetch_add(seen.endpoints().unwrap().len(), Ordering::Relaxed);
    });
    let before = tiers.endpoints().unwrap().id();
    source.unmarked([2, 2]);
    let after = tiers.endpoints().unwrap().id();
    assert_ne!(before, after);
    assert_eq!(told.load(Ordering::Relaxed), 2, "told once, when the set of two stood");
    assert_eq!(tiers.endpoints().unwrap().id(), after, "and it stays while nothing changes");
}

#[test]
fn members_and_their_endpoints_stay_the_same_when_the_tier_changes() {
    let source = marked([2, 1], None);
    let tiers = PriorityTiers::new(source.clone());
    let id = |index| tiers.endpoints().unwrap().id_at(index);
    let before = id(0);
    source.unmarked([0, 1]);
    assert_ne!(id(0), before);
    source.unmarked([2, 1]);
    assert_eq!(id(0), before);
}

/// The level and text of each line.
fn logged(code: impl FnOnce()) -> Vec<(log::Level, String)> {
    let of_this = |line: &logs::Line| line.target == "lb-filters";
    logs::captured(code).into_iter().filter(of_this).map(|line| (line.level, line.text)).collect()
}

const NOTHING: [(log::Level, String); 0] = [];

#[test]
fn each_change_of_state_is_logged_once() {
    let source = marked([10, 4], Some("api"));
    let tiers = Mutex::new(None);
    assert_eq!(logged(|| *tiers.lock().unwrap() = Some(PriorityTiers::new(source.clone()))), NOTHING);
    let chosen = |text: &str| (log::Level::Info, format!("api: {text}"));
    let ignored = |text: &str| {
        (
            log::Level::Warn,
            format!("api: too many endpoints are marked as unhealthy ({text}): marks are ignored"),
        )
    };
    let steps = [
        ([9, 4], None),
        ([5, 4], None),
        ([4, 4], Some(chosen("the endpoints of priority 2 are picked from, 4 of 4 are healthy"))),
        ([3, 3], None),
        ([5, 3], None),
        ([3, 1], Some(ignored("3 of 10 of priority 1 are not"))),
        ([4, 0], None),
        ([0, 0], None),
        ([5, 0], Some(chosen("the endpoints of priority 1 are picked from, 5 of 10 are healthy"))),
        ([6, 0], None),
    ];
    for (unmarked, expected) in steps {
        let lines = logged(|| source.unmarked(unmarked));
        assert_eq!(lines, Vec::from_iter(expected), "{unmarked:?}");
    }
}

#[test]
fn a_line_has_the_name_as_a_field_and_says_so_where_there_is_none() {
    for (name, expected) in [(Some("api"), "api"), (None, "a service without a name")] {
        let source = marked([2, 1], name);
        let _tiers = PriorityTiers::new(source.clone());
        let lines = logs::captured(|| source.unmarked([0, 1]));
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].fields, [("name".to_owned(), expected.to_owned())]);
        assert!(lines[0].text.starts_with(expected), "{}", lines[0].text);
    }
}

#[test]
fn the_first_choice_and_the_first_after_an_empty_set_are_no_change() {
    let source = marked([2, 1], None);
    source.empty();
    let lines = logged(|| {
        let _tiers = PriorityTiers::new(source.clone());
        source.unmarked([2, 1]);
        source.empty();
        source.unmarked([0, 1]);
    });
    assert_eq!(lines, NOTHING);
}

#[test]
fn that_marks_are_ignored_from_the_start_is_logged() {
    let source = marked([4, 0], Some("api"));
    source.unmarked([1, 0]);
    let lines = logged(|| drop(PriorityTiers::new(source.clone())));
    assert_eq!(lines.iter().map(|(level, _)| *level).collect::<Vec<_>>(), [log::Level::Warn]);
}

/// Service, priority, unmarked, members, and whether marks are ignored.
type Event = (Option<String>, u16, usize, usize, bool);

#[derive(Default)]
struct Listener(Mutex<Vec<Event>>);

impl Events for Listener {
    fn tier_chosen(&self, event: &TierChosen<'_>) {
        let choice = event.choice;
        let service = event.service.map(str::to_owned);
        let event = (service, choice.priority, choice.unmarked, choice.members, choice.ignores_marks);
        self.0.lock().unwrap().push(event);
    }
}

#[test]
fn a_listener_is_told_of_the_first_choice_and_of_each_change() {
    let (source, listener) = (marked([4, 2], Some("api")), Arc::new(Listener::default()));
    source.empty();
    let _tiers = PriorityTiers::with_events(source.clone(), TierRule::new(75), listener.clone());
    let told = || std::mem::take(&mut *listener.0.lock().unwrap());
    assert_eq!(told(), [], "of an empty set nothing is chosen");
    let api = || Some("api".to_owned());
    let steps = [
        ([4, 2], Some((api(), 1, 4, 4, false))),
        ([3, 2], None),
        ([2, 2], Some((api(), 2, 2, 2, false))),
        ([2, 1], Some((api(), 1, 2, 4, true))),
        ([3, 1], Some((api(), 1, 3, 4, false))),
    ];
    for (unmarked, expected) in steps {
        source.unmarked(unmarked);
        assert_eq!(told(), Vec::from_iter(expected), "{unmarked:?}");
    }
}

#[test]
fn a_listener_that_panics_costs_nothing() {
    struct Panics;
    impl Events for Panics {
        fn tier_chosen(&self, _: &TierChosen<'_>) {
            panic!("a listener's own trouble");
        }
    }
    let source = marked([2, 1], None);
    let tiers = PriorityTiers::with_events(source.clone(), TierRule::default(), Arc::new(Panics));
    assert_eq!(first(&tiers), ["1/0", "1/1"]);
    source.unmarked([0, 1]);
    assert_eq!(first(&tiers), ["2/0"]);
}

#[test]
fn a_request_that_has_tried_all_of_a_tier_goes_on_with_the_next() {
    let source = marked([3, 2], None);
    let tiers = PriorityTiers::new(source.clone());
    for unmarked in [[3, 2], [1, 2], [0, 2], [0, 0]] {
        source.unmarked(unmarked);
        let (mut tried, mut picked) = (Tried::new(), Vec::new());
        while let Some(pick) = pick_untried(&tiers.endpoints().unwrap(), &tried) {
            tried.insert(pick.id());
            picked.push(pick.address().to_owned());
        }
        assert_eq!(picked, chain(&tiers).concat(), "{unmarked:?}");
    }
}

/// Picks as a strategy does: the first that was not tried, tier by tier.
fn pick_untried(set: &EndpointSet<()>, tried: &Tried) -> Option<Pick<()>> {
    let untried = |tier: &EndpointSet<()>| {
        (0..tier.len()).filter_map(|index| tier.pick(index)).find(|pick| !tried.contains(pick.id()))
    };
    std::iter::successors(Some(set), |tier| tier.next_tier()).find_map(untried)
}

#[test]
fn changes_of_marks_keep_no_old_set_and_no_removed_endpoint_alive() {
    let factory = CountingFactory::new();
    let counted = |address: &str| {
        let instance = Instance::new(address);
        (instance.clone(), factory.create(&Context::background(), &instance).unwrap())
    };
    let members = EndpointSet::new(["a", "b", "c"].map(counted));
    let publisher = Arc::new(ScriptedPublisher::new(["d"].map(counted)));
    let tiers = PriorityTiers::new(PriorityTiers::new(publisher.clone()));
    for round in 0..100 {
        publisher.set_endpoints(members.with_health(|index, _| index != round % 3));
        assert_eq!(tiers.endpoints().unwrap().len(), 2);
        assert_eq!(factory.alive(), 3, "that of the first set is gone");
    }
    drop(members);
    publisher.set(["e"].map(counted));
    assert_eq!((factory.made(), factory.alive()), (5, 1));
}

#[test]
fn an_update_of_marks_frees_what_it_allocates() {
    let source = marked([40, 20], None);
    let tiers = PriorityTiers::new(source.clone());
    let round = || {
        for unmarked in [[40, 20], [10, 20], [10, 5], [39, 20]] {
            source.unmarked(unmarked);
            assert!(!first(&tiers).is_empty());
        }
    };
    logs::captured(round);
    assert_eq!(allocation_counter::measure(|| drop(logs::captured(round))).bytes_current, 0);
}
