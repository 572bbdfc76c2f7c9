//! A small picture of what changes over minutes: one panel for each line, each with its own scale from zero.

use std::fmt::Write as _;

use super::arithmetic::{Rounding, highest, shown};

const WIDTH: f64 = 720.0;
const PANEL: f64 = 110.0;
const LEFT: f64 = 10.0;
const TOP: f64 = 24.0;

/// Something over time.
pub(super) struct Line<'a> {
    pub(super) name: &'a str,
    /// Minutes and values.
    pub(super) points: Vec<(f64, f64)>,
}

/// The picture as SVG.
pub(super) fn plot(lines: &[Line<'_>]) -> String {
    let height = PANEL * lines.len() as f64 + 10.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    for (number, line) in lines.iter().enumerate() {
        panel(&mut svg, line, number as f64 * PANEL);
    }
    svg + "</svg>\n"
}

fn panel(svg: &mut String, line: &Line<'_>, top: f64) {
    let values: Vec<f64> = line.points.iter().map(|point| point.1).collect();
    let minutes: Vec<f64> = line.points.iter().map(|point| point.0).collect();
    let (most, last) = (highest(&values), highest(&minutes));
    let (right, bottom) = (WIDTH - LEFT, top + PANEL - 6.0);
    let tall = bottom - top - TOP;
    let share = |value: f64, of: f64| if of > 0.0 { value / of } else { 0.0 };
    let mut path = String::new();
    for (minute, value) in &line.points {
        let x = LEFT + share(*minute, last) * (right - LEFT);
        let y = bottom - share(*value, most) * tall;
        // Writing to a text cannot fail.
        let _written = write!(path, "{x:.1},{y:.1} ");
    }
    let number = |value: f64| shown(value, Rounding::Nearest);
    let (name, baseline) = (line.name, top + 16.0);
    let _written = write!(
        svg,
        "<text x=\"{LEFT}\" y=\"{baseline}\">{name}: 0 to {}, over {} minutes</text>\n\
         <line x1=\"{LEFT}\" y1=\"{bottom}\" x2=\"{right}\" y2=\"{bottom}\" stroke=\"#bbb\"/>\n\
         <polyline points=\"{}\" fill=\"none\" stroke=\"#06c\" stroke-width=\"1.5\"/>\n",
        number(most),
        number(last),
        path.trim_end()
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_a_panel_that_goes_from_zero_to_its_most() {
        let line = |name| Line {
            name,
            points: vec![(0.0, 0.0), (10.0, 50.0), (20.0, 100.0)],
        };
        let svg = plot(&[line("a"), line("b")]);
        assert!(svg.contains("a: 0 to 100, over 20.0 minutes"));
        assert!(
            svg.contains("points=\"10.0,104.0 360.0,64.0 710.0,24.0\""),
            "{svg}"
        );
        assert_eq!(svg.matches("<polyline").count(), 2);
    }

    #[test]
    fn a_line_of_nothing_is_no_fault() {
        assert!(
            plot(&[Line {
                name: "n",
                points: Vec::new()
            }])
            .contains("n: 0 to ?")
        );
    }
}
