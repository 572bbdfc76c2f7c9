//! The report: the whole set of loads, each some times over, and the page that tells what came of it (`swarm report`). Every load is
//! a run of this same program, so that a figure of the report is one that anybody gets by hand.

mod arithmetic;
mod disk;
mod findings;
mod first_ack;
mod lab;
mod machine;
mod own_server;
mod page;
mod plot;
mod results;
mod sections;
mod table;

use std::fs;
use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use crate::clock;
use crate::dates;
use arithmetic::Rounding;
use findings::Findings;
use lab::Lab;
use results::{Outcome, Results};
use sections::{SECTIONS, Section};

pub(crate) use lab::ReportArgs;

/// Cores that others may keep busy before the figures of a time are doubted.
const QUIET_CORES: f64 = 0.1;

/// Measures the sections that are asked for, and writes the page; 1 when anything was lost, refused or is missing in a run.
pub(crate) fn run(args: &ReportArgs) -> Result<ExitCode> {
    let chosen = chosen(&args.only)?;
    fs::create_dir_all(&args.folder).with_context(|| args.folder.display().to_string())?;
    let today = dates::date(clock::unix_ms());
    let mut results = Results::of_the_machine(&args.folder, &today, &machine::describe())?;
    let mut is_right = true;
    for (number, section) in (1_usize..).zip(&chosen) {
        let all = chosen.len();
        say(&format!(
            "section {number} of {all}: {}, {} runs",
            section.name, args.runs
        ));
        let outcome = match measured(section, args, &results) {
            Ok(outcome) => outcome,
            Err(error) => {
                // Hours of other sections may follow.
                say(&format!("WRONG, and not in the report: {error:#}"));
                is_right = false;
                continue;
            }
        };
        is_right &= outcome.faults.is_empty();
        say(&table::text(&outcome));
        results.put(section.name, outcome);
        results.keep(&args.folder)?;
        page::rewrite(&args.page, &page::render(&results))?;
    }
    say(&format!("{} is written", args.page.display()));
    Ok(ExitCode::from(u8::from(!is_right)))
}

/// The sections of these names, in the order of the page; all where none is named.
fn chosen(names: &[String]) -> Result<Vec<&'static Section>> {
    let all = || SECTIONS.iter().map(|section| section.name);
    if let Some(unknown) = names.iter().find(|name| !all().any(|one| one == *name)) {
        let known: Vec<&str> = all().collect();
        bail!(
            "there is no section {unknown:?}; there are {}",
            known.join(", ")
        );
    }
    let is_chosen =
        |section: &&Section| names.is_empty() || names.iter().any(|name| name == section.name);
    Ok(SECTIONS.iter().filter(is_chosen).collect())
}

fn measured(section: &Section, args: &ReportArgs, results: &Results) -> Result<Outcome> {
    let busy_cores = machine::busy_cores()?;
    let load = machine::load_average()?;
    if busy_cores > QUIET_CORES {
        let busy = arithmetic::shown(busy_cores, Rounding::Up);
        say(&format!(
            "the machine is not quiet: others keep {busy} cores busy, load {load:.2}; these figures are not worth much"
        ));
    }
    let lab = Lab::new(args, section.name);
    let disk = disk::measure(&lab, args.folder.as_path())?;
    let begun_ms = clock::unix_ms();
    let mut findings = Findings::default();
    (section.measure)(&lab, results, &mut findings)
        .with_context(|| format!("the section {}", section.name))?;
    Ok(Outcome {
        at: results::time_of(begun_ms),
        commit: machine::commit(),
        minutes: (clock::unix_ms() - begun_ms) / 60_000,
        runs: args.runs,
        load,
        busy_cores,
        is_quiet: busy_cores <= QUIET_CORES,
        disk,
        figures: findings.figures,
        notes: findings.notes,
        faults: lab.faults(),
    })
}

/// Progress, for whoever waits.
fn say(text: &str) {
    // Nobody may read it; that is no reason to stop.
    let _said = writeln!(std::io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_chosen_by_name_and_come_in_the_order_of_the_page() {
        let names = ["storm".to_owned(), "vehicle".to_owned()];
        let chosen: Vec<&str> = chosen(&names)
            .unwrap()
            .iter()
            .map(|section| section.name)
            .collect();
        assert_eq!(chosen, ["vehicle", "storm"]);
        assert_eq!(super::chosen(&[]).unwrap().len(), SECTIONS.len());
    }

    #[test]
    fn an_unknown_section_is_refused_with_those_that_there_are() {
        let told = chosen(&["speed".to_owned()]).err().unwrap().to_string();
        assert!(told.contains("\"speed\"") && told.contains("vehicle, profile"));
    }
}
