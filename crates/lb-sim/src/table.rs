use std::fmt;

use crate::comparison::{Comparison, Row};
use crate::report::Report;
use crate::time::float;

const HEADS: [&str; 8] = ["strategy", "p50", "p90", "p99", "p99.9", "not served", "attempts", "max/mean"];

/// A table in Markdown: times in milliseconds, each the mean over the seeds, the 99th percentile with its 95 % interval; the
/// share of the requests that failed or timed out; attempts for a request; the highest utilisation of a server by the mean.
impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heads = HEADS.into_iter().chain(["verdict"]).map(str::to_owned).collect();
        let rows = self.rows().iter().map(cells);
        let lines: Vec<Vec<String>> = std::iter::once(heads).chain(rows).collect();
        let widths: Vec<usize> = (0..=HEADS.len())
            .map(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0))
            .collect();
        for (number, line) in lines.iter().enumerate() {
            write_line(f, line, &widths)?;
            if number == 0 {
                let rule: Vec<_> = widths.iter().map(|width| "-".repeat(*width)).collect();
                write_line(f, &rule, &widths)?;
            }
        }
        Ok(())
    }
}

fn write_line(f: &mut fmt::Formatter<'_>, cells: &[String], widths: &[usize]) -> fmt::Result {
    for (cell, width) in cells.iter().zip(widths) {
        let padding = " ".repeat(width - cell.chars().count());
        write!(f, "| {cell}{padding} ")?;
    }
    f.write_str("|\n")
}

fn cells(row: &Row) -> Vec<String> {
    let percentile = |percent| format!("{:.1}", row.percentile_ms(percent).mean());
    let p99 = row.percentile_ms(99.0);
    let p99 = if row.runs().len() < 2 { format!("{:.1}", p99.mean()) } else { format!("{p99:.1}") };
    let failed = row.mean(|run| run.measured().failure_share()).mean();
    let attempts = row.mean(attempts_per_request).mean();
    let evenness = row.mean(Report::max_to_mean).mean();
    vec![
        row.strategy().to_owned(),
        percentile(50.0),
        percentile(90.0),
        p99,
        percentile(99.9),
        format!("{:.2} %", failed * 100.0),
        format!("{attempts:.3}"),
        format!("{evenness:.2}"),
        row.verdict().to_string(),
    ]
}

fn attempts_per_request(run: &Report) -> f64 {
    float(run.measured().attempts) / float(run.measured().sent.max(1))
}
