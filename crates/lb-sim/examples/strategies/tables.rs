use std::time::Duration;

use lb_sim::{Comparison, Invalid, Report, Row, Scenario, Strategy, Verdict, scenarios};

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

/// A short name, a title, and what is simulated.
type Titled = (&'static str, &'static str, Scenario);

fn titled() -> Result<Vec<Titled>, Invalid> {
    let (at_once, later) = (Duration::ZERO, Duration::from_secs(5));
    Ok(vec![
        ("slow, 1 client", "One of ten servers is ten times slower, one client", scenarios::one_slow(1)?),
        ("slow, 20", "One of ten servers is ten times slower, twenty clients", scenarios::one_slow(20)?),
        ("fails, 1 client", "One of ten servers fails fast, one client", scenarios::one_failing(1, at_once)?),
        ("fails, 20", "One of ten servers fails fast, twenty clients", scenarios::one_failing(20, at_once)?),
        ("fails later", "One of ten fails fast from 5 s on, one client", scenarios::one_failing(1, later)?),
        ("3:1", "Half of the servers three times as fast, equal weights", scenarios::mixed_speeds(CLIENTS)?),
        ("noisy, 0.9", "Noisy neighbours (the testbed of prequal-rs), load 0.9", scenarios::prequal(0.9)?),
        ("noisy, 1.05", "Noisy neighbours, load 1.05", scenarios::prequal(1.05)?),
        ("black hole", "One of ten servers answers nothing for 10 s", scenarios::black_hole(CLIENTS)?),
        ("flapping", "One of ten servers is down one second in three", scenarios::flapping(CLIENTS)?),
        ("cold start", "Two cold servers join at load 0.9", scenarios::cold_start(CLIENTS)?),
        ("deploy", "A rolling deploy", scenarios::rolling_deploy(CLIENTS)?),
    ])
}

/// Prints a table for each scenario, and one of all.
pub(crate) fn print() -> Result<(), Invalid> {
    let mut all = Vec::new();
    for (name, title, scenario) in titled()? {
        let comparison = scenario.compare(&with_peers(), SEEDS);
        println!("**{title}.**\n\n{comparison}");
        if title.starts_with("One of ten") {
            print_shares(&comparison);
        }
        all.push((name, comparison));
    }
    print_all(&all);
    Ok(())
}

/// One line for each strategy: the 99th percentile, and what was not served.
fn print_all(all: &[(&str, Comparison)]) {
    println!("**p99 in milliseconds, and the share of the requests that were not served.**\n");
    let names: Vec<_> = all.iter().map(|(name, _)| *name).collect();
    println!("| | {} |\n|---|{}", names.join(" | "), "---|".repeat(names.len()));
    for strategy in with_peers() {
        let cells = all.iter().filter_map(|(_, comparison)| comparison.row(strategy.name()).map(cell));
        println!("| {} | {} |", strategy.name(), cells.collect::<Vec<_>>().join(" | "));
    }
    println!();
}

fn cell(row: &Row) -> String {
    let p99 = row.percentile_ms(99.0).mean();
    let failed = row.mean(|run| run.measured().failure_share()).mean() * 100.0;
    let is_best = matches!(row.verdict(), Verdict::Best | Verdict::AsGood);
    let text = if failed < 0.005 { format!("{p99:.0}") } else { format!("{p99:.0}; {failed:.2} %") };
    if is_best { format!("**{text}**") } else { text }
}

/// What the last server got, which is the odd one.
fn print_shares(comparison: &Comparison) {
    let last = |report: &Report| report.share(report.servers().len() - 1) * 100.0;
    let shares = comparison.rows().iter().map(|row| format!("{} {:.2} %", row.strategy(), row.mean(last)));
    println!("The odd server's share: {}.\n", shares.collect::<Vec<_>>().join(", "));
}
