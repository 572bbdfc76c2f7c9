//! `docs/limits.md`, made from `core/src/limits.rs`, so that the page and the code cannot part.
//!
//! It reads one form only: `/// meaning` lines above `pub const NAME: TYPE = product;`.

use super::Fault;
use super::source::Source;

pub(super) const CODE: &str = "core/src/limits.rs";
pub(super) const PAGE: &str = "docs/limits.md";

const HEAD: &str = "# Limits

Generated from `core/src/limits.rs` by `script/fmt`; do not edit it by hand. Everything in the server is bounded, and
what happens at a bound is a typed refusal or a documented coalesce, never growth. A bound that an operator may lower
is a setting (docs/operating.md) with the value here as its default or its ceiling. The unit is the name's last word,
or the one that the meaning gives.

| bound | value | meaning |
|---|---:|---|
";

/// A constant of the core.
pub(super) struct Bound {
    name: String,
    value: i64,
    meaning: String,
}

/// The page that `source` describes, or the first line that it cannot read.
pub(super) fn page(source: &Source) -> Result<String, Fault> {
    let mut rows = String::from(HEAD);
    for bound in bounds(source)? {
        let (name, meaning) = (&bound.name, &bound.meaning);
        rows += &format!("| `{name}` | {} | {meaning} |\n", grouped(bound.value));
    }
    Ok(rows)
}

/// Every bound of `source`, or the first line that it cannot read.
pub(super) fn bounds(source: &Source) -> Result<Vec<Bound>, Fault> {
    let mut found: Vec<Bound> = Vec::new();
    let mut meaning = String::new();
    for (index, line) in source.text.lines().enumerate() {
        if let Some(words) = line.strip_prefix("/// ") {
            meaning = format!("{meaning} {words}").trim().to_owned();
        } else if let Some(constant) = line.strip_prefix("pub const ") {
            let bound = bound(constant, &meaning, &found).ok_or_else(|| {
                let detail = "write it as `pub const NAME: TYPE = product;` with its meaning above";
                Fault::new("limits", source, index + 1, detail.to_owned())
            })?;
            found.push(bound);
            meaning.clear();
        }
    }
    Ok(found)
}

fn bound(constant: &str, meaning: &str, before: &[Bound]) -> Option<Bound> {
    let (name, rest) = constant.split_once(':')?;
    let (_, product) = rest.trim_end().strip_suffix(';')?.split_once('=')?;
    let value = self::product(product, before)?;
    let meaning = meaning.trim_end_matches('.').replace('|', "\\|");
    (!meaning.is_empty()).then(|| Bound {
        name: name.trim().to_owned(),
        value,
        meaning,
    })
}

/// The value of `A * B * ...`, of literals and bounds.
pub(super) fn product(text: &str, before: &[Bound]) -> Option<i64> {
    let mut factors = text.split('*');
    factors.try_fold(1_i64, |value, factor| {
        value.checked_mul(integer(factor.trim(), before)?)
    })
}

/// A literal, or a bound that stands above.
fn integer(factor: &str, before: &[Bound]) -> Option<i64> {
    let factor = factor.strip_prefix("limits::").unwrap_or(factor);
    let known = before.iter().find(|bound| bound.name == factor);
    match known {
        Some(bound) => Some(bound.value),
        None => factor.replace('_', "").parse().ok(),
    }
}

/// 2592000000 as `2,592,000,000`.
pub(super) fn grouped(value: i64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        let left = digits.len() - index;
        if index > 0 && left.is_multiple_of(3) && !out.ends_with('-') {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::pages::differs;
    use super::{CODE, PAGE, Source, page};

    const LIMITS: &str = "//! x\n\n/// Longest day,\n/// in ms.\npub const DAY_MS: i64 = 24 * 3_600_000;\n\
                          /// Two of them.\npub const TWO_MS: i64 = 2 * DAY_MS;\n";

    #[test]
    fn the_page_names_value_and_meaning() {
        let page = page(&Source::new(CODE, LIMITS)).expect("readable");
        assert!(page.ends_with(
            "| `DAY_MS` | 86,400,000 | Longest day, in ms |\n| `TWO_MS` | 172,800,000 | Two of them |\n"
        ));
    }

    #[test]
    fn a_page_that_differs_is_found_at_its_line() {
        let code = Source::new(CODE, LIMITS);
        let text = page(&code).expect("readable");
        assert!(differs("limits", page(&code), PAGE, Some(&Source::new(PAGE, &text))).is_empty());
        let edited = Source::new(PAGE, &text.replace("86,400,000", "86,400,001"));
        let faults = differs("limits", page(&code), PAGE, Some(&edited));
        assert_eq!(faults[0].line, text.lines().count() - 1);
        assert_eq!(differs("limits", page(&code), PAGE, None)[0].line, 1);
    }

    #[test]
    fn a_bound_that_cannot_be_read_is_found() {
        for constant in [
            "pub const A: u32 = f();",
            "/// Why.\npub const A: u32 = f();",
        ] {
            let faults = differs("limits", page(&Source::new(CODE, constant)), PAGE, None);
            assert_eq!(
                (faults.len(), faults[0].path.as_str()),
                (1, CODE),
                "{constant}"
            );
        }
    }
}
