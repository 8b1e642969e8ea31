//! The simulation's own arithmetic, against what queueing theory says: each formula lies within the 99.9 % interval of ten
//! seeds, and the interval is narrow enough for the test to find a fault of a few percent. Slow
//! without optimisation: `cargo test --release -p lb-sim`.

use std::time::Duration;

use lb_sim::{Clients, Estimate, Fleet, Report, Scenario, Server, Strategy, Work};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const REQUESTS: f64 = 100_000.0;

/// Each of about `REQUESTS`, where there are `rate` per second; the first tenth of the time is not measured.
fn ten_runs(fleet: Fleet, clients: Clients, rate: f64, strategy: &Strategy) -> Vec<Report> {
    let (clients, measured) = (clients.timeout(1000 * SECOND), Duration::from_secs_f64(REQUESTS / rate));
    let scenario =
        Scenario::builder(fleet, clients).warm_up(measured / 10).measured(measured).build().unwrap();
    (0..10).map(|seed| scenario.run(strategy, seed)).collect()
}

/// That the mean of what `measure` says of each run is `expected`, and known to a `precision` (a share of it).
#[track_caller]
fn assert_mean(what: &str, runs: &[Report], measure: impl Fn(&Report) -> f64, expected: f64, precision: f64) {
    let estimate = Estimate::strict(runs.iter().map(measure));
    assert!(estimate.contains(expected), "{what}: {estimate:.5}, and not {expected:.5}");
    let width = estimate.half_width() / expected;
    assert!(width < precision, "{what}: {estimate:.5} is too wide: {width:.4}");
}

fn mean_wait(report: &Report) -> f64 {
    report.waits().mean().as_secs_f64()
}

fn mean_latency(report: &Report) -> f64 {
    report.latencies().mean().as_secs_f64()
}

/// Erlang's C: the probability that all `k` servers of an M/M/k queue are busy, at an offered load of `a`.
fn erlang_c(k: u32, a: f64) -> f64 {
    let blocking = (1..=k).fold(1.0, |b, n| a * b / (f64::from(n) + a * b)); // Erlang's B, by its recursion
    let rho = a / f64::from(k);
    blocking / (1.0 - rho * (1.0 - blocking))
}

/// Kleinrock, "Queueing Systems" I, 3.2: W = ρ/(μ − λ).
#[test]
#[cfg_attr(debug_assertions, ignore = "slow without --release")]
fn m_m_1() {
    for (load, precision) in [(0.5, 0.04), (0.8, 0.11)] {
        let clients = Clients::at_load(1, load).work(Work::exponential(10 * MS));
        let runs =
            ten_runs(Fleet::new().add(1, Server::new(1)), clients, 100.0 * load, &Strategy::round_robin());
        let expected = 0.01 * load / (1.0 - load);
        assert_mean("the wait", &runs, mean_wait, expected, precision);
        assert_mean("the latency", &runs, mean_latency, 0.01 / (1.0 - load), precision);
        assert_mean("the utilisation", &runs, Report::mean_utilisation, load, 0.02);
    }
}

/// Kleinrock I, 3.5: W = C(k, a) / (kμ − λ), with a server that is twice as fast as usual.
#[test]
#[cfg_attr(debug_assertions, ignore = "slow without --release")]
fn m_m_k() {
    for (cores, load, precision) in [(2, 0.7, 0.09), (4, 0.8, 0.09), (16, 0.9, 0.20)] {
        let fleet = Fleet::new().add(1, Server::new(cores).speed(2.0));
        let k = f64::from(cores);
        let rate = 200.0 * k * load;
        let clients = Clients::at_load(3, load).work(Work::exponential(10 * MS));
        let runs = ten_runs(fleet, clients, rate, &Strategy::random());
        let expected = erlang_c(cores, k * load) * 0.005 / (k * (1.0 - load));
        assert_mean("the wait", &runs, mean_wait, expected, precision);
        assert_mean("the utilisation", &runs, Report::mean_utilisation, load, 0.02);
    }
}

/// Pollaczek and Khinchine: W = λE[S²] / (2(1 − ρ)); Kleinrock I, 5.6.
#[test]
#[cfg_attr(debug_assertions, ignore = "slow without --release")]
fn m_g_1() {
    // The squared coefficients of variation: 0; of two values, one in ten four times the other; e^(σ²) − 1.
    let (b, sigma) = (1.0 / 1.3, 0.7_f64);
    let of_bimodal = b * b * (0.9 + 0.1 * 16.0) - 1.0;
    for (work, variation) in [
        (Work::constant(10 * MS), 0.0),
        (Work::bimodal(10 * MS, 0.1, 4.0), of_bimodal),
        (Work::lognormal(10 * MS, sigma), (sigma * sigma).exp() - 1.0),
    ] {
        let clients = Clients::at_load(1, 0.6).work(work);
        let runs = ten_runs(Fleet::new().add(1, Server::new(1)), clients, 60.0, &Strategy::round_robin());
        let expected = 60.0 * 1e-4 * (1.0 + variation) / (2.0 * 0.4);
        assert_mean("the wait", &runs, mean_wait, expected, 0.06);
    }
}

/// A Poisson process that is split at random is one for each part: ten M/M/1 queues.
#[test]
#[cfg_attr(debug_assertions, ignore = "slow without --release")]
fn random_splits_a_poisson_process() {
    let clients = Clients::at_load(5, 0.6).work(Work::exponential(10 * MS));
    let runs = ten_runs(Fleet::new().add(10, Server::new(1)), clients, 600.0, &Strategy::random());
    assert_mean("the wait", &runs, mean_wait, 0.01 * 0.6 / 0.4, 0.05);
    for server in 0..10 {
        assert_mean("the share", &runs, |run| run.share(server), 0.1, 0.02);
    }
}

/// Mitzenmacher (2001), theorem 5: with the shorter of two queues a request to one of very many servers takes the sum of
/// λ^(2^i − 2) services, for i from 1.
#[test]
#[cfg_attr(debug_assertions, ignore = "slow without --release")]
fn two_choices_are_as_good_as_the_paper_says() {
    let clients = Clients::at_load(1, 0.7).work(Work::exponential(10 * MS));
    let runs = ten_runs(Fleet::new().add(200, Server::new(1)), clients, 14_000.0, &Strategy::least_loaded());
    let expected: f64 = (1..10).map(|i| 0.7_f64.powi((1 << i) - 2)).sum();
    assert_mean("the latency", &runs, |run| mean_latency(run) / 0.01, expected, 0.03);
}

/// One server and ten users who think: the machine repairman's model. p₀ = 1 / Σ N!/(N−n)! (S/Z)ⁿ, U = 1 − p₀, and a request
/// takes N/X − Z with X = U/S (Kleinrock I, 3.8).
#[test]
#[cfg_attr(debug_assertions, ignore = "slow without --release")]
fn a_closed_loop_is_the_repairmans() {
    let (users, thought, served) = (10, 0.1, 0.01);
    let clients = Clients::closed_loop(2, users / 2, Work::exponential(100 * MS));
    let clients = clients.work(Work::exponential(10 * MS));
    let runs = ten_runs(Fleet::new().add(1, Server::new(1)), clients, 90.0, &Strategy::round_robin());
    let mut term = 1.0;
    let mut sum = 1.0;
    for n in 0..users {
        term *= f64::from(users - n) * served / thought;
        sum += term;
    }
    let utilisation = 1.0 - 1.0 / sum;
    assert_mean("the utilisation", &runs, Report::mean_utilisation, utilisation, 0.01);
    let expected = f64::from(users) * served / utilisation - thought;
    assert_mean("the latency", &runs, mean_latency, expected, 0.03);
}

/// M/M/1/K: with room for K requests, the one at work included, the share (1 − ρ)ρᴷ/(1 − ρᴷ⁺¹) is turned away (Kleinrock I,
/// 3.6).
#[test]
#[cfg_attr(debug_assertions, ignore = "slow without --release")]
fn a_full_queue_turns_requests_away() {
    let (rho, room) = (0.9_f64, 5);
    let fleet = Fleet::new().add(1, Server::new(1).queue(room - 1));
    let clients = Clients::at_load(1, rho).work(Work::exponential(10 * MS));
    let runs = ten_runs(fleet, clients, 90.0, &Strategy::round_robin());
    let room = i32::try_from(room).unwrap();
    let expected = (1.0 - rho) * rho.powi(room) / (1.0 - rho.powi(room + 1));
    assert_mean("the share", &runs, |run| run.measured().failure_share(), expected, 0.04);
}
