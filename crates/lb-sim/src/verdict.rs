use std::fmt;

use crate::report::{Report, ServerReport};
use crate::statistics::Estimate;
use crate::time::{float, nanos};

/// How a strategy did beside the others of a comparison.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// The lowest mean 99th percentile of those that serve all they can.
    Best,
    /// Not to be told from the best: the ratio of their 99th percentiles, seed by seed, has 1 in its interval, or is within 2 %.
    AsGood,
    /// A 99th percentile so many times as high as the best's.
    Slower(Estimate),
    /// A larger share of the requests fails or times out than where the fewest do.
    Fails {
        /// The share with this strategy, 0 to 1.
        share: Estimate,
        /// The share where the fewest do.
        best: f64,
    },
    /// It never recovers: in most runs a server is busy all the time, and its queue grows, while others have nothing to do.
    Saturates {
        /// The place of the server in the fleet.
        server: usize,
        /// The mean utilisation of the fleet, 0 to 1.
        fleet: f64,
    },
}

/// A server that is busier than this, and whose queue grows by more than [`GROWTH`], gets more than it can do.
const SATURATED: f64 = 0.995;

/// As a share of what is sent to it.
const GROWTH: f64 = 0.05;

/// A fleet that is less busy than this could do more.
const HAS_ROOM: f64 = 0.95;

/// What nobody notices: of the requests that fail, and of a time.
const NOTICED: (f64, f64) = (0.001, 0.02);

/// Of the runs of each strategy, those of the same seeds in the same order.
pub(crate) fn judge(rows: &[Vec<Report>]) -> Vec<Verdict> {
    let least = rows.iter().map(|runs| failures(runs)).min_by(|a, b| a.mean().total_cmp(&b.mean()));
    let disqualify = |runs: &Vec<Report>| saturates(runs).or_else(|| fails(runs, least?));
    let disqualified: Vec<_> = rows.iter().map(disqualify).collect();
    let tail = |runs: &[Report]| Estimate::of(runs.iter().map(p99)).mean();
    let eligible = rows.iter().enumerate().filter(|(place, _)| disqualified[*place].is_none());
    let best = eligible.min_by(|a, b| tail(a.1).total_cmp(&tail(b.1))).map(|(place, _)| place);
    let verdict = |(place, disqualified): (usize, Option<Verdict>)| match (disqualified, best) {
        (Some(verdict), _) => verdict,
        (None, Some(best)) if best != place => beside(&rows[place], &rows[best]),
        (None, _) => Verdict::Best,
    };
    disqualified.into_iter().enumerate().map(verdict).collect()
}

fn p99(run: &Report) -> f64 {
    float(nanos(run.percentile(99.0)))
}

fn failures(runs: &[Report]) -> Estimate {
    Estimate::of(runs.iter().map(|run| run.measured().failure_share()))
}

/// More than with the best, beyond both intervals, and by more than one request in a thousand.
fn fails(runs: &[Report], best: Estimate) -> Option<Verdict> {
    let share = failures(runs);
    let is_sure = runs.len() < 2 || share.low() > best.high();
    (is_sure && share.mean() > best.mean() + NOTICED.0).then_some(Verdict::Fails { share, best: best.mean() })
}

fn saturates(runs: &[Report]) -> Option<Verdict> {
    let saturated: Vec<_> = runs.iter().filter_map(|run| Some((saturated_server(run)?, run))).collect();
    let (server, run) = saturated.first().filter(|_| 2 * saturated.len() > runs.len())?;
    Some(Verdict::Saturates { server: *server, fleet: run.mean_utilisation() })
}

fn saturated_server(run: &Report) -> Option<usize> {
    let is_saturated = |server: &ServerReport| server.utilisation > SATURATED && server.growth() > GROWTH;
    run.servers().iter().position(is_saturated).filter(|_| run.mean_utilisation() < HAS_ROOM)
}

fn beside(runs: &[Report], best: &[Report]) -> Verdict {
    let ratios = runs.iter().zip(best).map(|(run, best)| p99(run) / p99(best).max(1.0));
    let ratio = Estimate::of(ratios);
    let is_noticed = ratio.mean() > 1.0 + NOTICED.1;
    if ratio.contains(1.0) || !is_noticed { Verdict::AsGood } else { Verdict::Slower(ratio) }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Best => f.write_str("best"),
            Self::AsGood => f.write_str("not to be told from the best"),
            Self::Slower(ratio) => write!(f, "p99 {ratio:.2} × the best's"),
            Self::Fails { share, best } => {
                let percent = share.mean() * 100.0;
                write!(f, "fails {percent:.1} % of the requests, another {:.1} %", best * 100.0)
            }
            Self::Saturates { server, fleet } => {
                let percent = fleet * 100.0;
                write!(f, "never recovers: server {server} is busy all the time, the fleet {percent:.0} %")
            }
        }
    }
}
