//! Effective settings as a table for people, as TOML that can be read back, and as JSON. Secrets are masked in all three.

use std::fmt::Write as _;

use serde_json::json;

use super::effective::{Effective, Entry};
use super::value::Value;

const MASK: &str = "***";

impl Effective {
    /// One line a setting: key, value, origin.
    #[must_use]
    pub fn table(&self) -> String {
        let rows: Vec<[String; 3]> = self.entries.iter().map(row).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
        let (keys, values) = (width(0), width(1));
        let mut out = String::new();
        for [key, value, origin] in &rows {
            let _ = writeln!(out, "{key:keys$}  {value:values$}  {origin}");
        }
        out
    }

    /// A file that sets everything as it is, with origins as comments. What is unset or masked is a comment, so whoever reads
    /// the file back adds secrets by hand.
    #[must_use]
    pub fn toml(&self) -> String {
        let mut out = String::new();
        let mut table = "";
        for entry in &self.entries {
            let (inside, name) = entry
                .setting
                .key
                .rsplit_once('.')
                .unwrap_or(("", &entry.setting.key));
            if inside != table {
                let _ = writeln!(out, "\n[{inside}]");
                table = inside;
            }
            let origin = &entry.origin;
            let _ = match toml_value(entry) {
                Some(value) => writeln!(out, "{name} = {value} # {origin}"),
                None => writeln!(out, "# {name} is {} # {origin}", text(entry)),
            };
        }
        out
    }

    /// An array of `{key, value, origin}`.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        let entries = self.entries.iter().map(|entry| {
            let value = match &entry.value {
                _ if entry.is_masked() => json!(MASK),
                Value::Integer(number) => json!(number),
                Value::Boolean(truth) => json!(truth),
                Value::Text(text) => json!(text),
                Value::List(items) => json!(items),
                Value::Unset => json!(null),
            };
            json!({"key": entry.setting.key, "value": value, "origin": entry.origin.to_string()})
        });
        entries.collect()
    }
}

fn row(entry: &Entry) -> [String; 3] {
    [
        entry.setting.key.clone(),
        text(entry),
        entry.origin.to_string(),
    ]
}

fn text(entry: &Entry) -> String {
    match &entry.value {
        _ if entry.is_masked() => MASK.to_owned(),
        Value::Unset => "unset".to_owned(),
        Value::List(items) if items.is_empty() => "none".to_owned(),
        value => value.text(),
    }
}

fn toml_value(entry: &Entry) -> Option<toml::Value> {
    Some(match &entry.value {
        _ if entry.is_masked() => return None,
        Value::Integer(number) => toml::Value::Integer(i64::try_from(*number).ok()?),
        Value::Boolean(truth) => toml::Value::Boolean(*truth),
        Value::Text(text) => toml::Value::String(text.clone()),
        Value::List(items) => items
            .iter()
            .cloned()
            .map(toml::Value::String)
            .collect::<Vec<_>>()
            .into(),
        Value::Unset => return None,
    })
}
