use std::sync::LazyLock;
use std::time::{Duration, Instant};

use lb_core::{EndpointId, EndpointSet, Instance};

use super::{Engine, Limits, LiveAttempt, Step};
use crate::error::Reason;
use crate::policy::Verdict;

const SECOND: Duration = Duration::from_secs(1);
pub(super) const ADDRESSES: [&str; 4] = ["a:80", "b:80", "c:80", "d:80"];

/// An engine and a clock that only the test moves.
pub(super) struct Scripted {
    pub(super) engine: Engine,
    pub(super) now: Instant,
    pub(super) deadline: Option<Instant>,
}

#[expect(clippy::disallowed_methods, reason = "an arbitrary point to count from")]
fn epoch() -> Instant {
    Instant::now()
}

/// The endpoint of one of [`ADDRESSES`].
pub(super) fn id(address: &str) -> EndpointId {
    static SET: LazyLock<EndpointSet<()>> =
        LazyLock::new(|| EndpointSet::new(ADDRESSES.map(|address| (Instance::new(address), ()))));
    let index = ADDRESSES.iter().position(|known| *known == address);
    index.and_then(|index| SET.id_at(index)).expect("one of them")
}

impl Scripted {
    pub(super) fn new(limits: Limits, timeout: Duration, seed: u64) -> Self {
        let now = epoch();
        let deadline = now.checked_add(timeout);
        Self { engine: Engine::new(limits, deadline).seeded(seed), now, deadline }
    }

    fn of(max: u32, timeout: Duration) -> Self {
        Self::new(Limits::new(max), timeout, 7)
    }

    pub(super) fn begin(&self) -> Step {
        self.engine.begin(self.now)
    }

    pub(super) fn pick(&mut self, address: &str) -> Step {
        self.engine.picked(id(address), self.now)
    }

    fn call(&mut self, address: &str) -> LiveAttempt {
        match self.pick(address) {
            Step::Call(running) => running,
            step => panic!("{address} is not called: {step:?}"),
        }
    }

    fn end(&mut self, running: LiveAttempt, address: &str, verdict: Verdict) -> Step {
        self.engine.ended(running, id(address), verdict, self.now)
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
        let tried = self.engine.tried();
        let is_tried = |address: &&str| tried.is_some_and(|tried| tried.contains(id(address)));
        ADDRESSES.into_iter().filter(is_tried).collect()
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
fn after_a_wait_all_may_be_tried_again() {
    let mut scripted = Scripted::of(9, SECOND);
    scripted.fail("a:80");
    let step = scripted.engine.pick_failed(scripted.now);
    assert_pick(&scripted.wait(&step));
    assert_eq!(scripted.tried(), [""; 0]);
    scripted.call("a:80");
}

#[test]
fn case_15_the_pause_is_that_endpoints_and_the_others_are_tried_at_once() {
    let mut scripted = Scripted::of(9, SECOND);
    let running = scripted.call("a:80");
    assert_pick(&scripted.end(running, "a:80", Verdict::RetryAfter(SECOND / 4)));
    assert_eq!(scripted.tried(), ["a:80"]);
    assert_pick(&scripted.fail("b:80"));
    // All were tried, b is not paused: it is tried again after a backoff, a is still avoided.
    let step = scripted.pick("b:80");
    assert_pick(&scripted.wait(&step));
    assert_eq!(scripted.tried(), ["a:80"]);
    scripted.call("b:80");
}

#[test]
fn case_15_where_all_are_paused_the_shortest_pause_is_waited_for() {
    let mut scripted = Scripted::of(9, SECOND);
    for (address, pause) in [("a:80", SECOND / 2), ("b:80", SECOND / 4)] {
        let running = scripted.call(address);
        assert_pick(&scripted.end(running, address, Verdict::RetryAfter(pause)));
    }
    let until = scripted.now + SECOND / 4;
    let step = scripted.pick("a:80");
    assert!(matches!(step, Step::Wait(found) if found == until), "{step:?}");
    assert_pick(&scripted.wait(&step));
    assert_eq!(scripted.tried(), ["a:80"]);
    // Should the strategy hand out the paused one all the same, it is not called.
    assert_wait(&scripted.pick("a:80"));
    scripted.call("b:80");
}

#[test]
fn case_16_at_most_one_last_attempt_near_the_deadline() {
    for seed in 0..200 {
        let mut scripted = Scripted::new(Limits::new(1_000), SECOND / 5, seed);
        let (mut step, mut times) = (scripted.begin(), Vec::new());
        while !matches!(step, Step::Finish(_)) {
            if matches!(step, Step::Wait(_)) {
                step = scripted.wait(&step);
            }
            if matches!(step, Step::Pick) {
                step = match scripted.pick("a:80") {
                    Step::Call(running) => {
                        times.push(scripted.now);
                        scripted.end(running, "a:80", Verdict::Retry)
                    }
                    step => step,
                };
            }
        }
        let deadline = scripted.deadline.unwrap();
        let late = times.iter().filter(|time| deadline - **time < SECOND / 1_000).count();
        assert!(
            late <= 1 && times.len() < 40,
            "seed {seed}: {late} in the last millisecond of {}",
            times.len()
        );
    }
}

#[test]
fn case_17_waiting_for_endpoints_is_no_attempt_and_uses_all_of_the_time() {
    let mut scripted = Scripted::of(3, SECOND);
    let mut waits = 0;
    let mut step = scripted.begin();
    while let Step::Pick = step {
        step = scripted.engine.not_ready(scripted.now);
        if matches!(step, Step::Wait(_)) {
            waits += 1;
            step = scripted.wait(&step);
        }
    }
    assert_finish(&step, Reason::DeadlineExceeded);
    assert_eq!(Some(scripted.now), scripted.deadline);
    assert!((4..100).contains(&waits), "{waits} waits");
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
    assert_pick(&scripted.end(running, "a:80", Verdict::RetryAfter(SECOND)));
    assert_finish(&scripted.pick("a:80"), Reason::DeadlineExceeded);
}

#[test]
fn durations_past_the_clock_do_not_overflow() {
    let forever = Limits::new(9).with_attempt_timeout(Duration::MAX);
    let mut scripted = Scripted::new(forever, Duration::MAX, 7);
    let running = scripted.call("a:80");
    assert_eq!(running.deadline, None);
    assert_pick(&scripted.end(running, "a:80", Verdict::RetryAfter(Duration::MAX)));
    assert_wait(&scripted.pick("a:80"));
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
    let nested = Limits::new(9).with_attempt_timeout(SECOND * 2 / 3);
    let mut scripted = Scripted::new(nested, SECOND, 7);
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
