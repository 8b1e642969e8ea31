//! Calls without threads or clocks: every time is a number of milliseconds after a beginning.

use lb_core::Context;

use super::*;

/// The calls of a factory with a limit of a second, and the moment at which its time begins.
struct Clocked {
    calls: Calls,
    start: Instant,
    parent: Context,
}

impl Clocked {
    #[expect(clippy::disallowed_methods, reason = "there is no other way to a first Instant")]
    fn new() -> Self {
        let (calls, start) = (Calls::new(Duration::from_secs(1)), Instant::now());
        Self { calls, start, parent: Context::background() }
    }

    fn at(&self, ms: u64) -> Instant {
        self.start + Duration::from_millis(ms)
    }

    /// These are missing from now on. Returns the calls that are not needed any more.
    fn plan(&mut self, ms: u64, addresses: &[&str]) -> Vec<Call> {
        let missing = |address: &&str| Missing { instance: Instance::new(*address), before: None };
        self.calls.begin_plan(self.at(ms));
        self.calls.want(addresses.iter().map(missing).collect())
    }

    /// The call that begins at that time, and whose thread runs.
    fn next(&mut self, ms: u64, freed: bool) -> Option<Call> {
        let now = self.at(ms);
        let call = self.calls.next(now, &self.parent, freed)?;
        self.calls.begun(&call, now);
        Some(call)
    }

    /// How many milliseconds after the beginning a set is published.
    fn publishes(&self) -> Option<u128> {
        Some(self.calls.publish_at()?.duration_since(self.start).as_millis())
    }
}

fn address(call: Option<&Call>) -> Option<&str> {
    call.map(|call| call.missing.instance.address())
}

#[test]
fn a_plan_without_calls_is_published_at_once_and_only_once() {
    let mut clocked = Clocked::new();
    assert_eq!(clocked.publishes(), None, "nothing was planned");
    clocked.plan(5, &[]);
    assert_eq!(clocked.publishes(), Some(5));
    clocked.calls.published(Some(clocked.at(5)));
    assert_eq!(clocked.publishes(), None);
}

#[test]
fn what_is_made_in_time_comes_together_and_what_is_slow_comes_later() {
    let mut clocked = Clocked::new();
    clocked.plan(0, &["a", "b"]);
    let slow = clocked.next(1, false).unwrap();
    assert!(clocked.next(9, false).is_none(), "one after the other");
    assert_eq!(clocked.publishes(), Some(21), "20 ms from its beginning");
    let quick = clocked.next(11, false).expect("a slow one holds up nobody");
    assert_eq!(clocked.publishes(), Some(31));
    clocked.calls.ended(&quick, true);
    assert_eq!(clocked.publishes(), Some(21), "the slow one has had its time");
    clocked.calls.published(Some(clocked.at(21)));
    assert_eq!(clocked.publishes(), None, "nothing has come since");
    clocked.calls.ended(&slow, true);
    assert_eq!(clocked.publishes(), Some(0), "at once: nothing is left");
}

#[test]
fn calls_that_begin_late_are_waited_for_and_those_that_go_on_and_on_are_not() {
    let mut clocked = Clocked::new();
    clocked.plan(0, &["a", "b"]);
    let waits = clocked.calls.next(clocked.at(0), &clocked.parent, false).unwrap();
    assert_eq!(clocked.publishes(), Some(400), "its thread has not begun");
    clocked.calls.begun(&waits, clocked.at(39));
    assert_eq!(clocked.publishes(), Some(40), "it has, and that is the limit for calls that run");
}

#[test]
fn calls_of_an_earlier_plan_hold_up_no_later_one() {
    let mut clocked = Clocked::new();
    clocked.plan(0, &["hangs"]);
    assert!(clocked.next(0, false).is_some());
    assert!(clocked.plan(500, &["hangs"]).is_empty(), "it is needed still");
    assert!(clocked.next(500, true).is_none(), "and asked for once");
    assert_eq!(clocked.publishes(), Some(500));
}

#[test]
fn a_call_is_repeated_if_it_brought_nothing_and_the_plan_has_changed() {
    for (changes, brought, repeated) in
        [(true, false, Some("a")), (true, true, None), (false, false, None), (false, true, None)]
    {
        let mut clocked = Clocked::new();
        clocked.plan(0, &["a"]);
        let call = clocked.next(0, false).unwrap();
        if changes {
            clocked.plan(1, &["a", "b"]);
            assert_eq!(address(clocked.next(10, false).as_ref()), Some("b"));
        }
        clocked.calls.ended(&call, brought);
        let next = clocked.next(20, true);
        assert_eq!(address(next.as_ref()), repeated, "changes {changes}, brought {brought}");
    }
}

#[test]
fn what_is_given_up_is_not_asked_for_again_before_its_thread_is_back() {
    let mut clocked = Clocked::new();
    clocked.plan(0, &["late"]);
    let late = clocked.next(0, false).unwrap();
    assert!(clocked.calls.give_up_late(clocked.at(999)).is_empty());
    assert_eq!(clocked.calls.give_up_late(clocked.at(1000)).len(), 1);
    assert!(clocked.calls.is_idle() && clocked.calls.has_threads() && !clocked.calls.is_running(&late));
    clocked.plan(2000, &["late"]);
    assert!(clocked.next(2000, false).is_none());
    clocked.calls.ended(&late, true);
    assert!(!clocked.calls.has_threads());
    clocked.plan(3000, &["late"]);
    assert_eq!(address(clocked.next(3000, false).as_ref()), Some("late"));
}

#[test]
fn what_nobody_needs_is_given_up_and_no_more_than_eight_run() {
    let mut clocked = Clocked::new();
    let addresses = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    clocked.plan(0, &addresses);
    let begun = (0..9_u64).filter_map(|step| clocked.next(step * 10, false)).count();
    assert_eq!(begun, 8);
    let needless = clocked.plan(100, &["a"]);
    assert_eq!(needless.len(), 7);
    assert_eq!(clocked.calls.clear().len(), 1);
}
