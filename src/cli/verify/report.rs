//! What was compared: how many of each kind agree, and which do not.

use std::fmt::{Debug, Write as _};

/// Disagreements that are printed.
const SHOWN_MAX: usize = 20;

/// The result of a comparison.
#[derive(Debug, Default)]
pub struct Report {
    kinds: Vec<Kind>,
    disagreements: Vec<String>,
}

#[derive(Debug)]
struct Kind {
    name: &'static str,
    agree: u64,
    of: u64,
    note: String,
}

impl Report {
    /// Begins a kind, which is printed even if nothing of it follows.
    pub fn kind(&mut self, name: &'static str) {
        self.kinds.push(Kind {
            name,
            agree: 0,
            of: 0,
            note: String::new(),
        });
    }

    /// Adds words to the line of the newest kind.
    pub fn note(&mut self, note: String) {
        if let Some(kind) = self.kinds.last_mut() {
            kind.note = note;
        }
    }

    /// Compares one of the newest kind; `place` says where it stands.
    pub fn compare<T: PartialEq + Debug>(
        &mut self,
        place: impl FnOnce() -> String,
        expected: &T,
        got: Option<&T>,
    ) {
        let agrees = got == Some(expected);
        if let Some(kind) = self.kinds.last_mut() {
            kind.of += 1;
            kind.agree += u64::from(agrees);
        }
        if !agrees {
            let got = got.map_or_else(|| "nothing".to_owned(), |got| format!("{got:?}"));
            self.fault(format!(
                "{}: expected {expected:?}, the server has {got}",
                place()
            ));
        }
    }

    /// A disagreement that belongs to no single comparison.
    pub fn fault(&mut self, disagreement: String) {
        self.disagreements.push(disagreement);
    }

    /// Everything that disagrees.
    #[must_use]
    pub fn disagreements(&self) -> &[String] {
        &self.disagreements
    }

    /// How many of the kind `name` agree, and of how many.
    #[must_use]
    pub fn count(&self, name: &str) -> Option<(u64, u64)> {
        self.kinds
            .iter()
            .find(|kind| kind.name == name)
            .map(|kind| (kind.agree, kind.of))
    }

    /// Whether something was compared and all of it agrees.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.disagreements.is_empty() && self.kinds.iter().any(|kind| kind.of > 0)
    }

    /// A line a kind, then the first disagreements.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for Kind {
            name,
            agree,
            of,
            note,
        } in &self.kinds
        {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name}: {agree} of {of} agree{note}");
        }
        for disagreement in self.disagreements.iter().take(SHOWN_MAX) {
            let _ = writeln!(text, "disagrees: {disagreement}");
        }
        let hidden = self.disagreements.len().saturating_sub(SHOWN_MAX);
        if hidden > 0 {
            let _ = writeln!(text, "and {hidden} more");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_counts_by_kind_and_names_the_first_disagreements() {
        let mut report = Report::default();
        report.kind("days");
        for day in 0..30 {
            report.compare(|| format!("day {day}"), &7, (day >= 25).then_some(&7));
        }
        report.note(" (some)".into());
        report.kind("others");
        assert_eq!(
            (report.count("days"), report.count("none")),
            (Some((5, 30)), None)
        );
        let text = report.text();
        assert!(
            text.starts_with("days: 5 of 30 agree (some)\nothers: 0 of 0 agree\n"),
            "{text}"
        );
        assert!(text.contains("disagrees: day 0: expected 7, the server has nothing\n"));
        assert!(text.ends_with("and 5 more\n"));
        assert!(!report.agrees());
    }

    #[test]
    fn nothing_compared_is_no_agreement() {
        let mut report = Report::default();
        report.kind("days");
        assert!(!report.agrees());
        report.compare(String::new, &1, Some(&1));
        assert!(report.agrees());
        report.fault("odd".into());
        assert!(!report.agrees());
    }
}
