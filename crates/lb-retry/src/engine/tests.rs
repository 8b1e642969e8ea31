use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use lb_core::{EndpointId, EndpointSet, Instance};

use super::{Engine, Limits, LiveAttempt, Step};
use crate::policy::Verdict::{self, Accept, GiveUp, Retry, RetryAfter};

const SECOND: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);
pub(super) const ADDRESSES: [&str; 4] = ["a", "b", "c", "d"];

/// An engine and a clock that only the test moves.
pub(super) struct Scripted {
    pub(super) engine: Engine,
    begun: Instant,
    pub(super) now: Instant,
    pub(super) deadline: Option<Instant>,
    live: HashMap<String, LiveAttempt>,
    /// When the wait that was asked for last ends.
    until: Option<Instant>,
}

#[expect(clippy::disallowed_methods, reason = "an arbitrary point to count from")]
fn epoch() -> Instant {
    Instant::now()
}

fn ms(text: &str) -> Duration {
    if text == "for-ever" {
        Duration::MAX
    } else {
        Duration::from_millis(text.parse().expect("milliseconds"))
    }
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
        let engine = Engine::new(limits, deadline).seeded(seed);
        Self { engine, begun: now, now, deadline, live: HashMap::new(), until: None }
    }

    pub(super) fn pick(&mut self, address: &str) -> Step {
        self.engine.picked(id(address), self.now)
    }

    pub(super) fn tried(&self) -> Vec<&'static str> {
        let tried = self.engine.tried();
        let is_tried = |address: &&str| tried.is_some_and(|tried| tried.contains(id(address)));
        ADDRESSES.into_iter().filter(is_tried).collect()
    }

    fn end(&mut self, address: &str, verdict: Verdict) -> Step {
        if !self.live.contains_key(address) {
            self.play(&[address, "called"]);
        }
        let attempt = self.live.remove(address).expect("it was called");
        self.engine.ended(attempt, id(address), verdict, self.now)
    }

    /// Tells the engine of one event; the step is kept as well as it is returned.
    fn play(&mut self, event: &[&str]) -> String {
        let step = match *event {
            ["begin"] => self.engine.begin(self.now),
            [address, "picked" | "called"] => self.pick(address),
            [address, "failed"] => self.end(address, Retry),
            [address, "failed", "pause", pause] => self.end(address, RetryAfter(ms(pause))),
            [address, "given-up"] => self.end(address, GiveUp),
            [address, "accepted"] => self.end(address, Accept),
            ["no-endpoint"] => self.engine.pick_failed(self.now),
            ["not-ready"] => self.engine.not_ready(self.now),
            ["waited"] => {
                self.now = self.until.expect("a wait with an end");
                self.engine.woke(self.now)
            }
            _ => {
                self.set(event);
                return String::new();
            }
        };
        let text = self.written(&step);
        match (step, event) {
            (Step::Call(attempt), [address, ..]) => drop(self.live.insert((*address).to_owned(), attempt)),
            (Step::Wait(until), _) => self.until = until,
            _ => {}
        }
        text
    }

    /// An event that the engine is not told of, or a limit.
    fn set(&mut self, event: &[&str]) {
        match *event {
            ["max", attempts] => self.engine.limits.max_attempts = attempts.parse().expect("a number"),
            ["attempt-timeout", time] => self.engine.limits.attempt_timeout = Some(ms(time)),
            ["time", "for-ever"] => self.engine.deadline = None,
            ["passed", time] => self.now += ms(time),
            ["spent"] => self.engine.spent(),
            _ => panic!("no such event: {event:?}"),
        }
    }

    /// The step as the tables write it, with all instants counted from the beginning.
    fn written(&self, step: &Step) -> String {
        let time =
            |time: &Option<Instant>| time.map_or("never".into(), |time| format!("{:?}", time - self.begun));
        match step {
            Step::Pick if self.tried().is_empty() => "pick".to_owned(),
            Step::Pick => format!("pick -{}", self.tried().concat()),
            Step::Call(attempt) => format!("call {} until {}", attempt.number(), time(&attempt.deadline())),
            Step::Wait(None) => "wait for an attempt".to_owned(),
            Step::Wait(until) => format!("wait until {}", time(until)),
            Step::Finish(reason) => format!("finish {reason:?}"),
        }
    }
}

/// Plays the cases of a table: a name after `#`, then events, each with the step that follows it or the start of that.
/// Unless a case says otherwise, 9 attempts are allowed, within a second.
#[track_caller]
fn check(table: &str) {
    for case in table.split('#').skip(1) {
        let (name, script) = case.split_once('\n').expect("a name and a script");
        let mut scripted = Scripted::new(Limits::new(9), SECOND, 7);
        for line in script.split([',', '\n']).map(str::trim).filter(|line| !line.is_empty()) {
            let (event, expected) = line.split_once(" > ").unwrap_or((line, ""));
            let found = scripted.play(&event.split_whitespace().collect::<Vec<_>>());
            assert!(found.starts_with(expected), "{name}: {event} > {found}, not {expected}");
        }
    }
}

#[test]
fn which_endpoint_is_called_at_once_and_which_is_waited_for() {
    check(
        "# no wait before an untried endpoint
            begin > pick, a failed > pick -a, b failed > pick -ab, c failed > pick -abc, d called > call 4
        # being handed a tried one backs off, forgets what was tried, and goes on
            a failed > pick -a, b failed > pick -ab, a picked > wait until, waited > pick
            a failed > pick -a, b failed > pick -ab, b picked > wait until
        # a failed pick backs off, and then all may be tried again
            a failed > pick -a, no-endpoint > wait until, waited > pick, a called > call 3
        # case 15: the pause is that endpoint's; where not all are paused the wait is a backoff
            a failed pause 250 > pick -a, b failed > pick -ab, b picked > wait until
            waited > pick -a, b called > call 3
        # case 15: where all are paused the shortest pause is waited for, and a paused one is never called
            a failed pause 500 > pick -a, b failed pause 250 > pick -ab, a picked > wait until 250ms
            waited > pick -a, a picked > wait until 500ms, waited > pick, a called > call 3
        # a pause that is over when all were tried is no reason to skip the backoff
            a failed pause 1, passed 1, a picked > wait until, waited > pick, a called > call 2
        # a pause of zero is no busy loop
            a failed pause 0 > pick -a, a picked > wait until
        # a pause that would end past the deadline is not waited for
            a failed pause 1000 > pick -a, a picked > finish DeadlineExceeded",
    );
}

#[test]
fn when_a_request_is_over() {
    check(
        "# no attempt is allowed
            max 0, begin > finish AttemptsExceeded
        # no time is left
            passed 1000, begin > finish DeadlineExceeded
        # a failed pick is an attempt
            max 2, no-endpoint > wait until, waited > pick, no-endpoint > finish AttemptsExceeded
        # the policy gives up
            a given-up > finish GivenUp
        # an error is accepted
            a accepted > finish GivenUp
        # the policy gives up too late
            a called, passed 1000, a given-up > finish DeadlineExceeded
        # the time is up during the last attempt
            max 1, a called, passed 1000, a failed > finish DeadlineExceeded
        # the request was given away
            a called, spent, a failed > finish NotReplayable",
    );
}

#[test]
fn how_long_an_attempt_may_take() {
    check(
        "# all of the time
            passed 300, a called > call 1 until 1s
        # its own time, within the whole
            attempt-timeout 600, a called > call 1 until 600ms, passed 600
            a failed > pick -a, b called > call 2 until 1s
        # durations past the clock are none
            time for-ever, attempt-timeout for-ever, a called > call 1 until never
            a failed pause for-ever > pick -a, a picked > wait until",
    );
}

#[test]
fn several_attempts_alive() {
    check(
        "# the last one decides when no other is allowed
            max 2, a called, b called > call 2, a failed > wait for an attempt, b failed > finish AttemptsExceeded
        # one that gives up ends the request
            a called, b called, a given-up > finish GivenUp
        # one that fails is followed by another
            a called, b called, b failed > pick -b, c called > call 3
        # where there is nothing to call the one that is alive is waited for
            a failed > pick -a, b called > call 2, a picked > wait for an attempt
            no-endpoint > wait for an attempt, not-ready > wait for an attempt, b failed > pick -ab
        # the deadline ends it all the same
            a called, passed 1000, no-endpoint > finish DeadlineExceeded",
    );
}

#[test]
fn a_clock_that_goes_backwards_does_not_panic() {
    let mut scripted = Scripted::new(Limits::new(3), SECOND, 7);
    scripted.play(&["a", "called"]);
    scripted.now -= SECOND / 2;
    assert_eq!(scripted.play(&["a", "failed"]), "pick -a");
}

#[test]
fn case_16_at_most_one_last_attempt_near_the_deadline() {
    for seed in 0..200 {
        let mut scripted = Scripted::new(Limits::new(1_000), SECOND / 5, seed);
        let (mut step, mut times) = (Step::Pick, Vec::new());
        while !matches!(step, Step::Finish(_)) {
            step = match step {
                Step::Wait(until) => {
                    scripted.now = until.unwrap();
                    scripted.engine.woke(scripted.now)
                }
                Step::Call(attempt) => {
                    times.push(scripted.now);
                    scripted.engine.ended(attempt, id("a"), Retry, scripted.now)
                }
                _ => scripted.pick("a"),
            };
        }
        let deadline = scripted.deadline.unwrap();
        let late = times.iter().filter(|time| deadline - **time < MS).count();
        assert!(late <= 1 && times.len() < 40, "seed {seed}: {late} of {} in the last ms", times.len());
    }
}

#[test]
fn case_17_waiting_for_endpoints_is_no_attempt_and_uses_all_of_the_time() {
    let mut scripted = Scripted::new(Limits::new(3), SECOND, 7);
    let mut waits = 0;
    while scripted.play(&["not-ready"]).starts_with("wait") {
        waits += 1;
        scripted.play(&["waited"]);
    }
    assert_eq!(Some(scripted.now), scripted.deadline);
    assert!((4..100).contains(&waits), "{waits} waits");
}
