use std::error::Error;
use std::path::Path;
use std::time::Duration;

use lb_sim::{Clients, Fault, Fleet, Invalid, Report, Scenario, Server, Work, scenarios};

use crate::chart::{Chart, Line, draw as draw_chart};
use crate::tables::{CLIENTS, strategies};

const SECOND: Duration = Duration::from_secs(1);

/// What happens when: the shares of the servers while one of them is slow, and the latency during a deploy.
pub(crate) fn draw(directory: &Path) -> Result<(), Box<dyn Error>> {
    let incident = incident()?;
    for strategy in strategies() {
        let report = incident.run(&strategy, 1);
        draw_shares(&directory.join(format!("{}.svg", file_name(strategy.name()))), &report)?;
    }
    draw_deploy(&directory.join("deploy.svg"))
}

/// One of ten servers is ten times slower from 8 s to 16 s.
fn incident() -> Result<Scenario, Invalid> {
    let slow = Fault::slow(10.0).from(8 * SECOND).until(16 * SECOND);
    let fleet = Fleet::new().add(9, Server::new(4)).add(1, Server::new(4).fault(slow));
    let clients = Clients::at_load(CLIENTS, 0.6).work(Work::exponential(SECOND / 100)).reports(true);
    Scenario::builder(fleet, clients).warm_up(Duration::ZERO).measured(24 * SECOND).build()
}

fn file_name(strategy: &str) -> String {
    strategy.to_lowercase().replace("::", "_").replace(", ", "_").replace(' ', "_")
}

fn draw_shares(path: &Path, report: &Report) -> Result<(), Box<dyn Error>> {
    let series = report.series();
    let shares = |server: usize| {
        let at = |part| (series.time(part).as_secs_f64(), series.share(part, server) * 100.0);
        (0..series.len()).map(at).collect()
    };
    let last = report.servers().len() - 1;
    let name = |server| if server == last { "ten times slower from 8 s to 16 s" } else { "" };
    let lines: Vec<Line> = (0..=last).map(|server| (name(server).to_owned(), shares(server))).collect();
    let chart = Chart {
        title: &format!("{}: each server's share of the requests", report.strategy()),
        x: ("seconds", 0.0..24.0),
        y: ("%", 0.0..20.0),
        logarithmic: false,
        x_label: &|seconds| format!("{seconds}"),
    };
    draw_chart(path, &chart, &lines)
}

fn draw_deploy(path: &Path) -> Result<(), Box<dyn Error>> {
    let scenario = scenarios::rolling_deploy(CLIENTS)?;
    let line = |report: &Report| {
        let series = report.series();
        let p99 =
            |part| series.latencies(part).map_or(Duration::ZERO, |latencies| latencies.percentile(99.0));
        let at = |part| (series.time(part).as_secs_f64(), p99(part).as_secs_f64() * 1e3);
        (report.strategy().to_owned(), (0..series.len()).map(at).collect())
    };
    let lines: Vec<Line> = strategies().iter().map(|strategy| line(&scenario.run(strategy, 1))).collect();
    let chart = Chart {
        title: "A rolling deploy from 5 s to 20 s: the 99th percentile of the latency",
        x: ("seconds", 0.0..23.0),
        y: ("milliseconds", 20.0..2000.0),
        logarithmic: true,
        x_label: &|seconds| format!("{seconds}"),
    };
    draw_chart(path, &chart, &lines)
}
