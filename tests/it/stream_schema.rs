//! The stream's schema against its fixtures: every frame has a form, every form has an example, every reference leads
//! somewhere. The encoders and decoders are held against the same fixtures by their own tests.

use std::{collections::BTreeSet, fs};

use serde_json::{Map, Value};

fn read(path: &str) -> Value {
    let root = env!("CARGO_MANIFEST_DIR");
    let text = fs::read_to_string(format!("{root}/{path}")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn schema() -> Value {
    read("schema/frames.schema.json")
}

/// A frame whose records have members of a vendor's own, beside those of the protocol.
const OF_A_VENDOR: (&str, &str) = ("vehicle-10", "batch");

/// The frame without what a vendor adds, which a reader ignores.
fn without_own_members(mut frame: Value) -> Value {
    let schema = schema();
    let declared = schema["$defs"]["record"]["properties"].as_object().unwrap();
    for record in frame["records"].as_array_mut().unwrap() {
        let members = record.as_object_mut().unwrap();
        let all = members.len();
        members.retain(|name, _| declared.contains_key(name));
        assert!(members.len() < all, "a vendor adds something");
    }
    frame
}

/// Fixtures of one side as (name, frame), in order.
fn fixtures(side: &str) -> Vec<(String, Value)> {
    let folder = format!("tests/fixtures/frames-v1/{side}");
    let entries = fs::read_dir(format!("{}/{folder}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names: BTreeSet<String> = names.filter(|name| name.ends_with(".json")).collect();
    let frames = names.into_iter().map(|name| {
        let frame = read(&format!("{folder}/{name}"));
        match name.trim_end_matches(".json") {
            name if name == OF_A_VENDOR.0 => (name.to_owned(), without_own_members(frame)),
            name => (name.to_owned(), frame),
        }
    });
    frames.collect()
}

/// Follows `#/a/b` in `document`.
fn follow<'a>(document: &'a Value, reference: &str) -> &'a Value {
    let pointer = reference.trim_start_matches('#');
    document
        .pointer(pointer)
        .unwrap_or_else(|| panic!("{reference} leads nowhere"))
}

/// What is wrong with `value`; the part of JSON Schema that our schema uses, formats and patterns left out.
fn faults(schema: &Value, form: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(reference) = form["$ref"].as_str() {
        return faults(schema, follow(schema, reference), value, at);
    }
    if let Some(forms) = form["oneOf"].as_array() {
        let fits = |form: &&Value| faults(schema, form, value, at).is_empty();
        return match forms.iter().filter(fits).count() {
            0 => vec![format!("{at}: no form fits {value}")],
            _ => vec![],
        };
    }
    let is_constant = form.get("const").is_none_or(|constant| constant == value);
    let is_listed = form["enum"]
        .as_array()
        .is_none_or(|list| list.contains(value));
    if !is_constant || !is_listed || !has_type(form, value) || !in_range(form, value) {
        return vec![format!("{at}: {value} is not {form}")];
    }
    let mut found = vec![];
    if let (Some(items), Some(values)) = (form.get("items"), value.as_array()) {
        for (index, value) in values.iter().enumerate() {
            found.extend(faults(schema, items, value, &format!("{at}/{index}")));
        }
    }
    if let (Some(forms), Some(fields)) = (form["properties"].as_object(), value.as_object()) {
        found.extend(field_faults(schema, forms, fields, at));
        let required = form["required"].as_array().unwrap();
        let missing = required
            .iter()
            .filter(|name| !fields.contains_key(name.as_str().unwrap()));
        found.extend(missing.map(|name| format!("{at}: {name} is missing")));
    }
    found
}

/// A fixture shows declared fields only, although a reader must ignore others.
fn field_faults(
    schema: &Value,
    forms: &Map<String, Value>,
    fields: &Map<String, Value>,
    at: &str,
) -> Vec<String> {
    let of_field = |(name, value): (&String, &Value)| match forms.get(name) {
        Some(form) => faults(schema, form, value, &format!("{at}/{name}")),
        None => vec![format!("{at}/{name} is not declared")],
    };
    fields.iter().flat_map(of_field).collect()
}

fn has_type(form: &Value, value: &Value) -> bool {
    match form["type"].as_str() {
        None => true,
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        Some(other) => panic!("the schema uses the type {other}"),
    }
}

fn in_range(form: &Value, value: &Value) -> bool {
    let Some(number) = value.as_i64() else {
        return true;
    };
    let above = form["minimum"]
        .as_i64()
        .is_none_or(|minimum| number >= minimum);
    above
        && form["maximum"]
            .as_i64()
            .is_none_or(|maximum| number <= maximum)
}

/// The definition that a fixture is an example of: its file name up to the variant.
fn form_of<'a>(schema: &'a Value, name: &str) -> &'a Value {
    let forms = schema["$defs"].as_object().unwrap();
    let name = if name == OF_A_VENDOR.0 {
        OF_A_VENDOR.1
    } else {
        name
    };
    let parts: Vec<&str> = name.split('_').collect();
    let mut prefixes = (1..=parts.len())
        .rev()
        .map(|count| parts[..count].join("_"));
    let known = prefixes.find(|prefix| forms.contains_key(prefix));
    &forms[&known.unwrap_or_else(|| panic!("no form for {name}"))]
}

#[test]
fn every_fixture_has_the_form_of_its_frame() {
    let schema = schema();
    for side in ["client", "server"] {
        let fixtures = fixtures(side);
        assert!(!fixtures.is_empty());
        for (name, frame) in fixtures {
            let found = faults(&schema, form_of(&schema, &name), &frame, &name);
            assert!(found.is_empty(), "{found:#?}");
            let found = faults(&schema, &schema, &frame, &name);
            assert!(found.is_empty(), "the whole schema refuses {name}");
        }
    }
}

#[test]
fn the_schema_refuses_what_is_no_frame() {
    let schema = schema();
    for side in ["client", "server"] {
        for (name, frame) in fixtures(side) {
            let form = form_of(&schema, &name);
            for required in form["required"].as_array().unwrap() {
                let mut broken = frame.clone();
                broken
                    .as_object_mut()
                    .unwrap()
                    .remove(required.as_str().unwrap());
                assert!(
                    !faults(&schema, form, &broken, &name).is_empty(),
                    "{name} without {required}"
                );
            }
            let mut extra = frame.clone();
            extra["surprise"] = Value::Bool(true);
            assert_eq!(faults(&schema, form, &extra, &name).len(), 1, "{name}");
        }
    }
}

#[test]
fn every_frame_of_the_schema_has_a_fixture() {
    let schema = schema();
    let frames = schema["oneOf"].as_array().unwrap();
    let frames: Vec<&str> = frames
        .iter()
        .map(|frame| frame["$ref"].as_str().unwrap())
        .collect();
    assert_eq!(frames.len(), 22);
    let names: Vec<String> = ["client", "server"]
        .into_iter()
        .flat_map(fixtures)
        .map(|(name, _)| name)
        .collect();
    for frame in frames {
        let form = follow(&schema, frame);
        let is_example = |name: &&String| form_of(&schema, name) == form;
        assert!(
            names.iter().any(|name| is_example(&name)),
            "{frame} has no fixture"
        );
    }
}

/// Every `$ref` of a document, at any depth.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(reference) if name == "$ref" => found.push(reference.to_owned()),
                    _ => references(value, found),
                }
            }
        }
        _ => {}
    }
}

#[test]
fn every_reference_of_the_stream_document_leads_somewhere() {
    let (document, schema) = (read("schema/asyncapi.json"), schema());
    let mut found = vec![];
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in &found {
        match reference.strip_prefix("./frames.schema.json") {
            Some(frame) => follow(&schema, frame),
            None => follow(&document, reference),
        };
    }
    let mut own = vec![];
    references(&schema, &mut own);
    own.iter()
        .for_each(|reference| assert!(!follow(&schema, reference).is_null()));
}

#[test]
fn the_stream_document_lists_every_frame_on_its_side() {
    let document = read("schema/asyncapi.json");
    for (operation, side) in [("receiveFromClient", "client"), ("sendToClient", "server")] {
        let messages = document["operations"][operation]["messages"]
            .as_array()
            .unwrap();
        let schema = schema();
        let listed: BTreeSet<&str> = messages
            .iter()
            .map(|message| {
                message["$ref"]
                    .as_str()
                    .unwrap()
                    .rsplit('/')
                    .next()
                    .unwrap()
            })
            .collect();
        for (name, _) in fixtures(side) {
            let form = form_of(&schema, &name);
            let is_listed = listed
                .iter()
                .any(|listed| &schema["$defs"][*listed] == form);
            assert!(is_listed, "{name} is not listed under {operation}");
        }
    }
}
