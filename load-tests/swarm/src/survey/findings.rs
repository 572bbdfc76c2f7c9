//! What a section has found: figures of every run, and words about them.

use serde::{Deserialize, Serialize};

use super::arithmetic::median;

/// Which side of the wanted figure is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Side {
    AtMost,
    AtLeast,
}

/// What is wanted of a figure.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub(super) struct Wanted {
    pub(super) side: Side,
    /// In words.
    pub(super) words: String,
    /// In the unit of the figure, of each run: it may follow from another figure of the same run.
    pub(super) values: Vec<f64>,
}

/// A figure of each run.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub(super) struct Figure {
    pub(super) what: String,
    pub(super) unit: String,
    pub(super) values: Vec<f64>,
    pub(super) wanted: Option<Wanted>,
}

/// How a figure stands against what is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Reached,
    /// By the median, and not in every run.
    ReachedMostly,
    Missed,
}

impl Figure {
    /// Of each run: the figure by the wanted one.
    pub(super) fn ratios(&self) -> Vec<f64> {
        let wanted = self.wanted.iter().flat_map(|wanted| &wanted.values);
        let pairs = self.values.iter().zip(wanted);
        pairs.map(|(value, wanted)| value / wanted).collect()
    }

    /// By the exact figures, not by what is shown of them; nothing where nothing is wanted.
    pub(super) fn verdict(&self) -> Option<Verdict> {
        let side = self.wanted.as_ref()?.side;
        let is_right = |ratio: f64| match side {
            Side::AtMost => ratio <= 1.0,
            Side::AtLeast => ratio >= 1.0,
        };
        let ratios = self.ratios();
        Some(if !is_right(median(&ratios)?) {
            Verdict::Missed
        } else if ratios.into_iter().all(is_right) {
            Verdict::Reached
        } else {
            Verdict::ReachedMostly
        })
    }
}

/// Figures and notes of a section, as they come.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) figures: Vec<Figure>,
    pub(super) notes: Vec<String>,
}

impl Findings {
    /// A figure of the next run.
    pub(super) fn add(&mut self, what: &str, unit: &str, value: f64) {
        self.figure(what, unit).values.push(value);
    }

    /// A figure of the next run, of which something is wanted.
    pub(super) fn want(&mut self, what: &str, unit: &str, value: f64, wanted: (Side, &str, f64)) {
        let (side, words, allowed) = wanted;
        let figure = self.figure(what, unit);
        figure.values.push(value);
        let wanted = figure.wanted.get_or_insert_with(|| Wanted {
            side,
            words: words.to_owned(),
            values: Vec::new(),
        });
        wanted.values.push(allowed);
    }

    /// Something to know about the figures; said once, however often it is found.
    pub(super) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    fn figure(&mut self, what: &str, unit: &str) -> &mut Figure {
        let known = self.figures.iter().position(|figure| figure.what == what);
        let index = known.unwrap_or_else(|| {
            self.figures.push(Figure {
                what: what.to_owned(),
                unit: unit.to_owned(),
                values: Vec::new(),
                wanted: None,
            });
            self.figures.len() - 1
        });
        &mut self.figures[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(side: Side, pairs: &[(f64, f64)]) -> Figure {
        let mut findings = Findings::default();
        for (value, allowed) in pairs {
            findings.want("x", "us", *value, (side, "w", *allowed));
        }
        findings.figures.remove(0)
    }

    #[test]
    fn a_ratio_is_of_one_run() {
        let figure = figure(Side::AtMost, &[(10.0, 20.0), (30.0, 20.0)]);
        assert_eq!(figure.ratios(), [0.5, 1.5]);
    }

    #[test]
    fn a_figure_is_reached_by_the_median_and_it_is_told_when_not_by_all_runs() {
        let most = |pairs| figure(Side::AtMost, pairs).verdict();
        assert_eq!(most(&[(1.0, 1.0)]), Some(Verdict::Reached));
        assert_eq!(
            most(&[(1.0, 1.0), (0.9, 1.0), (1.1, 1.0)]),
            Some(Verdict::ReachedMostly)
        );
        assert_eq!(most(&[(1.000_01, 1.0)]), Some(Verdict::Missed));
        let least = figure(Side::AtLeast, &[(7.999, 8.0)]);
        assert_eq!(least.verdict(), Some(Verdict::Missed));
    }

    #[test]
    fn runs_of_the_same_figure_are_gathered_and_notes_are_said_once() {
        let mut findings = Findings::default();
        findings.add("a", "us", 1.0);
        findings.add("b", "us", 9.0);
        findings.add("a", "us", 2.0);
        findings.note("n");
        findings.note("n");
        assert_eq!(findings.figures[0].values, [1.0, 2.0]);
        assert_eq!(findings.figures[0].verdict(), None);
        assert_eq!(findings.notes, ["n"]);
    }
}
