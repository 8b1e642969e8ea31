use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::histogram::Histogram;
use crate::report::Report;
use crate::scenario::Scenario;
use crate::statistics::Estimate;
use crate::strategy::Strategy;
use crate::time::{float, nanos};
use crate::verdict::{Verdict, judge};

/// What came of a scenario with each of some strategies, over several seeds. It prints as a table, with a
/// [verdict](Verdict) for each.
#[derive(Clone, Debug)]
pub struct Comparison {
    rows: Vec<Row>,
}

/// One strategy in a [`Comparison`].
#[derive(Clone, Debug)]
pub struct Row {
    runs: Vec<Report>,
    verdict: Verdict,
}

impl Scenario {
    /// Runs it with each strategy and seed, on as many threads as there are cores, and compares. Ten seeds tell much more
    /// than two; all strategies meet the same requests. Without a strategy or a seed the table is empty.
    pub fn compare(&self, strategies: &[Strategy], seeds: impl IntoIterator<Item = u64>) -> Comparison {
        let seeds: Vec<u64> = seeds.into_iter().collect();
        let jobs: Vec<_> =
            strategies.iter().flat_map(|strategy| seeds.iter().map(move |seed| (strategy, *seed))).collect();
        let mut reports = run_all(&jobs, |(strategy, seed)| self.run(strategy, *seed)).into_iter();
        let rows = strategies.iter().map(|_| reports.by_ref().take(seeds.len()).collect());
        Comparison::of(rows)
    }
}

/// The results of `run` for all jobs, in their order.
fn run_all<J: Sync, T: Send>(jobs: &[J], run: impl Fn(&J) -> T + Sync) -> Vec<T> {
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some((number, job)) = {
            let number = next.fetch_add(1, Ordering::Relaxed);
            jobs.get(number).map(|job| (number, job))
        } {
            let result = run(job);
            results.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((number, result));
        }
    };
    let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    thread::scope(|scope| (0..threads.min(jobs.len())).for_each(|_| drop(scope.spawn(work))));
    let mut results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}

impl Comparison {
    /// Of runs that were made already: for each strategy those of the same seeds.
    pub fn of(runs: impl IntoIterator<Item = Vec<Report>>) -> Self {
        let runs: Vec<_> = runs.into_iter().filter(|runs| !runs.is_empty()).collect();
        let verdicts = judge(&runs);
        let rows = runs.into_iter().zip(verdicts).map(|(runs, verdict)| Row { runs, verdict });
        Self { rows: rows.collect() }
    }

    /// The strategies, in the order in which they were given.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The one by this name.
    pub fn row(&self, strategy: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.strategy() == strategy)
    }

    /// The one with the lowest mean 99th percentile of those that serve all they can.
    pub fn best(&self) -> Option<&Row> {
        self.rows.iter().find(|row| row.verdict == Verdict::Best)
    }
}

impl Row {
    /// The strategy's name.
    pub fn strategy(&self) -> &str {
        self.runs.first().map_or("", Report::strategy)
    }

    /// The runs, one for each seed.
    pub fn runs(&self) -> &[Report] {
        &self.runs
    }

    /// How it did beside the others.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// The mean over the seeds of what `measure` says of a run.
    pub fn mean(&self, measure: impl Fn(&Report) -> f64) -> Estimate {
        Estimate::of(self.runs.iter().map(measure))
    }

    /// How long the requests of all runs took.
    pub fn latencies(&self) -> Histogram {
        self.runs.iter().fold(Histogram::new(), |mut all, run| {
            all.merge(run.latencies());
            all
        })
    }

    /// The mean of a percentile of the latency, in milliseconds; see [`Report::latencies`].
    pub fn percentile_ms(&self, percent: f64) -> Estimate {
        self.mean(|run| float(nanos(run.percentile(percent))) / 1e6)
    }
}
