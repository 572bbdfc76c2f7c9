//! Attributes of users in bodies: their names and what they say.

use serde_json::Value;
use streakline_core::{
    attribute::{self, Attributes, Name},
    limits::{ATTRIBUTE_TEXT_CHARS_MAX, ATTRIBUTES_PER_USER_MAX},
};

use super::{
    fault::Wrong,
    fields::{Fields, INTEGER_MAX, integer, line},
};

/// Every attribute of a profile, where they are there and well-formed.
pub(super) fn attributes(top: &mut Fields<'_>) -> Option<Attributes> {
    let entry = |name: &str, said: &Value| Ok((named(name)?, value(said)?));
    let entries = top.entries("attributes", entry)?;
    if entries.len() > ATTRIBUTES_PER_USER_MAX {
        let words = format!("must have at most {ATTRIBUTES_PER_USER_MAX} members");
        top.fault("attributes", Wrong::range(words));
    }
    Some(entries.into_iter().collect())
}

/// The name of an attribute.
pub(super) fn named(name: &str) -> Result<Name, Wrong> {
    Name::parse(name).map_err(|why| Wrong::new("name", why.to_string()))
}

/// A text or an integer.
pub(super) fn value(said: &Value) -> Result<attribute::Value, Wrong> {
    match said {
        Value::String(_) => line(1..=ATTRIBUTE_TEXT_CHARS_MAX)(said).map(attribute::Value::Text),
        Value::Number(_) => integer(-INTEGER_MAX..=INTEGER_MAX)(said).map(attribute::Value::Number),
        _ => Err(Wrong::shape("must be a string or an integer")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{api::fault::Faults, protocol::error_code::Refusal};

    fn read(body: &Value) -> Result<Option<Attributes>, Refusal> {
        let faults = Faults::default();
        let mut top = Fields::of(body, &faults);
        let read = attributes(&mut top);
        top.done(&[]);
        faults.none()?;
        Ok(read)
    }

    #[test]
    fn attributes_are_texts_and_integers_by_name() {
        let read = |body| read(&body).unwrap();
        assert_eq!(read(json!({})), None);
        assert_eq!(read(json!({"attributes": {}})), Some(Attributes::default()));
        let said = read(json!({"attributes": {"region": "EU", "age": -41}})).unwrap();
        let region = attribute::Value::Text("EU".into());
        assert_eq!(said.get(&Name::parse("region").unwrap()), Some(&region));
        let age = attribute::Value::Number(-41);
        assert_eq!(said.get(&Name::parse("age").unwrap()), Some(&age));
    }

    #[test]
    fn every_ill_formed_attribute_is_told_with_its_place() {
        let body = json!({"attributes": {"a:b": 1, "age": 1.5, "x": null, "y": "", "z": "a\nb"}});
        let faults = read(&body).unwrap_err().faults;
        let found: Vec<_> = faults
            .iter()
            .map(|fault| (fault.pointer.as_str(), fault.code))
            .collect();
        let wanted = [
            ("/attributes/a:b", "name"),
            ("/attributes/age", "range"),
            ("/attributes/x", "bad_frame"),
            ("/attributes/y", "range"),
            ("/attributes/z", "range"),
        ];
        assert_eq!(found, wanted);
        let many: serde_json::Map<String, Value> = (0..17)
            .map(|number| (format!("a{number}"), json!(1)))
            .collect();
        let faults = read(&json!({"attributes": many})).unwrap_err().faults;
        assert_eq!(faults[0].pointer, "/attributes");
        assert!(read(&json!({"attributes": []})).is_err());
    }
}
