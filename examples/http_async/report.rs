//! What happens, line by line, and the numbers at the end.

use std::time::Duration;

use tokio::time::Instant;

use crate::load::Outcomes;

pub(crate) struct Report {
    started: Instant,
    /// What the rows so far have shown.
    shown: Totals,
}

/// Since the start.
#[derive(Clone, Copy, Default)]
struct Totals {
    v1: usize,
    v2: usize,
    retries: usize,
    lost: usize,
}

impl Report {
    pub(crate) fn start() -> Self {
        println!("    time  {:24}    by v1    by v2  retries     lost", "");
        Self { started: Instant::now(), shown: Totals::default() }
    }

    /// Shows what happened since the last row.
    pub(crate) fn row(&mut self, event: &str, outcomes: &Outcomes) {
        let totals = Totals::of(outcomes);
        let Totals { v1, v2, retries, lost } = totals.since(self.shown);
        let time = self.started.elapsed().as_secs_f64();
        println!("{time:>6.1} s  {event:24}{v1:>9}{v2:>9}{retries:>9}{lost:>9}");
        self.shown = totals;
    }

    /// Shows the numbers, and returns how many requests were lost.
    pub(crate) fn finish(&self, outcomes: &Outcomes) -> usize {
        let seconds = self.started.elapsed().as_secs_f64();
        println!("\n{:<12}{:>9}{:>12}{:>12}{:>12}", "answered by", "requests", "median", "p99", "longest");
        let mut all = Vec::new();
        for (label, times) in &outcomes.answered {
            println!("{}", numbers(label, times.clone()));
            all.extend_from_slice(times);
        }
        println!("{}\n", numbers("all", all));

        let Totals { v1, v2, retries, lost } = Totals::of(outcomes);
        let none = if lost == 0 { "none was lost".to_owned() } else { format!("{lost} LOST") };
        println!("{} requests in {seconds:.1} s: {none} ({retries} retries)", v1 + v2 + lost);
        for error in outcomes.lost.iter().take(3) {
            println!("lost: {error}");
        }
        lost
    }
}

impl Totals {
    fn of(outcomes: &Outcomes) -> Self {
        let by = |version: &str| {
            let servers = outcomes.answered.iter().filter(|(label, _)| label.ends_with(version));
            servers.map(|(_, times)| times.len()).sum()
        };
        Self { v1: by("v1"), v2: by("v2"), retries: outcomes.retries, lost: outcomes.lost.len() }
    }

    fn since(self, before: Self) -> Self {
        Self {
            v1: self.v1 - before.v1,
            v2: self.v2 - before.v2,
            retries: self.retries - before.retries,
            lost: self.lost - before.lost,
        }
    }
}

/// One line of the table at the end.
fn numbers(label: &str, mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    // Nearest rank: the least time that this many percent do not exceed.
    let percentile = |percent: usize| {
        let time = times.get((times.len() * percent).div_ceil(100).saturating_sub(1));
        format!("{:.2} ms", time.copied().unwrap_or_default().as_secs_f64() * 1e3)
    };
    let [median, p99, longest] = [50, 99, 100].map(percentile);
    format!("{label:<12}{:>9}{median:>12}{p99:>12}{longest:>12}", times.len())
}
