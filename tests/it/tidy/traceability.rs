//! `tests/traceability.md`: every T- and I-number of the rules, the issue that brings it in force, and its tests.
//!
//! It checks that the table is whole and that each named test exists; that the test is right is the reader's business.

use std::collections::BTreeSet;

use super::Fault;
use super::source::{Source, is_word};

pub(super) const TABLE: &str = "tests/traceability.md";

/// How many T-numbers each section of the rules has, and how many invariants (I-numbers) there are.
const PER_SECTION: [(u32, u32); 12] = [
    (1, 11),
    (2, 6),
    (3, 6),
    (4, 6),
    (5, 10),
    (6, 6),
    (7, 3),
    (8, 9),
    (9, 5),
    (10, 7),
    (11, 6),
    (12, 5),
];
const INVARIANTS: u32 = 12;

/// The issue of a rule that no written issue brings yet.
const LATER: u32 = u32::MAX;

/// One row of the table.
pub(super) struct Rule {
    pub(super) number: String,
    pub(super) issue: u32,
    pub(super) meaning: String,
    /// `path::name` of each test.
    pub(super) tests: Vec<String>,
    line: usize,
}

/// The rows of the table, and the highest issue whose rules are in force.
pub(super) struct Table {
    pub(super) in_force: u32,
    pub(super) rules: Vec<Rule>,
}

impl Table {
    pub(super) fn read(source: &Source) -> Result<Self, Fault> {
        let mut table = Self {
            in_force: 0,
            rules: Vec::new(),
        };
        for (index, line) in source.text.lines().enumerate() {
            let is_row = line.starts_with("| T") || line.starts_with("| I");
            if let Some(issue) = line.strip_prefix("In force: issue ") {
                table.in_force = issue.trim_end_matches('.').parse().unwrap_or(0);
            } else if is_row {
                let rule = rule(line, index + 1).ok_or_else(|| {
                    let detail = "write a row as `| T1.1 | issue | meaning | tests |`".to_owned();
                    Fault::new("traceability", source, index + 1, detail)
                })?;
                table.rules.push(rule);
            }
        }
        Ok(table)
    }

    /// The table as `script/test --list` prints it.
    pub(super) fn listing(&self) -> String {
        let mut out = String::new();
        for rule in &self.rules {
            let tests = match rule.tests.as_slice() {
                [] if rule.issue == LATER => "(comes later)".to_owned(),
                [] if rule.issue > self.in_force => format!("(comes with issue {})", rule.issue),
                [] => "MISSING".to_owned(),
                tests => tests.join("\n        "),
            };
            out += &format!("{:<6}  {}\n        {tests}\n", rule.number, rule.meaning);
        }
        let in_force = self.rules.iter().filter(|rule| rule.issue <= self.in_force);
        out + &format!(
            "{} rules, {} in force\n",
            self.rules.len(),
            in_force.count()
        )
    }
}

fn rule(line: &str, number: usize) -> Option<Rule> {
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [name, issue, meaning, tests] = cells.as_slice() else {
        return None;
    };
    let tests = tests.split(';').map(|test| test.trim().trim_matches('`'));
    Some(Rule {
        number: (*name).to_owned(),
        issue: match *issue {
            "later" => LATER,
            issue => issue.parse().ok()?,
        },
        meaning: (*meaning).to_owned(),
        tests: tests.filter(|t| !t.is_empty()).map(str::to_owned).collect(),
        line: number,
    })
}

/// Faults of the table: a number that is missing or twice, a rule in force without a test, a test that does not exist.
pub(super) fn faults(sources: &[Source]) -> Vec<Fault> {
    let Some(source) = sources.iter().find(|source| source.path == TABLE) else {
        return vec![Fault {
            rule: "traceability",
            path: TABLE.to_owned(),
            line: 1,
            detail: "the table is missing".to_owned(),
        }];
    };
    let table = match Table::read(source) {
        Ok(table) => table,
        Err(fault) => return vec![fault],
    };
    let mut found = Vec::new();
    let mut left = all_numbers();
    for rule in &table.rules {
        let mut fault = |detail| found.push(Fault::new("traceability", source, rule.line, detail));
        let number = &rule.number;
        if !left.remove(number) {
            fault(format!(
                "{number} stands twice, or is no number of the rules"
            ));
        }
        if rule.tests.is_empty() && rule.issue <= table.in_force {
            fault(format!("{number} is in force and has no test"));
        }
        for test in rule.tests.iter().filter(|test| !exists(test, sources)) {
            fault(format!("{number} names `{test}`, which is no test here"));
        }
    }
    let missing = left.iter().map(|number| format!("{number} has no row"));
    found.extend(missing.map(|detail| Fault::new("traceability", source, 1, detail)));
    found
}

fn all_numbers() -> BTreeSet<String> {
    let tests = PER_SECTION
        .iter()
        .flat_map(|(section, count)| (1..=*count).map(move |n| format!("T{section}.{n}")));
    let invariants = (1..=INVARIANTS).map(|n| format!("I{n}"));
    tests.chain(invariants).collect()
}

/// Whether `path::name` is a test function of that file.
fn exists(test: &str, sources: &[Source]) -> bool {
    let Some((path, name)) = test.rsplit_once("::") else {
        return false;
    };
    let Some(source) = sources.iter().find(|source| source.path == path) else {
        return false;
    };
    let declared = format!("fn {name}");
    source.code.match_indices(&declared).any(|(at, _)| {
        let after = &source.code[at + declared.len()..];
        !after.starts_with(is_word) && is_marked(&source.code[..at])
    })
}

/// Whether the attribute right before a function marks it as a test.
fn is_marked(before: &str) -> bool {
    let item = before.rfind(['}', ';']).map_or(0, |at| at + 1);
    ["#[test]", "::test]", "::test("]
        .iter()
        .any(|mark| before[item..].contains(mark))
}

#[cfg(test)]
mod tests {
    use super::{Source, TABLE, Table, all_numbers, faults};

    /// A whole table whose rules all name one test, with one row replaced.
    fn table(number: &str, row: &str) -> Source {
        let mut text = "In force: issue 1.\n".to_owned();
        for rule in all_numbers() {
            if rule == number {
                text += row;
            } else {
                text += &format!("| {rule} | 1 | meaning | `src/a.rs::it_holds` |\n");
            }
        }
        Source::new(TABLE, &text)
    }

    fn tests_file() -> Source {
        let text = "fn it_holds_not() {}\n#[test]\nfn it_holds() {}\nfn plain() {}\n";
        Source::new("src/a.rs", text)
    }

    fn details(table: Source) -> Vec<String> {
        let found = faults(&[table, tests_file()]);
        found.into_iter().map(|fault| fault.detail).collect()
    }

    #[test]
    fn a_whole_table_passes() {
        assert_eq!(details(table("", "")), Vec::<String>::new());
        let later = "| T9.1 | 3 | meaning | |\n";
        assert_eq!(details(table("T9.1", later)), Vec::<String>::new());
    }

    #[test]
    fn each_fault_of_the_table_is_found() {
        for (row, want) in [
            ("", "T1.1 has no row"),
            ("| T1.1 | 1 | m | |\n", "T1.1 is in force and has no test"),
            (
                "| T1.1 | 1 | m | src/a.rs::gone |\n",
                "T1.1 names `src/a.rs::gone`",
            ),
            (
                "| T1.1 | 1 | m | src/a.rs::plain |\n",
                "T1.1 names `src/a.rs::plain`",
            ),
            (
                "| T1.1 | 3 | m | src/b.rs::it_holds |\n",
                "T1.1 names `src/b.rs::it_holds`",
            ),
            (
                "| T1.1 | 3 | m | |\n| T1.1 | 3 | m | |\n",
                "T1.1 stands twice",
            ),
            ("| T1.1 | soon | m | |\n", "write a row as"),
        ] {
            let found = details(table("T1.1", row));
            assert_eq!(found.len(), 1, "{row}: {found:?}");
            assert!(found[0].starts_with(want), "{row}: {found:?}");
        }
        assert_eq!(faults(&[tests_file()]).len(), 1);
    }

    #[test]
    fn the_listing_shows_what_is_missing() {
        let row = "| T1.1 | 1 | order does not matter | |\n";
        let Ok(read) = Table::read(&table("T1.1", row)) else {
            panic!("the table is readable");
        };
        let listing = read.listing();
        assert!(listing.contains("T1.1    order does not matter\n        MISSING\n"));
        assert!(listing.ends_with("92 rules, 92 in force\n"), "{listing}");
    }
}
