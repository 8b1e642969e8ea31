//! The same bits for a seed, on every machine; and no request is lost.

use std::time::Duration;

use lb_retry::Limits;
use lb_sim::{Clients, Fault, Fleet, Noise, Report, Scenario, Server, Strategy, Work, scenarios};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// All that a scenario may have, in three seconds.
fn everything() -> Scenario {
    let noise = Noise::every(SECOND / 5).kind(1.0, &[(0.5, 0.8), (1.0, 1.5)]).kind(2.0, &[(0.9, 1.1)]);
    let fleet = Fleet::new()
        .add(3, Server::new(2).noise(noise).weight(3))
        .add(1, Server::new(1).queue(3).speed(0.5))
        .add(1, Server::new(2).fault(Fault::slow(4.0).from(SECOND).until(2 * SECOND)))
        .add(1, Server::new(2).fault(Fault::fails_fast(MS).from(SECOND)))
        .add(1, Server::new(2).fault(Fault::black_hole().from(SECOND).until(3 * SECOND / 2)))
        .add(1, Server::new(2).fault(Fault::down().until(100 * MS).every(400 * MS)));
    let limits = Limits::new(3).with_attempt_timeout(300 * MS);
    let clients = Clients::at_load(5, 0.7)
        .work(Work::lognormal(8 * MS, 1.0))
        .network(MS / 4)
        .timeout(SECOND)
        .discovery(50 * MS, 100 * MS)
        .keys(1000)
        .reports(true)
        .retry(limits);
    Scenario::builder(fleet, clients).warm_up(SECOND / 2).measured(2 * SECOND + SECOND / 2).build().unwrap()
}

/// Computed once, on x86-64 Linux. A change of them is a change of what the simulation, one of these strategies or the engine
/// does.
#[test]
fn a_seed_has_one_fingerprint() {
    let strategies = [Strategy::round_robin(), Strategy::random(), Strategy::least_loaded()];
    let fingerprint = |strategy| format!("{:016x}", everything().run(strategy, 7).fingerprint());
    let fingerprints: Vec<_> = strategies.iter().map(fingerprint).collect();
    assert_eq!(fingerprints, ["9cbffe251d425994", "40134e00e185d827", "4572f42ebfdd3616"]);
}

#[test]
fn threads_change_nothing_and_seeds_do() {
    let strategies = [Strategy::least_loaded(), Strategy::peak_ewma()];
    let of = |comparison: &lb_sim::Comparison| -> Vec<u64> {
        comparison.rows().iter().flat_map(|row| row.runs().iter().map(Report::fingerprint)).collect()
    };
    let all = of(&everything().compare(&strategies, 0..3));
    assert_eq!(all, of(&everything().compare(&strategies, 0..3)));
    let alone: Vec<_> = strategies
        .iter()
        .flat_map(|strategy| (0..3).map(|seed| everything().run(strategy, seed).fingerprint()))
        .collect();
    assert_eq!(all, alone);
    let different: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!(different.len(), all.len());
}

#[test]
fn every_request_is_accounted_for() {
    for strategy in Strategy::all() {
        for scenario in [everything(), scenarios::black_hole(1).unwrap(), scenarios::prequal(1.05).unwrap()] {
            let report = scenario.run(&strategy, 3);
            let (all, measured) = (report.all(), report.measured());
            assert_eq!(all.sent, all.succeeded + all.failed + all.timed_out + all.in_flight, "{strategy:?}");
            assert_eq!(measured.sent, measured.ended(), "{strategy:?}");
            assert!(all.sent > measured.sent && measured.sent > 1000, "{strategy:?}");
            let attempts: u64 = report.servers().iter().map(|server| server.attempts).sum();
            assert_eq!(attempts, measured.attempts, "{strategy:?}");
            assert_eq!(report.latencies().count(), measured.succeeded + measured.timed_out);
        }
    }
}

/// Two strategies meet the same requests: as many of them, whatever becomes of them.
#[test]
fn all_strategies_meet_the_same_requests() {
    let sent: Vec<_> =
        Strategy::all().iter().map(|strategy| everything().run(strategy, 5).measured().sent).collect();
    assert!(sent.iter().all(|count| *count == sent[0]), "{sent:?}");
}
