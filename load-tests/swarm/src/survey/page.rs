//! The report's part of a page: between two marks, which stay; everything around them is written by hand.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::arithmetic::{Rounding, shown};
use super::results::{Outcome, Results};
use super::sections::{SECTIONS, Section};
use super::table;

const BEGIN: &str = "<!-- script/load report: begin; what is between the marks is rewritten -->";
const END: &str = "<!-- script/load report: end -->";

/// Puts the report between the marks of the page.
pub(super) fn rewrite(page: &Path, report: &str) -> Result<()> {
    let name = || page.display().to_string();
    let text = fs::read_to_string(page).with_context(name)?;
    let text = between_marks(&text, report).with_context(name)?;
    fs::write(page, text).with_context(name)
}

fn between_marks(text: &str, report: &str) -> Result<String> {
    let (before, rest) = text
        .split_once(BEGIN)
        .context("the first mark is missing")?;
    let (_, after) = rest.split_once(END).context("the last mark is missing")?;
    ensure!(!after.contains(BEGIN), "there are two reports");
    Ok(format!("{before}{BEGIN}\n{report}{END}{after}"))
}

/// The whole report.
pub(super) fn render(results: &Results) -> String {
    let mut text = format!(
        "Measured on {}. Each section says when.\n\n",
        results.machine
    );
    let measured = SECTIONS.iter().filter_map(|section| {
        let outcome = results.sections.get(section.name)?;
        Some((section, outcome))
    });
    let measured: Vec<(&Section, &Outcome)> = measured.collect();
    text += table::WANTED_HEAD;
    for (_, outcome) in &measured {
        let wanted = outcome
            .figures
            .iter()
            .filter(|figure| figure.wanted.is_some());
        for figure in wanted {
            text += &table::wanted_row(figure, !outcome.faults.is_empty());
        }
    }
    let missing: Vec<&str> = SECTIONS
        .iter()
        .map(|section| section.name)
        .filter(|name| !results.sections.contains_key(*name))
        .collect();
    if !missing.is_empty() {
        // Writing to a text cannot fail.
        let _written = write!(text, "\nNot measured: {}.\n", missing.join(", "));
    }
    for (section, outcome) in measured {
        text += &section_text(section, outcome);
    }
    text
}

fn section_text(section: &Section, outcome: &Outcome) -> String {
    let mut text = format!("\n### {}\n{}\n\n", section.title, section.method);
    text += &circumstances(outcome);
    let details: Vec<String> = outcome
        .figures
        .iter()
        .filter(|figure| figure.wanted.is_none())
        .map(table::detail_row)
        .collect();
    if !details.is_empty() {
        text += &format!("\n{}{}", table::DETAIL_HEAD, details.concat());
    }
    let faults = outcome
        .faults
        .iter()
        .map(|fault| format!("- **Wrong**: {fault}\n"));
    let notes = outcome.notes.iter().map(|note| format!("- {note}\n"));
    let list: String = notes.chain(faults).collect();
    if !list.is_empty() {
        text += &format!("\n{list}");
    }
    text
}

/// When, how often, how quiet, and what the disk did.
fn circumstances(of: &Outcome) -> String {
    let busy = shown(of.busy_cores, Rounding::Up);
    let quiet = if of.is_quiet {
        format!("the machine was quiet ({busy} cores busy")
    } else {
        format!("**the machine was not quiet** ({busy} cores busy with other things")
    };
    let runs = if of.runs == 1 { "run" } else { "runs" };
    let mut text = format!(
        "{}, commit {}, {} {runs} within {} minutes; {quiet}, load {:.2}).",
        of.at, of.commit, of.runs, of.minutes, of.load
    );
    if !of.disk.appends.is_empty() {
        text += " An append with its sync just before:";
    }
    for (index, append) in of.disk.appends.iter().enumerate() {
        let kind = if append.preallocated {
            "preallocated"
        } else {
            "growing"
        };
        let number = |value| shown(value, Rounding::Nearest);
        let (syncs, p50, p99) = (append.syncs_per_s, append.p50_us, append.p99_us);
        let _written = write!(
            text,
            "{} {} bytes to a {kind} file {} a second, p50 {} us, p99 {} us",
            if index > 0 { ";" } else { "" },
            number(append.bytes as f64),
            number(syncs),
            number(p50),
            number(p99)
        );
    }
    text += if of.disk.appends.is_empty() {
        "\n"
    } else {
        ".\n"
    };
    text
}

#[cfg(test)]
mod tests {
    use super::super::findings::{Findings, Side};
    use super::super::results::tests::outcome;
    use super::*;

    #[test]
    fn what_is_around_the_marks_stays() {
        let page = format!("# A\n\n{BEGIN}\nold\n{END}\n\n## B\n");
        let once = between_marks(&page, "new\n").unwrap();
        assert_eq!(once, format!("# A\n\n{BEGIN}\nnew\n{END}\n\n## B\n"));
        assert_eq!(between_marks(&once, "new\n").unwrap(), once);
    }

    #[test]
    fn a_page_without_its_marks_is_not_touched() {
        assert!(between_marks("# A\n", "new\n").is_err());
        assert!(between_marks(&format!("{BEGIN}\n"), "new\n").is_err());
        let twice = format!("{BEGIN}{END}{BEGIN}{END}");
        assert!(between_marks(&twice, "new\n").is_err());
    }

    #[test]
    fn the_report_has_wanted_figures_first_then_each_section_and_names_what_is_missing() {
        let mut findings = Findings::default();
        findings.want("a frame", "us", 10.0, (Side::AtMost, "", 12.0));
        findings.add("frames a flush", "", 4.0);
        let mut results = Results {
            machine: "2 cores".to_owned(),
            ..Results::default()
        };
        results.put("vehicle", outcome(findings.figures));
        let text = render(&results);
        assert!(text.starts_with("Measured on 2 cores. Each section says when.\n\n| what |"));
        assert!(text.contains("| a frame | at most 12.0 us | 10.0 us | 0.834 | reached |\n"));
        assert!(text.contains("| frames a flush | 4.00 |\n"));
        assert!(text.contains("Not measured: profile, postgres, "));
        assert!(text.contains("the machine was quiet (0.0100 cores busy, load 0.50)"));
    }

    #[test]
    fn a_busy_machine_and_a_wrong_run_are_told() {
        let mut wrong = outcome(Vec::new());
        (wrong.is_quiet, wrong.busy_cores) = (false, 1.4);
        wrong.faults.push("lost 3".to_owned());
        let mut results = Results::default();
        results.put("vehicle", wrong);
        let text = render(&results);
        assert!(text.contains("**the machine was not quiet** (1.40 cores busy with other things"));
        assert!(text.contains("- **Wrong**: lost 3\n"));
    }
}
