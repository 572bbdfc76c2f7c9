//! The table against the words of the code, the schema of JSON and the CDDL.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use streakline_core::{metric::Registry, sample::Method};

use super::*;
use crate::protocol::cbor::fields::{LANES, METHODS, TYPES};

fn file(path: &str) -> String {
    std::fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn every_name_finds_its_number_and_no_other_does() {
    for (number, (name, holds)) in FIELDS.iter().enumerate() {
        assert_eq!(find(name).map(usize::from), Some(number), "{name}");
        assert_eq!(field(number as u64), Some((*name, *holds)));
    }
    assert_eq!((find(""), find("nothing"), find("typ")), (None, None, None));
    assert_eq!(field(FIELDS.len() as u64), None);
}

#[test]
fn words_are_those_of_the_code() {
    for (number, name) in METHODS.iter().enumerate() {
        assert_eq!(Method::parse(name).map(Method::name), Some(*name));
        assert_eq!(word(Holds::Word(&METHODS), number as u64), Some(*name));
        assert_eq!(number_of(Holds::Word(&METHODS), name), Some(number as u64));
    }
    use crate::push::Lane;
    assert_eq!(LANES, [Lane::Live.name(), Lane::Backfill.name()]);
}

/// Every name under `properties`, wherever it stands.
fn properties(schema: &Value, names: &mut BTreeSet<String>) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::Object(properties)) = fields.get("properties") {
                names.extend(properties.keys().cloned());
            }
            for value in fields.values() {
                properties(value, names);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| properties(item, names)),
        _ => {}
    }
}

#[test]
fn every_field_of_every_frame_has_a_number() {
    let schema: Value = serde_json::from_str(&file("schema/frames.schema.json")).unwrap();
    let mut names = BTreeSet::new();
    properties(&schema, &mut names);
    let without: Vec<&String> = names.iter().filter(|name| find(name).is_none()).collect();
    assert!(without.is_empty(), "{without:?}");
}

/// Fields and words of the CDDL: `&(name: number)`.
fn numbered(cddl: &str) -> BTreeSet<(String, u64)> {
    let is_field = |part: &&str| !part.starts_with('\n');
    let parts = cddl.split("&(").skip(1).filter(is_field);
    let pairs = parts.filter_map(|part| part.split_once(')')?.0.split_once(": "));
    pairs
        .map(|(name, number)| (name.to_owned(), number.parse().unwrap()))
        .collect()
}

/// Words of the CDDL: `name = &( word: number, ... )`.
fn choices(cddl: &str, of: &str) -> BTreeMap<u64, String> {
    let begin = format!("\n{of} = &(\n");
    let (_, rest) = cddl.split_once(begin.as_str()).unwrap();
    let (rows, _) = rest.split_once("\n)").unwrap();
    let pair = |row: &str| {
        let (name, number) = row.trim().trim_end_matches(',').split_once(": ").unwrap();
        (number.parse().unwrap(), name.to_owned())
    };
    rows.lines().map(pair).collect()
}

#[test]
fn the_cddl_has_the_same_numbers() {
    let cddl = file("schema/stream.cddl");
    let fields: BTreeSet<(String, u64)> = FIELDS
        .iter()
        .zip(0..)
        .map(|((name, _), number)| ((*name).to_owned(), number))
        .collect();
    let numbered: BTreeSet<(String, u64)> = numbered(&cddl);
    assert_eq!(numbered, fields);
    let types: BTreeMap<u64, String> = (0..).zip(TYPES.map(str::to_owned)).collect();
    let methods: BTreeMap<u64, String> = (0..).zip(METHODS.map(str::to_owned)).collect();
    let lanes: BTreeMap<u64, String> = (0..).zip(LANES.map(str::to_owned)).collect();
    assert_eq!(choices(&cddl, "frame-type"), types);
    assert_eq!(choices(&cddl, "method"), methods);
    assert_eq!(choices(&cddl, "lane"), lanes);
    let metrics: BTreeMap<u64, String> = Registry::built_in()
        .entries()
        .map(|of| (u64::from(of.metric.0), of.name.clone()))
        .collect();
    assert_eq!(choices(&cddl, "metric-number"), metrics);
}
