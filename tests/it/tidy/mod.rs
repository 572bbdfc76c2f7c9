//! The rules of style and structure that a machine can hold (CONTRIBUTING.md), as tests over the repository's own text.
//!
//! It uses the standard library alone, so that `script/tidy` checks a fresh clone in seconds, before anything else is
//! built; `cargo test` runs the same tests. Every rule has a test of its own on a bad piece of text.

mod bounds;
mod configuration;
mod direction;
mod pages;
mod paths;
mod series;
mod shape;
mod source;
mod traceability;
mod unfinished;

use std::fmt;
use std::path::Path;

use source::{Source, repository};

/// One breach of one rule, with its place.
#[derive(Debug)]
struct Fault {
    rule: &'static str,
    path: String,
    line: usize,
    detail: String,
}

impl Fault {
    fn new(rule: &'static str, source: &Source, line: usize, detail: String) -> Self {
        Self {
            rule,
            path: source.path.clone(),
            line,
            detail,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rule, path, line) = (self.rule, &self.path, self.line);
        write!(f, "{rule}: {path}:{line}: {}", self.detail)
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn hold(rule: fn(&[Source]) -> Vec<Fault>) {
    let faults = rule(&repository(root()));
    let listed: Vec<String> = faults.iter().map(Fault::to_string).collect();
    assert!(listed.is_empty(), "\n{}\n", listed.join("\n"));
}

#[test]
fn dependencies_point_downward() {
    hold(direction::layers);
}

#[test]
fn each_outside_power_has_one_door() {
    hold(direction::doors);
}

#[test]
fn the_core_depends_on_three_crates_and_no_standard_library() {
    hold(direction::core);
}

#[test]
fn files_and_functions_stay_small() {
    hold(shape::lengths);
}

#[test]
fn every_file_says_what_it_is() {
    hold(shape::openings);
}

#[test]
fn names_say_what_a_thing_is() {
    hold(shape::names);
}

#[test]
fn nothing_is_left_unfinished() {
    hold(unfinished::work);
}

#[test]
fn no_machine_is_named() {
    hold(unfinished::machine);
}

/// Prints the table too, for `script/test --list`.
#[test]
fn every_rule_in_force_has_its_test() {
    let sources = repository(root());
    let table = sources
        .iter()
        .find(|source| source.path == traceability::TABLE);
    if let Some(Ok(table)) = table.map(traceability::Table::read) {
        println!("\n{}", table.listing());
    }
    hold(traceability::faults);
}

#[test]
fn every_series_is_catalogued_and_used() {
    hold(series::faults);
}

/// Compares, or writes the pages anew when `STREAKLINE_BLESS` is set (`script/fmt` does so).
#[test]
fn the_generated_pages_are_what_the_code_says() {
    if blesses() {
        let sources = repository(root());
        for page in pages::PAGES {
            let text = (page.text)(&sources).unwrap_or_else(|fault| panic!("{fault}"));
            std::fs::write(root().join(page.path), text).expect("the page can be written");
        }
    }
    hold(pages::faults);
}

#[expect(
    clippy::disallowed_methods,
    reason = "a switch of the tests, not a setting of the server"
)]
fn blesses() -> bool {
    std::env::var_os("STREAKLINE_BLESS").is_some()
}
