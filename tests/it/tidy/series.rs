//! `docs/metrics.md`, made from the catalogue in `src/telemetry/series.rs`, and that the source uses the catalogue and all of it.
//!
//! It reads one form only: `/// meaning` lines above `CONSTANT: kind "name" [label, ...] in unit;`.

use std::collections::BTreeSet;

use super::Fault;
use super::source::{Source, is_word};

pub(super) const CODE: &str = "src/telemetry/series.rs";
pub(super) const PAGE: &str = "docs/metrics.md";

const HEAD: &str = "# Metrics

Generated from `src/telemetry/series.rs` by `script/fmt`; do not edit it by hand.

`GET /metrics` answers in the text format of Prometheus, to everybody who reaches the address. A label has few values, which
the code knows: routes are patterns such as `/v1/users/{user}/days/{date}`, never paths, and no series names a user, a device
or a challenge. Counters start at 0 with the process. A histogram has `_bucket`, `_sum` and `_count`.

| series | kind | labels | unit | meaning |
|---|---|---|---|---|
";

/// What every series of our own begins with.
const PREFIX: &str = "\"streakline_";
/// A name that begins so and is a crate's.
const CRATE: &str = "streakline_core";
const FORM: &str =
    "write it as `CONSTANT: kind \"name\" [label, ...] in unit;` with its meaning above";

struct Series {
    constant: String,
    name: String,
    kind: String,
    labels: Vec<String>,
    unit: String,
    meaning: String,
    line: usize,
}

/// The page that `source` describes, or the first line that it cannot read.
pub(super) fn page(source: &Source) -> Result<String, Fault> {
    let mut page = String::from(HEAD);
    for series in catalogue(source)? {
        let labels: Vec<String> = series.labels.iter().map(|l| format!("`{l}`")).collect();
        page += &format!(
            "| `{}` | {} | {} | {} | {} |\n",
            series.name,
            series.kind,
            labels.join(", "),
            series.unit,
            series.meaning.replace('|', "\\|"),
        );
    }
    Ok(page)
}

/// Faults of use: a name that is not the catalogue's, or a constant that nobody uses.
pub(super) fn faults(sources: &[Source]) -> Vec<Fault> {
    let Some(code) = sources.iter().find(|source| source.path == CODE) else {
        return Vec::new();
    };
    let catalogue = match catalogue(code) {
        Ok(catalogue) => catalogue,
        Err(fault) => return vec![fault],
    };
    let mut used = BTreeSet::new();
    let mut faults = Vec::new();
    let shipped = |source: &&Source| source.path.starts_with("src/") && source.is_rust();
    for source in sources.iter().filter(shipped) {
        if source.path == CODE || source.is_test() {
            continue;
        }
        let shipped = source.shipped_code();
        let names = shipped.split("series::").skip(1);
        used.extend(names.map(|rest| first_word(rest).to_owned()));
        faults.extend(foreign(source, &shipped, &catalogue));
    }
    let unused = catalogue.iter().filter(|one| !used.contains(&one.constant));
    faults.extend(unused.map(|one| {
        let detail = format!(
            "nothing counts `{}`: use series::{} or remove it",
            one.name, one.constant
        );
        Fault::new("series", code, one.line, detail)
    }));
    faults
}

/// Names of series that stand in the source as literals; a constant of the catalogue is one already.
fn foreign(source: &Source, shipped: &str, catalogue: &[Series]) -> Vec<Fault> {
    let lines = source.text.lines().zip(shipped.lines()).enumerate();
    // A line of comment or of tests is blank in `shipped`.
    let code = lines.filter(|(_, (_, code))| !code.trim().is_empty());
    let mut faults = Vec::new();
    for (index, (text, _)) in code {
        for (at, _) in text.match_indices(PREFIX) {
            let name = first_word(&text[at + 1..]);
            let known = catalogue.iter().find(|one| one.name == name);
            let detail = match known {
                _ if name == CRATE => continue,
                Some(one) => format!("name `{name}` as series::{}", one.constant),
                None => format!("`{name}` is not in {CODE}: add it there and use its constant"),
            };
            faults.push(Fault::new("series", source, index + 1, detail));
        }
    }
    faults
}

fn catalogue(source: &Source) -> Result<Vec<Series>, Fault> {
    let mut found = Vec::new();
    let mut meaning = String::new();
    let lines = source.text.lines().enumerate();
    let list = lines.skip_while(|(_, line)| *line != "series! {").skip(1);
    for (index, line) in list.take_while(|(_, line)| *line != "}") {
        let line = line.trim();
        if let Some(words) = line.strip_prefix("/// ") {
            meaning = format!("{meaning} {words}").trim().to_owned();
        } else if !line.is_empty() && !line.starts_with("buckets ") {
            let series = series(line, std::mem::take(&mut meaning), index + 1);
            found.push(
                series.ok_or_else(|| Fault::new("series", source, index + 1, FORM.to_owned()))?,
            );
        }
    }
    Ok(found)
}

fn series(line: &str, meaning: String, number: usize) -> Option<Series> {
    let (constant, rest) = line.strip_suffix(';')?.split_once(": ")?;
    let (kind, rest) = rest.split_once(" \"")?;
    let (name, rest) = rest.split_once("\" [")?;
    let (labels, unit) = rest.split_once("] in ")?;
    let labels = labels.split(", ").filter(|label| !label.is_empty());
    let is_whole = !meaning.is_empty() && ["counter", "gauge", "histogram"].contains(&kind);
    is_whole.then(|| Series {
        constant: constant.to_owned(),
        name: name.to_owned(),
        kind: kind.to_owned(),
        labels: labels.map(str::to_owned).collect(),
        unit: unit.to_owned(),
        meaning,
        line: number,
    })
}

fn first_word(text: &str) -> &str {
    text.split(|c: char| !is_word(c)).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{CODE, Source, faults, page};

    const LIST: &str = "//! x\nseries! {\n    buckets SECONDS;\n\n    /// Frames,\n    /// all\n    \
                        FRAMES: counter \"streakline_frames_total\" [a, b] in frames;\n}\n";

    fn found(code: &str) -> Vec<String> {
        let sources = [
            Source::new(CODE, LIST),
            Source::new("src/gateway/x.rs", code),
        ];
        let faults = faults(&sources);
        faults
            .iter()
            .map(|fault| format!("{}:{}: {}", fault.path, fault.line, fault.detail))
            .collect()
    }

    #[test]
    fn the_page_names_kind_labels_unit_and_meaning() {
        let page = page(&Source::new(CODE, LIST)).expect("readable");
        let row = "| `streakline_frames_total` | counter | `a`, `b` | frames | Frames, all |\n";
        assert!(page.ends_with(row), "{page}");
        let bad = LIST.replace(" in frames", "");
        assert_eq!(
            super::page(&Source::new(CODE, &bad)).expect_err("bad").line,
            7
        );
    }

    #[test]
    fn a_series_is_named_by_its_constant_and_every_constant_is_used() {
        let good =
            "fn f() {\n    metrics::counter!(series::FRAMES, \"a\" => \"x\").increment(1);\n}\n";
        assert_eq!(found(good), [""; 0]);
        let unused = "src/telemetry/series.rs:7: nothing counts `streakline_frames_total`";
        assert!(found("").concat().starts_with(unused));
        for (name, told) in [
            ("streakline_frames_total", "as series::FRAMES"),
            (
                "streakline_other_total",
                "`streakline_other_total` is not in",
            ),
        ] {
            let call = format!("metrics::gauge!(\n        \"{name}\",\n    );");
            let code = format!("{good}\n/// \"{name}\"\nfn g() {{\n    {call}\n}}\n");
            let found = found(&code);
            assert_eq!(found.len(), 1, "{name}: {found:?}");
            assert!(found[0].starts_with("src/gateway/x.rs:8: "), "{found:?}");
            assert!(found[0].contains(told), "{found:?}");
        }
        let in_a_test = format!(
            "{good}\n#[cfg(test)]\nmod tests {{\n    const A: &str = \"streakline_a\";\n}}\n"
        );
        assert_eq!(found(&in_a_test), [""; 0]);
    }
}
