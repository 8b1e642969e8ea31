//! What the docs say of the strategies, each over ten seeds, with the 95 % interval on the safe side of the claim. Slow
//! without optimisation: `cargo test --release -p lb-sim`.

use std::time::Duration;

use lb_sim::{Comparison, Estimate, Report, Row, Scenario, Strategy, Verdict, scenarios};

const AT_ONCE: Duration = Duration::ZERO;
const LATER: Duration = Duration::from_secs(5);

fn compare(scenario: &Scenario, strategies: &[Strategy]) -> Comparison {
    scenario.compare(strategies, 0..10)
}

fn p99(comparison: &Comparison, strategy: &str) -> Estimate {
    comparison.row(strategy).unwrap().percentile_ms(99.0)
}

#[track_caller]
fn assert_between(what: &str, estimate: Estimate, low: f64, high: f64) {
    assert!(
        low <= estimate.low() && estimate.high() <= high,
        "{what}: {estimate:.4}, and not {low} to {high}"
    );
}

/// A prototype: 77 and 48 ms. What the requests take where no server is slow is 47.
#[test]
#[cfg_attr(debug_assertions, ignore = "slow without --release")]
fn one_of_ten_is_ten_times_slower() {
    let strategies = [Strategy::round_robin(), Strategy::least_loaded(), Strategy::peak_ewma()];
    let alone = compare(&scenarios::one_slow(1).unwrap(), &strategies);
    assert_between("LeastLoaded", p99(&alone, "LeastLoaded"), 70.0, 90.0);
    assert_between("PeakEwma", p99(&alone, "PeakEwma"), 45.0, 55.0);
    // Twenty clients that do not know of each other keep a request each at the slow one.
    let twenty = compare(&scenarios::one_slow(20).unwrap(), &strategies);
    assert_between("LeastLoaded of 20 clients", p99(&twenty, "LeastLoaded"), 500.0, 700.0);
    assert_between("PeakEwma of 20 clients", p99(&twenty, "PeakEwma"), 45.0, 55.0);
    for comparison in [&alone, &twenty] {
        assert_eq!(comparison.best().unwrap().strategy(), "PeakEwma");
        let round_robin = comparison.row("RoundRobin").unwrap();
        let verdict = round_robin.verdict();
        assert!(matches!(verdict, Verdict::Saturates { server: 9, .. }), "{verdict}");
        let growth = round_robin.mean(|run| run.servers()[9].growth());
        assert!(growth.low() > 0.2, "the queue of the slow one does not grow: {growth}");
    }
}

/// A prototype: 19 % with `LeastLoaded`.
#[test]
#[cfg_attr(debug_assertions, ignore = "slow without --release")]
fn one_of_ten_fails_fast() {
    let strategies =
        [Strategy::least_loaded(), Strategy::peak_ewma(), Strategy::bounded_maglev(), Strategy::hot_cold()];
    let of_bad = |row: &Row| row.mean(|run| run.share(9));
    let shares = |clients, from| {
        let comparison = compare(&scenarios::one_failing(clients, from).unwrap(), &strategies);
        comparison.rows().iter().map(of_bad).collect::<Vec<_>>()
    };
    let alone = shares(1, AT_ONCE);
    assert_between("LeastLoaded", alone[0], 0.18, 0.205);
    assert_between("PeakEwma", alone[1], 0.0, 0.01);
    assert_between("bounded load", alone[2], 0.155, 0.175);
    // It reports that it is idle, and gets no more than its share all the same.
    assert_between("HotCold", alone[3], 0.0, 0.105);
    let twenty = shares(20, AT_ONCE);
    assert_between("HotCold of 20 clients", twenty[3], 0.0, 0.105);
    assert_between("LeastLoaded of 20 clients", twenty[0], 0.105, 0.12);
    assert_between("PeakEwma of 20 clients", twenty[1], 0.0, 0.01);
    // Where the server did well before, one failure is averaged in: until 5 s it has its tenth of the requests, and of what
    // comes later PeakEwma fails more than 1 % where one client sends all.
    let later = shares(1, LATER);
    assert_between("PeakEwma, failing later", later[1], 0.025, 0.04);
}

/// Equal weights; the numbers are the highest utilisation of a server by the mean. With perfect knowledge it is 1.
#[test]
#[cfg_attr(debug_assertions, ignore = "slow without --release")]
fn half_of_the_servers_are_three_times_as_fast() {
    let comparison = compare(&scenarios::mixed_speeds(10).unwrap(), &Strategy::all());
    let evenness = |strategy| comparison.row(strategy).unwrap().mean(Report::max_to_mean);
    assert_between("PeakEwma", evenness("PeakEwma"), 1.0, 1.08);
    assert_between("LeastLoaded", evenness("LeastLoaded"), 1.15, 1.30);
    for strategy in ["RoundRobin", "Random", "ConsistentHash::maglev"] {
        let verdict = comparison.row(strategy).unwrap().verdict();
        let overloads = matches!(verdict, Verdict::Saturates { .. } | Verdict::Fails { .. });
        assert!(overloads, "{strategy}: {verdict}");
        assert_between(strategy, evenness(strategy), 1.3, 1.4);
    }
}

/// The testbed of prequal-rs: the order of the strategies, at both loads.
#[test]
#[cfg_attr(debug_assertions, ignore = "slow without --release")]
fn noisy_neighbours() {
    let strategies = [Strategy::round_robin(), Strategy::least_loaded(), Strategy::peak_ewma()];
    for (load, highest) in [(0.9, 450.0), (1.05, 560.0)] {
        let comparison = compare(&scenarios::prequal(load).unwrap(), &strategies);
        assert_between("PeakEwma", p99(&comparison, "PeakEwma"), 200.0, highest);
        let Verdict::Slower(ratio) = comparison.row("LeastLoaded").unwrap().verdict() else {
            panic!("{comparison}");
        };
        assert!(ratio.low() > 1.5, "{ratio}");
        let verdict = comparison.row("RoundRobin").unwrap().verdict();
        assert!(matches!(verdict, Verdict::Saturates { .. }), "{verdict}");
    }
}

/// A server that answers nothing costs round robin its share of the requests for as long as it is there, and strategies that
/// count requests in flight next to nothing; a deploy with a drain costs nobody a request; cold caches hurt those that do
/// not look.
#[test]
#[cfg_attr(debug_assertions, ignore = "slow without --release")]
fn what_fails_and_comes_back() {
    let strategies = [Strategy::round_robin(), Strategy::least_loaded(), Strategy::peak_ewma()];
    let failed = |row: &Row| row.mean(|run| run.measured().failure_share());
    let black_hole = compare(&scenarios::black_hole(10).unwrap(), &strategies);
    let [round_robin, least_loaded, peak_ewma] = black_hole.rows() else { panic!("{black_hole}") };
    assert_between("RoundRobin", failed(round_robin), 0.045, 0.055);
    assert_between("LeastLoaded", failed(least_loaded), 0.001, 0.01);
    assert_between("PeakEwma", failed(peak_ewma), 0.0, 0.001);
    let deploy = compare(&scenarios::rolling_deploy(10).unwrap(), &strategies);
    assert!(
        deploy.rows().iter().all(|row| row.runs().iter().all(|run| run.measured().failed == 0)),
        "{deploy}"
    );
    let cold = compare(&scenarios::cold_start(10).unwrap(), &strategies);
    assert!(p99(&cold, "RoundRobin").low() > 1000.0, "{cold}");
    assert!(p99(&cold, "PeakEwma").high() < 100.0, "{cold}");
}
