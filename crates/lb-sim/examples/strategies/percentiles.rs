use std::error::Error;
use std::path::Path;

use lb_sim::{Histogram, Scenario, scenarios};

use crate::chart::{Chart, draw as draw_chart};
use crate::tables::compare;

/// The latency at each percentile, for the scenarios where it tells the strategies apart.
pub(crate) fn draw(directory: &Path) -> Result<(), Box<dyn Error>> {
    let slow = scenarios::one_slow(20)?;
    draw_one(&directory.join("one_slow.svg"), "One of ten servers is ten times slower, 20 clients", &slow)?;
    let noisy = scenarios::prequal(0.9)?;
    draw_one(&directory.join("noisy.svg"), "Noisy neighbours, load 0.9", &noisy)
}

fn draw_one(path: &Path, title: &str, scenario: &Scenario) -> Result<(), Box<dyn Error>> {
    let comparison = compare(scenario);
    let lines: Vec<_> =
        comparison.rows().iter().map(|row| (row.strategy().to_owned(), points(&row.latencies()))).collect();
    let chart = Chart {
        title,
        x: ("percentile", 0.0..3.0),
        y: ("milliseconds", 1.0..12_000.0),
        logarithmic: true,
        x_label: &|nines| format!("{:.1}", 100.0 - 100.0 * 10.0_f64.powf(-nines)),
    };
    draw_chart(path, &chart, &lines)
}

/// The horizontal scale counts nines: 90 is at 1, 99 at 2, 99.9 at 3.
fn points(latencies: &Histogram) -> Vec<(f64, f64)> {
    let at = |step: i32| {
        let nines = f64::from(step) / 20.0;
        let percent = 100.0 - 100.0 * 10.0_f64.powf(-nines);
        (nines, latencies.percentile(percent).as_secs_f64() * 1e3)
    };
    (0..=60).map(at).collect()
}
