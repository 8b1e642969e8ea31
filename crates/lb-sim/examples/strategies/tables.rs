use std::time::Duration;

use lb_sim::{Comparison, Invalid, Report, Scenario, Strategy, scenarios};

/// Ten seeds tell them apart.
pub(crate) const SEEDS: std::ops::Range<u64> = 0..10;

/// How many clients there are that do not know of each other.
pub(crate) const CLIENTS: u32 = 10;

/// Those that differ where all weights are 1.
pub(crate) fn strategies() -> Vec<Strategy> {
    vec![
        Strategy::round_robin(),
        Strategy::random(),
        Strategy::maglev(),
        Strategy::bounded_maglev(),
        Strategy::least_loaded(),
        Strategy::peak_ewma(),
        Strategy::hot_cold(),
    ]
}

/// And those of others, where the feature `peers` is on.
fn with_peers() -> Vec<Strategy> {
    #[cfg(feature = "peers")]
    let peers = lb_sim::peers::all();
    #[cfg(not(feature = "peers"))]
    let peers = Vec::new();
    strategies().into_iter().chain(peers).collect()
}

pub(crate) fn compare(scenario: &Scenario) -> Comparison {
    scenario.compare(&strategies(), SEEDS)
}

/// Prints a table for each scenario.
pub(crate) fn print() -> Result<(), Invalid> {
    let (at_once, later) = (Duration::ZERO, Duration::from_secs(5));
    for (title, scenario) in [
        ("One of ten servers is ten times slower, one client", scenarios::one_slow(1)?),
        ("One of ten servers is ten times slower, twenty clients", scenarios::one_slow(20)?),
        ("One of ten servers fails fast, one client", scenarios::one_failing(1, at_once)?),
        ("One of ten servers fails fast, twenty clients", scenarios::one_failing(20, at_once)?),
        ("One of ten servers fails fast from 5 s on, one client", scenarios::one_failing(1, later)?),
        ("Half of the servers three times as fast, equal weights", scenarios::mixed_speeds(CLIENTS)?),
        ("Noisy neighbours (the testbed of prequal-rs), load 0.9", scenarios::prequal(0.9)?),
        ("Noisy neighbours, load 1.05", scenarios::prequal(1.05)?),
        ("A server that answers nothing for 10 s", scenarios::black_hole(CLIENTS)?),
        ("A server that is down for one second in three", scenarios::flapping(CLIENTS)?),
        ("Two cold servers join at load 0.9", scenarios::cold_start(CLIENTS)?),
        ("A rolling deploy", scenarios::rolling_deploy(CLIENTS)?),
    ] {
        let comparison = scenario.compare(&with_peers(), SEEDS);
        println!("**{title}.**\n\n{comparison}");
        if title.starts_with("One") {
            print_shares(&comparison);
        }
    }
    Ok(())
}

/// What the last server got, which is the odd one.
fn print_shares(comparison: &Comparison) {
    let last = |report: &Report| report.share(report.servers().len() - 1) * 100.0;
    let shares = comparison.rows().iter().map(|row| format!("{} {:.2} %", row.strategy(), row.mean(last)));
    println!("The odd server's share: {}.\n", shares.collect::<Vec<_>>().join(", "));
}
