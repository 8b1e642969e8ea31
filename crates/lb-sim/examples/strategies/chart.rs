use std::error::Error;
use std::ops::Range;
use std::path::Path;

use plotters::prelude::*;

/// A picture with a line for each of some names.
pub(crate) struct Chart<'a> {
    pub(crate) title: &'a str,
    pub(crate) x: (&'a str, Range<f64>),
    pub(crate) y: (&'a str, Range<f64>),
    /// Whether the vertical scale is logarithmic.
    pub(crate) logarithmic: bool,
    /// What is written at a place of the horizontal scale.
    pub(crate) x_label: &'a dyn Fn(&f64) -> String,
}

/// A name, and the points of its line.
pub(crate) type Line = (String, Vec<(f64, f64)>);

/// Told apart by those who see few colours: Okabe and Ito's, and grey.
const COLOURS: [RGBColor; 8] = [
    RGBColor(213, 94, 0),
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(230, 159, 0),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
    RGBColor(140, 140, 140),
];

/// The colour of those that are not to be looked at one by one.
pub(crate) const QUIET: RGBColor = RGBColor(190, 190, 190);

/// Draws it; lines of the same name are of one colour, and so are those without a name, which are grey.
pub(crate) fn draw(path: &Path, chart: &Chart<'_>, lines: &[Line]) -> Result<(), Box<dyn Error>> {
    if chart.logarithmic {
        let y = chart.y.1.clone().log_scale();
        draw_on!(path, chart, lines, y)
    } else {
        let y = chart.y.1.clone();
        draw_on!(path, chart, lines, y)
    }
}

macro_rules! draw_on {
    ($path:expr, $chart:expr, $lines:expr, $y:expr) => {{
        let (chart, mut names) = ($chart, Vec::<&str>::new());
        let root = SVGBackend::new($path, (720, 400)).into_drawing_area();
        root.fill(&WHITE)?;
        let mut context = ChartBuilder::on(&root)
            .caption(chart.title, ("sans-serif", 17))
            .margin(10)
            .x_label_area_size(40)
            .y_label_area_size(60)
            .build_cartesian_2d(chart.x.1.clone(), $y)?;
        let mut mesh = context.configure_mesh();
        mesh.x_desc(chart.x.0).y_desc(chart.y.0).x_label_formatter(chart.x_label);
        mesh.light_line_style(TRANSPARENT).draw()?;
        for (name, points) in $lines {
            let known = names.iter().position(|known| known == name);
            let place = known.unwrap_or(names.len());
            let colour = if name.is_empty() { QUIET } else { COLOURS[place % COLOURS.len()] };
            let drawn =
                context.draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)))?;
            if known.is_none() && !name.is_empty() {
                names.push(name);
                drawn
                    .label(name.as_str())
                    .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
            }
        }
        let mut legend = context.configure_series_labels();
        legend.position(SeriesLabelPosition::UpperLeft).background_style(WHITE.mix(0.8)).draw()?;
        root.present()?;
        Ok(())
    }};
}
use draw_on;
