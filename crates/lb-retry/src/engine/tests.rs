use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::SmallRng;

use super::{Engine, Limits, Running, Step};
use crate::{Backoff, Reason, Verdict};

const SECOND: Duration = Duration::from_secs(1);
pub(super) const ADDRESSES: [&str; 4] = ["a:80", "b:80", "c:80", "d:80"];

/// An engine and a clock that only the test moves.
pub(super) struct Scripted {
    pub(super) engine: Engine<'static>,
    pub(super) now: Instant,
    pub(super) deadline: Option<Instant>,
}

#[expect(clippy::disallowed_methods, reason = "an arbitrary point to count from")]
fn epoch() -> Instant {
    Instant::now()
}

pub(super) fn limits(max_attempts: u32, timeout: Duration) -> Limits {
    Limits { max_attempts, timeout, attempt_timeout: None, backoff: Backoff::default() }
}

impl Scripted {
    pub(super) fn new(limits: &Limits, seed: u64) -> Self {
        let now = epoch();
        let deadline = now.checked_add(limits.timeout);
        // A few bytes for each engine of a test, so that it need not be tied to its limits.
        let limits = Box::leak(Box::new(*limits));
        let engine = Engine::new(limits, deadline).drawing_from(SmallRng::seed_from_u64(seed));
        Self { engine, now, deadline }
    }

    fn of(max: u32, timeout: Duration) -> Self {
        Self::new(&limits(max, timeout), 7)
    }

    pub(super) fn begin(&self) -> Step {
        self.engine.begin(self.now)
    }

    pub(super) fn pick(&mut self, address: &str) -> Step {
        self.engine.picked(address, self.now)
    }

    fn call(&mut self, address: &str) -> Running {
        match self.pick(address) {
            Step::Call(running) => running,
            step => panic!("{address} is not called: {step:?}"),
        }
    }

    fn end(&mut self, running: Running, address: &str, verdict: Verdict) -> Step {
        self.engine.ended(running, address.into(), verdict, self.now)
    }

    fn fail(&mut self, address: &str) -> Step {
        let running = self.call(address);
        self.end(running, address, Verdict::Retry)
    }

    fn wait(&mut self, step: &Step) -> Step {
        let Step::Wait(until) = *step else { panic!("no wait: {step:?}") };
        self.now = until;
        self.engine.woke(until)
    }

    pub(super) fn tried(&self) -> Vec<&str> {
        self.engine.tried().iter().map(|address| &**address).collect()
    }
}

#[track_caller]
fn assert_pick(step: &Step) {
    assert!(matches!(step, Step::Pick), "{step:?}");
}

#[track_caller]
fn assert_finish(step: &Step, reason: Reason) {
    assert!(matches!(step, Step::Finish(found) if *found == reason), "{step:?}");
}

#[track_caller]
fn assert_wait(step: &Step) {
    assert!(matches!(step, Step::Wait(_)), "{step:?}");
}

#[test]
fn no_wait_before_an_untried_endpoint() {
    let mut scripted = Scripted::of(9, SECOND);
    for address in ADDRESSES {
        assert_pick(&scripted.fail(address));
    }
    assert_eq!(scripted.tried(), ADDRESSES);
}

#[test]
fn being_handed_a_tried_one_backs_off_clears_the_tried_list_and_goes_on() {
    let mut scripted = Scripted::of(9, SECOND);
    scripted.fail("a:80");
    scripted.fail("b:80");
    let step = scripted.pick("a:80");
    assert_wait(&step);
    assert!(scripted.tried().is_empty());
    assert_pick(&scripted.wait(&step));
    assert_pick(&scripted.fail("a:80"));
    assert_pick(&scripted.fail("b:80"));
    assert_wait(&scripted.pick("b:80"));
}

#[test]
fn a_failed_pick_is_a_failed_attempt_and_backs_off() {
    let mut scripted = Scripted::of(2, SECOND);
    assert_pick(&scripted.begin());
    let step = scripted.engine.pick_failed(scripted.now);
    assert_pick(&scripted.wait(&step));
    assert_finish(&scripted.engine.pick_failed(scripted.now), Reason::AttemptsExceeded);
}

#[test]
fn after_a_failed_pick_a_tried_endpoint_is_taken_without_a_second_wait() {
    let mut scripted = Scripted::of(9, SECOND);
    scripted.fail("a:80");
    let step = scripted.engine.pick_failed(scripted.now);
    assert_pick(&scripted.wait(&step));
    assert_eq!(scripted.tried(), ["a:80"]);
    scripted.call("a:80");
}

#[test]
fn retry_after_waits_as_long_as_it_says_and_an_untried_endpoint_does_not_shorten_it() {
    let mut scripted = Scripted::of(9, SECOND);
    let running = scripted.call("a:80");
    let step = scripted.end(running, "a:80", Verdict::RetryAfter(SECOND / 4));
    assert!(matches!(step, Step::Wait(until) if until == scripted.now + SECOND / 4), "{step:?}");
    assert_pick(&scripted.wait(&step));
    scripted.call("a:80");
}

#[test]
fn retry_after_zero_is_no_busy_loop() {
    let mut scripted = Scripted::of(9, SECOND);
    let running = scripted.call("a:80");
    assert_pick(&scripted.end(running, "a:80", Verdict::RetryAfter(Duration::ZERO)));
    assert_wait(&scripted.pick("a:80"));
}

#[test]
fn a_wait_that_would_end_past_the_deadline_is_not_begun() {
    let mut scripted = Scripted::of(9, SECOND);
    let running = scripted.call("a:80");
    let step = scripted.end(running, "a:80", Verdict::RetryAfter(SECOND));
    assert_finish(&step, Reason::DeadlineExceeded);
}

#[test]
fn durations_past_the_clock_do_not_overflow() {
    let forever = Limits { attempt_timeout: Some(Duration::MAX), ..limits(9, Duration::MAX) };
    let mut scripted = Scripted::new(&forever, 7);
    let running = scripted.call("a:80");
    assert_eq!(running.deadline, None);
    let step = scripted.end(running, "a:80", Verdict::RetryAfter(Duration::MAX));
    assert_finish(&step, Reason::DeadlineExceeded);
}

#[test]
fn max_zero_fails_at_once() {
    assert_finish(&Scripted::of(0, SECOND).begin(), Reason::AttemptsExceeded);
}

#[test]
fn a_zero_timeout_fails_at_once() {
    assert_finish(&Scripted::of(3, Duration::ZERO).begin(), Reason::DeadlineExceeded);
}

#[test]
fn a_deadline_that_passes_during_the_last_attempt_is_the_reason() {
    let mut scripted = Scripted::of(1, SECOND);
    let running = scripted.call("a:80");
    scripted.now += SECOND;
    assert_finish(&scripted.end(running, "a:80", Verdict::Retry), Reason::DeadlineExceeded);
}

#[test]
fn the_attempt_timeout_nests_inside_the_whole() {
    let nested = Limits { attempt_timeout: Some(SECOND * 2 / 3), ..limits(9, SECOND) };
    let mut scripted = Scripted::new(&nested, 7);
    let first = scripted.call("a:80");
    assert_eq!(first.deadline, Some(scripted.now + SECOND * 2 / 3));
    scripted.now += SECOND * 2 / 3;
    assert_pick(&scripted.end(first, "a:80", Verdict::Retry));
    assert_eq!(scripted.call("b:80").deadline, scripted.deadline);
}

#[test]
fn giving_up_ends_it_and_so_does_an_accepted_error() {
    for verdict in [Verdict::GiveUp, Verdict::Accept] {
        let mut scripted = Scripted::of(9, SECOND);
        let running = scripted.call("a:80");
        assert_finish(&scripted.end(running, "a:80", verdict), Reason::GivenUp);
    }
}

#[test]
fn a_request_that_was_given_away_is_not_sent_again() {
    let mut scripted = Scripted::of(9, SECOND);
    let running = scripted.call("a:80");
    scripted.engine.spent();
    assert_finish(&scripted.end(running, "a:80", Verdict::Retry), Reason::NotReplayable);
}

#[test]
fn of_several_live_attempts_the_last_one_decides_when_no_other_is_allowed() {
    let mut scripted = Scripted::of(2, SECOND);
    let first = scripted.call("a:80");
    let hedge = scripted.call("b:80");
    let step = scripted.end(first, "a:80", Verdict::Retry);
    assert!(matches!(step, Step::Await), "{step:?}");
    assert_finish(&scripted.end(hedge, "b:80", Verdict::Retry), Reason::AttemptsExceeded);
}

#[test]
fn of_several_live_attempts_one_that_gives_up_ends_the_request() {
    let mut scripted = Scripted::of(9, SECOND);
    let first = scripted.call("a:80");
    let _hedge = scripted.call("b:80");
    assert_finish(&scripted.end(first, "a:80", Verdict::GiveUp), Reason::GivenUp);
}

#[test]
fn a_clock_that_goes_backwards_does_not_panic() {
    let mut scripted = Scripted::of(3, SECOND);
    let running = scripted.call("a:80");
    scripted.now -= SECOND / 2;
    assert_pick(&scripted.end(running, "a:80", Verdict::Retry));
}
