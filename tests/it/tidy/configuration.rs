//! `docs/configuration.md`, made from the list in `src/config/settings.rs`, so that the page and the program cannot part.
//!
//! It reads one form only: groups of `/// meaning` lines above `name: type = default, within low..=high, check function;`.

use super::Fault;
use super::bounds::{self, Bound, grouped, product};
use super::source::Source;

pub(super) const CODE: &str = "src/config/settings.rs";
pub(super) const PAGE: &str = "docs/configuration.md";

const HEAD: &str = "# Configuration

Generated from `src/config/settings.rs` by `script/fmt`; do not edit it by hand.

Every setting is a flag of `streakline serve`, an environment variable, and a key of one TOML file, in this order of
precedence: flags win over the environment, that over the file, and that over the default. For `limits.frames_per_s`:

| where | how |
|---|---|
| flag | `--limits-frames-per-s 500` |
| environment | `STREAKLINE_LIMITS_FRAMES_PER_S=500` |
| file | `[limits]`, then `frames_per_s = 500` |

The file is named by `--config FILE` or `STREAKLINE_CONFIG`. A list is an array of texts in the file and is separated by
commas elsewhere. An empty text unsets a setting that may be unset.

`streakline config` takes the same flags, environment and file, and prints every setting's effective value with its
origin, as a table, with `--json`, or with `--toml` in a form that `--config` reads back. Secrets are shown as `***`.

A name that is unknown is refused, with the nearest known one; so is a value of the wrong form or out of its range, also
where another source overrides it. All faults are told at once, with file and line, variable or flag. Some names in the
environment begin with `STREAKLINE_` and are not settings; they are passed over: `STREAKLINE_TEST_*` and `STREAKLINE_BLESS`
are switches of this repository's own scripts and tests, `STREAKLINE_SERVICE_*` and `STREAKLINE_PORT*` are what Kubernetes
sets in containers beside a service called `streakline`.
";

const TABLE: &str = "
| setting | default | range | meaning |
|---|---|---|---|
";

/// The page, or the first line that cannot be read.
pub(super) fn page(source: &Source, limits: &Source) -> Result<String, Fault> {
    let limits = bounds::bounds(limits)?;
    let mut page = String::from(HEAD);
    let (mut meaning, mut prefix) = (String::new(), String::new());
    let mut declaration = String::new();
    let lines = source.text.lines().enumerate();
    let list = lines.skip_while(|(_, line)| *line != "settings! {").skip(1);
    for (index, line) in list.take_while(|(_, line)| *line != "}") {
        match line.trim() {
            "" | "}" => {}
            words if words.starts_with("/// ") => meaning = format!("{meaning} {}", &words[4..]),
            head if head.ends_with('{') => {
                prefix = group(head);
                page += &format!("\n## {}\n{TABLE}", std::mem::take(&mut meaning).trim());
            }
            part => declaration = format!("{declaration} {part}"),
        }
        if let Some(declared) = declaration.trim().strip_suffix(';') {
            let row = row(declared, &prefix, meaning.trim(), &limits);
            page += &row.ok_or_else(|| {
                let detail = "write it as `name: type = default, within low..=high, check function;` \
                              with its meaning above";
                Fault::new("configuration", source, index + 1, detail.to_owned())
            })?;
            declaration.clear();
            meaning.clear();
        }
    }
    Ok(page)
}

/// `limits: Limits {` as `limits.`; nothing for the settings of no group.
fn group(line: &str) -> String {
    let name = line.split_once(':').map(|(name, _)| name.trim());
    name.map(|name| format!("{name}.")).unwrap_or_default()
}

fn row(declared: &str, prefix: &str, meaning: &str, limits: &[Bound]) -> Option<String> {
    let (name, rest) = declared.split_once(':')?;
    let (_, rest) = rest.split_once(" = ")?;
    let rest = rest.split(", check ").next()?;
    let (default, range) = match rest.split_once(", within ") {
        Some((default, range)) => (number(default, limits)?, bounded(range, limits)?),
        None => (text(rest)?, String::new()),
    };
    let meaning = meaning.replace('|', "\\|");
    (!meaning.is_empty()).then(|| {
        format!(
            "| `{prefix}{}` | {default} | {range} | {meaning} |\n",
            name.trim()
        )
    })
}

fn number(written: &str, limits: &[Bound]) -> Option<String> {
    product(written, limits).map(grouped)
}

fn bounded(range: &str, limits: &[Bound]) -> Option<String> {
    let (least, most) = range.split_once("..=")?;
    Some(format!(
        "{} to {}",
        number(least, limits)?,
        number(most, limits)?
    ))
}

fn text(written: &str) -> Option<String> {
    match written.trim() {
        "&[]" => Some("none".to_owned()),
        "None" => Some("unset".to_owned()),
        truth @ ("true" | "false") => Some(format!("`{truth}`")),
        text => {
            let text = text.strip_prefix('"')?.strip_suffix('"')?;
            Some(format!("`{text}`"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CODE, Source, bounds, page};

    const LIST: &str = "use x;\nsettings! {\n    /// Server\n    {\n        /// Where\n        data: PathBuf = \"data\";\n    }\n\n    \
        /// Floods\n    limits: Limits {\n        /// Frames,\n        /// each\n        frames: u32 = limits::DAY_MS,\n            \
        within 1..=2 * limits::DAY_MS;\n    }\n}\n\nimpl Config {\n    a: b;\n}\n";

    fn limits() -> Source {
        Source::new(
            bounds::CODE,
            "/// Day.\npub const DAY_MS: i64 = 86_400_000;\n",
        )
    }

    #[test]
    fn the_page_has_a_table_for_each_group() {
        let page = page(&Source::new(CODE, LIST), &limits()).expect("readable");
        let (_, tables) = page.split_once("## Server").expect("a heading");
        assert!(
            tables.contains("| `data` | `data` |  | Where |\n\n## Floods\n"),
            "{tables}"
        );
        let row = "| `limits.frames` | 86,400,000 | 1 to 172,800,000 | Frames, each |\n";
        assert!(tables.ends_with(row), "{tables}");
    }

    #[test]
    fn a_setting_that_cannot_be_read_is_found_at_its_line() {
        for bad in [
            "data: PathBuf = home();",
            "data: PathBuf;",
            "n: u32 = 1, within 1..9;",
        ] {
            let list = LIST.replace("data: PathBuf = \"data\";", bad);
            let fault = page(&Source::new(CODE, &list), &limits()).expect_err(bad);
            assert_eq!(fault.line, 6, "{bad}");
        }
        let without_meaning = LIST.replace("        /// Where\n", "");
        assert!(page(&Source::new(CODE, &without_meaning), &limits()).is_err());
    }
}
