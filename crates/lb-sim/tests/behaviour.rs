//! What faults, discovery, retries and reports do.

use std::any::Any;
use std::time::Duration;

use lb_core::{Instance, Outcome, PickRequest};
use lb_retry::Limits;
use lb_sim::{
    Clients, Deploy, Fault, Fleet, Foreign, Noise, Report, Scenario, Server, ServerId, Strategy, Work,
};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn clients() -> Clients {
    Clients::at_rate(2, 400.0).work(Work::exponential(5 * MS)).timeout(SECOND)
}

/// Ten seconds without a warm-up: each part of the series is 100 ms.
fn run(fleet: Fleet, clients: Clients, strategy: &Strategy) -> Report {
    let scenario = Scenario::builder(fleet, clients).warm_up(Duration::ZERO).measured(10 * SECOND).build();
    scenario.unwrap().run(strategy, 1)
}

fn ten_with(fault: Fault) -> Fleet {
    Fleet::new().add(9, Server::new(1)).add(1, Server::new(1).fault(fault))
}

#[test]
fn a_server_that_is_down_is_picked_until_discovery_knows() {
    let fleet = ten_with(Fault::down().from(3 * SECOND).until(6 * SECOND));
    let report = run(fleet, clients().discovery(SECOND, Duration::ZERO), &Strategy::round_robin());
    let shares: Vec<_> = (0..100).map(|part| report.series().share(part, 9)).collect();
    assert!(shares[..40].iter().chain(&shares[70..]).all(|share| *share > 0.0), "{shares:?}");
    assert!(shares[40..70].iter().all(|share| *share == 0.0), "{shares:?}");
    // A tenth of the requests of one second of ten, and the few that it was working on.
    let failed = report.measured().failed;
    assert!((38..=42).contains(&failed), "{failed}");
    assert_eq!(report.servers()[9].failures, failed);
}

#[test]
fn views_that_are_spread_learn_one_after_the_other() {
    let fleet = ten_with(Fault::down().from(3 * SECOND));
    let all = clients().discovery(Duration::ZERO, 4 * SECOND); // the second client two seconds later
    let report = run(fleet, all, &Strategy::round_robin());
    let failed = report.measured().failed;
    assert!((36..=44).contains(&failed), "half of a tenth of 400 a second, for two seconds: {failed}");
}

#[test]
fn a_black_hole_costs_the_time_out() {
    let black_hole = Fleet::new().add(1, Server::new(8).fault(Fault::black_hole()));
    let report = run(black_hole, clients(), &Strategy::random());
    let measured = report.measured();
    assert_eq!((measured.timed_out, measured.succeeded), (measured.sent, 0));
    assert_eq!((report.latencies().max(), report.latencies().mean()), (SECOND, SECOND));
    assert!(report.max_utilisation().1 == 0.0);
}

#[test]
fn a_retry_goes_to_another_server() {
    let fails = || ten_with(Fault::fails_fast(MS));
    let alone = run(fails(), clients(), &Strategy::round_robin());
    assert!(alone.measured().failure_share() > 0.09);
    let retried = run(fails(), clients().retry(Limits::new(2)), &Strategy::round_robin());
    let Counted { failed, attempts_per_request } = counted(&retried);
    assert_eq!(failed, 0, "one failing server, two attempts at different ones");
    assert!((1.10..1.12).contains(&attempts_per_request), "{attempts_per_request}");
}

#[test]
fn an_attempt_that_times_out_is_retried_within_the_requests_time() {
    let black_hole = ten_with(Fault::black_hole());
    let limits = Limits::new(3).with_attempt_timeout(200 * MS);
    let report = run(black_hole, clients().retry(limits), &Strategy::round_robin());
    assert_eq!(counted(&report).failed, 0);
    let slowest = report.latencies().max();
    assert!(slowest > 200 * MS && slowest < 400 * MS, "{slowest:?}");
}

struct Counted {
    failed: u64,
    attempts_per_request: f64,
}

fn counted(report: &Report) -> Counted {
    let measured = report.measured();
    let of = |count: u64| f64::from(u32::try_from(count).unwrap());
    let attempts_per_request = of(measured.attempts) / of(measured.sent);
    Counted { failed: measured.failed + measured.timed_out, attempts_per_request }
}

#[test]
fn a_deploy_with_a_drain_loses_nothing_and_one_without_does() {
    let fleet = || Fleet::new().add(10, Server::new(1));
    let known = clients().discovery(100 * MS, Duration::ZERO);
    let deploy = Deploy::rolling(SECOND, SECOND / 2).drain(300 * MS).restart(200 * MS);
    let drained = run(fleet().deploy(&deploy), known.clone(), &Strategy::random());
    assert_eq!(counted(&drained).failed, 0);
    let abrupt = run(fleet().deploy(&deploy.drain(Duration::ZERO)), known, &Strategy::random());
    assert!(counted(&abrupt).failed > 20, "{:?}", abrupt.measured());
}

#[test]
fn the_network_takes_its_time_both_ways() {
    let constant = clients().work(Work::constant(5 * MS)).network(3 * MS);
    let report = run(Fleet::new().add(50, Server::new(4)), constant, &Strategy::round_robin());
    assert_eq!(report.latencies().mean(), 11 * MS);
}

#[test]
fn reports_reach_the_strategy() {
    let fleet = || Fleet::new().add(5, Server::new(1)).add(5, Server::new(1).speed(0.5));
    let fingerprint = |yes| run(fleet(), clients().reports(yes), &Strategy::hot_cold()).fingerprint();
    assert_ne!(fingerprint(true), fingerprint(false));
    let deaf = |yes| run(fleet(), clients().reports(yes), &Strategy::least_loaded()).fingerprint();
    assert_eq!(deaf(true), deaf(false));
}

/// Always the last that is known.
struct Last(Vec<ServerId>, u64);

impl Foreign for Last {
    fn servers(&mut self, servers: &[(ServerId, Instance)], _: u64) {
        self.0 = servers.iter().map(|(id, _)| *id).collect();
    }

    fn pick(&mut self, _: &PickRequest<'_>, now: u64) -> Option<(ServerId, Box<dyn Any + Send>)> {
        Some((*self.0.last()?, Box::new(now)))
    }

    fn ended(&mut self, begun: Box<dyn Any + Send>, outcome: Outcome, now: u64) {
        let begun = begun.downcast::<u64>().unwrap();
        assert!(*begun <= now && outcome != Outcome::Cancelled);
        self.1 += 1;
    }
}

#[test]
fn a_balancer_of_another_kind_is_told_of_changes() {
    let strategy = Strategy::foreign("last", |_| Last(Vec::new(), 0));
    let fleet =
        Fleet::new().add(1, Server::new(4)).add(1, Server::new(4).fault(Fault::down().from(5 * SECOND)));
    let report = run(fleet, clients().discovery(SECOND, Duration::ZERO), &strategy);
    let share = |part| report.series().share(part, 1);
    assert!((0..60).all(|part| share(part) > 0.999_999) && (60..100).all(|part| share(part) == 0.0));
    let failed = report.measured().failed;
    assert!((380..=420).contains(&failed), "{failed}");
}

#[test]
fn noise_changes_the_speed() {
    let at = |low, high| {
        let noise = Noise::every(SECOND).kind(1.0, &[(low, high)]);
        let report = run(Fleet::new().add(20, Server::new(1).noise(noise)), clients(), &Strategy::random());
        report.mean_utilisation()
    };
    // 400 requests a second of 5 ms on 20 cores.
    assert!((at(1.0, 1.0) - 0.1).abs() < 0.01);
    assert!((at(0.5, 0.5) - 0.2).abs() < 0.02);
}

#[test]
fn what_is_against_the_rules_is_named() {
    let one = || Fleet::new().add(1, Server::new(1));
    let cases = [
        (Fleet::new(), clients(), "the servers of the fleet are 0: at least 1"),
        (one().add(1, Server::new(0)), clients(), "the cores of server 1 are 0: at least 1"),
        (
            one().add(1, Server::new(1).speed(f64::INFINITY)),
            clients(),
            "the speed of server 1 is inf: a finite number above 0",
        ),
        (
            one().add(1, Server::new(1).noise(Noise::every(Duration::ZERO))),
            clients(),
            "the noise's time of server 1 is 0s: longer than zero",
        ),
        (one(), Clients::at_load(0, 0.5), "the clients are 0: at least 1"),
        (one(), Clients::at_load(1, 0.0), "the load is 0: a finite number above 0"),
        (one(), Clients::at_rate(1, -3.0), "the rate of requests is -3: a finite number above 0"),
        (one(), clients().timeout(Duration::ZERO), "the time-out of requests is 0s: longer than zero"),
        (one(), clients().keys(0), "the keys are 0: at least 1"),
        (one(), Clients::closed_loop(1, 0, Work::constant(MS)), "the users of a client are 0: at least 1"),
    ];
    for (fleet, clients, message) in cases {
        let error = Scenario::builder(fleet, clients).build().unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    let error = Scenario::builder(one(), clients()).measured(Duration::ZERO).build().unwrap_err();
    assert_eq!(error.to_string(), "the measured time is 0s: longer than zero");
}
