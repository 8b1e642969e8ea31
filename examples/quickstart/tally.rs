//! What each backend did, as numbers.

use std::iter::Sum;
use std::time::Duration;

use crate::screen::{milliseconds, thousands};

#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    /// Attempts sent there.
    pub(crate) requests: usize,
    /// Those of them that failed.
    pub(crate) errors: usize,
    /// Those of them that were not their request's first.
    pub(crate) retries: usize,
}

impl Counts {
    pub(crate) fn answered(self) -> usize {
        self.requests - self.errors
    }

    fn note(&mut self, index: usize, failed: bool) {
        self.requests += 1;
        self.errors += usize::from(failed);
        self.retries += usize::from(index > 0);
    }
}

impl Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |a, b| Self {
            requests: a.requests + b.requests,
            errors: a.errors + b.errors,
            retries: a.retries + b.retries,
        })
    }
}

pub(crate) struct Backend {
    pub(crate) label: String,
    pub(crate) address: String,
    /// Since the last line of the report.
    pub(crate) row: Counts,
    pub(crate) total: Counts,
    /// Of what was answered.
    latencies: Vec<Duration>,
}

impl Backend {
    pub(crate) fn new(label: &str, address: &str) -> Self {
        let (label, address) = (label.to_owned(), address.to_owned());
        Self { label, address, row: Counts::default(), total: Counts::default(), latencies: Vec::new() }
    }

    /// Counts one attempt; `index` is its place among its request's.
    pub(crate) fn note(&mut self, index: usize, took: Duration, failed: bool) {
        self.row.note(index, failed);
        self.total.note(index, failed);
        if !failed {
            self.latencies.push(took);
        }
    }
}

/// The table at the end, line by line, with a line for all backends together.
pub(crate) fn table(backends: &[Backend]) -> Vec<String> {
    let heading = ["backend", "address", "requests", "errors", "retries", "median", "p99"];
    let mut rows = vec![heading.map(str::to_owned)];
    rows.extend(backends.iter().map(|backend| {
        let Backend { label, address, total, latencies, .. } = backend;
        row(label, address, *total, latencies.clone())
    }));
    let all = backends.iter().flat_map(|backend| backend.latencies.iter().copied()).collect();
    rows.push(row("all", "", backends.iter().map(|backend| backend.total).sum(), all));
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let (label, address) = (width(0), width(1));
    let line = |[a, b, c, d, e, f, g]: &[String; 7]| {
        format!("{a:<label$}  {b:<address$}  {c:>9}  {d:>7}  {e:>7}  {f:>9}  {g:>9}")
    };
    rows.iter().map(line).collect()
}

fn row(label: &str, address: &str, counts: Counts, mut latencies: Vec<Duration>) -> [String; 7] {
    latencies.sort_unstable();
    let Counts { requests, errors, retries } = counts;
    let [requests, errors, retries] = [requests, errors, retries].map(thousands);
    let [median, p99] = [50, 99].map(|percent| milliseconds(percentile(&latencies, percent)));
    [label.to_owned(), address.to_owned(), requests, errors, retries, median, p99]
}

/// The least latency that this many percent do not exceed (nearest rank). `sorted` is; none of none.
fn percentile(sorted: &[Duration], percent: usize) -> Option<Duration> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}
