//! Figures as rows of a table: median, lowest and highest, what was wanted, the ratio, whether it was reached.

use std::fmt::Write as _;

use super::arithmetic::{Rounding, highest, lowest, median, shown};
use super::findings::{Figure, Side, Verdict};
use super::results::Outcome;

/// Which way figures of that side are rounded: against oneself.
fn against(side: Option<Side>) -> Rounding {
    match side {
        Some(Side::AtMost) => Rounding::Up,
        Some(Side::AtLeast) => Rounding::Down,
        None => Rounding::Nearest,
    }
}

fn against_the_wanted(side: Side) -> Rounding {
    match side {
        Side::AtMost => Rounding::Down,
        Side::AtLeast => Rounding::Up,
    }
}

/// `12.3 us (11.9–13.0)`.
pub(super) fn spread(figure: &Figure) -> String {
    let rounding = against(figure.wanted.as_ref().map(|wanted| wanted.side));
    let Some(middle) = median(&figure.values) else {
        return "not measured".to_owned();
    };
    let (low, high) = (lowest(&figure.values), highest(&figure.values));
    let text = format!("{} {}", shown(middle, rounding), figure.unit);
    if figure.values.len() == 1 {
        return text.trim_end().to_owned();
    }
    format!(
        "{} ({}–{})",
        text.trim_end(),
        shown(low, Rounding::Down),
        shown(high, Rounding::Up)
    )
}

/// `at most floor + parse + 12 us: 30.1 us`.
fn wanted(figure: &Figure) -> String {
    let Some(wanted) = &figure.wanted else {
        return String::new();
    };
    let middle = median(&wanted.values).unwrap_or(f64::NAN);
    let value = shown(middle, against_the_wanted(wanted.side));
    let side = match wanted.side {
        Side::AtMost => "at most",
        Side::AtLeast => "at least",
    };
    let unit = &figure.unit;
    if wanted.words.is_empty() {
        return format!("{side} {value} {unit}").trim_end().to_owned();
    }
    format!("{side} {}: {value} {unit}", wanted.words)
        .trim_end()
        .to_owned()
}

fn ratio(figure: &Figure) -> String {
    let ratios = figure.ratios();
    let rounding = against(figure.wanted.as_ref().map(|wanted| wanted.side));
    median(&ratios).map_or_else(String::new, |middle| shown(middle, rounding))
}

fn reached(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        Some(Verdict::Reached) => "reached",
        Some(Verdict::ReachedMostly) => "reached, not in every run",
        Some(Verdict::Missed) => "**not reached**",
        None => "",
    }
}

/// Head of the table of what is wanted.
pub(super) const WANTED_HEAD: &str =
    "| what | wanted | measured, median (lowest–highest) | ratio | |\n|---|---|---|---|---|\n";

/// A row of the table of what is wanted; of a section that was wrong nothing is reached.
pub(super) fn wanted_row(figure: &Figure, is_wrong: bool) -> String {
    let verdict = if is_wrong {
        "**runs went wrong**"
    } else {
        reached(figure.verdict())
    };
    let (wanted, spread, ratio) = (wanted(figure), spread(figure), ratio(figure));
    format!(
        "| {} | {wanted} | {spread} | {ratio} | {verdict} |\n",
        figure.what
    )
}

/// Head of a table of figures of which nothing is wanted.
pub(super) const DETAIL_HEAD: &str = "| figure | median (lowest–highest) |\n|---|---|\n";

pub(super) fn detail_row(figure: &Figure) -> String {
    format!("| {} | {} |\n", figure.what, spread(figure))
}

/// A section for a terminal.
pub(super) fn text(outcome: &Outcome) -> String {
    let mut text = String::new();
    for figure in &outcome.figures {
        let spread = spread(figure);
        let verdict = figure.verdict().map_or_else(String::new, |verdict| {
            format!("  wanted {}: {}", wanted(figure), reached(Some(verdict)))
        });
        // Writing to a text cannot fail.
        let _written = writeln!(text, "  {:<52} {spread}{verdict}", figure.what);
    }
    for note in &outcome.notes {
        let _written = writeln!(text, "  note: {note}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::findings::Findings;

    fn figures() -> Vec<Figure> {
        let mut findings = Findings::default();
        for (value, allowed) in [(20.01, 30.0), (25.0, 30.5), (31.0, 30.01)] {
            let wanted = (Side::AtMost, "floor + parse + 12 us", allowed);
            findings.want("CPU a frame", "us", value, wanted);
        }
        findings.add("frames a flush", "", 4.0);
        findings.figures
    }

    #[test]
    fn a_row_tells_wanted_measured_ratio_and_whether_it_was_reached() {
        let row = wanted_row(&figures()[0], false);
        assert_eq!(
            row,
            "| CPU a frame | at most floor + parse + 12 us: 30.0 us | 25.0 us (20.0–31.0) | 0.820 | reached, not in every run |\n"
        );
    }

    #[test]
    fn nothing_is_reached_where_runs_went_wrong() {
        assert!(wanted_row(&figures()[0], true).contains("runs went wrong"));
    }

    #[test]
    fn rounding_is_against_oneself() {
        let mut findings = Findings::default();
        findings.want("x", "us", 9.001, (Side::AtMost, "", 9.0));
        findings.want("y", "", 7.999, (Side::AtLeast, "", 8.0));
        assert_eq!(
            wanted_row(&findings.figures[0], false),
            "| x | at most 9.00 us | 9.01 us | 1.01 | **not reached** |\n"
        );
        assert_eq!(
            wanted_row(&findings.figures[1], false),
            "| y | at least 8.00 | 7.99 | 0.999 | **not reached** |\n"
        );
    }

    #[test]
    fn a_detail_has_its_spread_alone() {
        assert_eq!(detail_row(&figures()[1]), "| frames a flush | 4.00 |\n");
    }
}
