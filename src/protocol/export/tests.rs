//! An export that was written is read back; one that somebody or something has changed is refused, in the line that says so.

use std::sync::Arc;

use serde_json::{Value, json};
use streakline_core::{
    id::{PartitionId, Position, UserId},
    input::{Header as InputHeader, NewZone, Origin, RULES_VERSION, Source, UserInput},
    manual::ManualPolicy,
    retention::Retention,
    user::{Rules, User, fold},
};

use super::{line::written, *};
use crate::zones::BundledZones;

const NOW_MS: i64 = 1_460_505_600_000;

/// A user who was made yesterday, with the events and changes of that.
fn life() -> Life {
    let rules = Rules {
        zones: Arc::new(BundledZones::new()),
        manual_policy: ManualPolicy::default(),
        retention: Retention::default(),
    };
    let mut user = User::new(UserId::parse("ann").unwrap());
    user.resolve(&rules);
    let header = InputHeader {
        stamp_ms: NOW_MS - 86_400_000,
        partition: PartitionId(300),
        position: Position { epoch: 1, index: 1 },
        origin: Origin::server(Source::Rest),
        rules: RULES_VERSION,
    };
    let zone = NewZone {
        zone: "Europe/Berlin".into(),
        effective_ms: i64::MIN,
        flagged: false,
    };
    let input = UserInput::Open {
        device: None,
        zone: Some(zone),
    };
    let entry = (&header, &input);
    fold::fold(
        &mut user,
        &rules,
        entry,
        &Default::default(),
        &mut Vec::new(),
    );
    let encoded = |change| minicbor::to_vec(change).unwrap();
    Life {
        changes: user.changes.iter().map(encoded).collect(),
        user,
        now_ms: NOW_MS,
        manual_policy: ManualPolicy::default(),
        retention: Retention::default(),
        records: Vec::new(),
        minutes: Vec::new(),
        facts: Vec::new(),
        transfers: Vec::new(),
    }
}

/// The lines, in portions of that many bytes.
fn text(bytes_max: usize) -> Vec<u8> {
    let mut lines = Lines::of(life()).unwrap();
    let mut text = Vec::new();
    loop {
        let portion = lines.portion(bytes_max).unwrap();
        if portion.is_empty() {
            return text;
        }
        text.extend(portion);
    }
}

fn lines_of(text: &[u8]) -> Vec<Vec<u8>> {
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    lines.map(<[u8]>::to_vec).collect()
}

/// Reads to the end: the kinds that came, or what is wrong.
fn read(lines: &[Vec<u8>]) -> Result<Vec<&'static str>, Fault> {
    let mut reader = Reader::default();
    let mut kinds = Vec::new();
    for line in lines {
        kinds.push(reader.line(line)?.kind.name());
    }
    reader.finish().map(|()| kinds)
}

#[test]
fn what_is_written_is_read_back_in_the_order_of_the_kinds() {
    let whole = text(1_000_000);
    let kinds = read(&lines_of(&whole)).unwrap();
    let wanted = [
        "header", "profile", "balance", "day", "day", "change", "state", "end",
    ];
    assert_eq!(kinds, wanted);
    assert_eq!(text(1), whole, "line by line it is the same");
    let order: Vec<&str> = Kind::ALL.map(Kind::name).into();
    assert!(Kind::ALL.is_sorted() && order.starts_with(&["header", "profile"]));
}

#[test]
fn a_line_shows_its_object_under_its_own_name_and_its_row_beside_it() {
    let lines = lines_of(&text(1_000_000));
    let value = |at: usize| serde_json::from_slice::<Value>(&lines[at]).unwrap();
    let header = value(0);
    assert_eq!(header["header"]["exported_at"], "2016-04-13T00:00:00Z");
    assert_eq!(header["header"]["manual_policy"], "exclude");
    let members = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(members(&value(3)), ["type", "day", "crc32c"]);
    assert_eq!(members(&value(5)), ["type", "change", "row", "crc32c"]);
    let change = Reader::default();
    assert_eq!(change.count(Kind::Change), 0);
    assert_eq!(value(7)["end"]["counts"]["day"], 2);
}

#[test]
fn every_byte_that_is_flipped_is_found_in_its_line() {
    let whole = text(1_000_000);
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x04;
        let line = 1 + whole[..at].iter().filter(|byte| **byte == b'\n').count() as u64;
        let fault = read(&lines_of(&flipped)).unwrap_err();
        assert_eq!(fault.line, line, "byte {at}: {}", fault.what);
    }
}

#[test]
fn lines_that_are_left_out_repeated_or_in_another_order_are_refused() {
    let lines = lines_of(&text(1_000_000));
    for at in 0..lines.len() {
        let mut short = lines.clone();
        short.remove(at);
        assert!(read(&short).is_err(), "without line {}", at + 1);
        let mut long = lines.clone();
        long.insert(at, lines[at].clone());
        assert!(read(&long).is_err(), "line {} twice", at + 1);
        if at > 0 {
            let mut other = lines.clone();
            other.swap(at - 1, at);
            assert!(read(&other).is_err(), "lines {at} and {} swapped", at + 1);
        }
        let fault = read(&lines[..at]).unwrap_err();
        assert_eq!(fault.line, at as u64 + 1);
        assert!(fault.what.contains("cut off"), "{}", fault.what);
    }
}

/// What is said of a line that was made whole with that object.
fn said(kind: Kind, body: &Value, row: Option<&[u8]>) -> String {
    let line = written(kind, body, row).unwrap();
    let read = Reader::default().line(line.as_bytes());
    read.unwrap_err().to_string()
}

#[test]
fn other_formats_and_rules_are_refused_by_name() {
    let first = lines_of(&text(1_000_000)).remove(0);
    let line: Value = serde_json::from_slice(&first).unwrap();
    let header = |member: &str, value: Value| {
        let mut header = line["header"].clone();
        header[member] = value;
        said(Kind::Header, &header, None)
    };
    let format = header("format", json!(2));
    assert!(
        format.contains("line 1: it is of format 2 and this version reads 1"),
        "{format}"
    );
    let rules = header("fold_version", json!(RULES_VERSION + 1));
    assert!(
        rules.contains("was folded by version 2 of the rules"),
        "{rules}"
    );
    let shape = header("user", json!(7));
    assert!(shape.starts_with("line 1: invalid type"), "{shape}");
    let other = said(Kind::Day, &json!({}), None);
    assert!(
        other.contains("an export begins with its header"),
        "{other}"
    );
    let extra = said(Kind::Header, &line["header"], Some(b"row"));
    assert!(extra.contains("it has a row that nothing reads"), "{extra}");
    let missing = said(Kind::State, &json!({}), None);
    assert!(missing.contains("it has no row"), "{missing}");
}

#[test]
fn a_row_that_cannot_be_told_ends_an_export_without_its_end() {
    let mut broken = life();
    broken.facts.push(vec![0xff]);
    let mut lines = Lines::of(broken).unwrap();
    let why = lines.portion(1_000_000).unwrap_err();
    assert_eq!(why.kind, "fact");
}
