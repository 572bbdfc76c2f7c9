//! Reads a JSON body member by member, so that every fault of it is found in one pass.
//!
//! A reader names each member once; what is wrong is noted with its JSON pointer and reading goes on. Unknown members are
//! refused, so that a misspelt rule is not silently dropped (protocol.md 1).

use std::{borrow::Cow, ops::RangeInclusive};

use serde_json::{Map, Value};
use streakline_core::{
    civil::Day,
    id::{ChallengeId, DeviceId},
};

use super::fault::{Faults, Wrong};

/// The largest integer of the protocol, and less its sign the smallest.
pub(super) const INTEGER_MAX: i64 = (1 << 53) - 1;

/// One object that is being read.
pub(super) struct Fields<'a> {
    at: String,
    members: Option<&'a Map<String, Value>>,
    seen: Vec<&'static str>,
    faults: &'a Faults,
}

impl<'a> Fields<'a> {
    /// The whole body; anything but an object is a fault.
    pub(super) fn of(body: &'a Value, faults: &'a Faults) -> Self {
        Self::at(String::new(), Some(body), faults)
    }

    fn at(at: String, value: Option<&'a Value>, faults: &'a Faults) -> Self {
        let members = value.and_then(Value::as_object);
        if let (Some(_), None) = (value, members) {
            faults.add(at.clone(), Wrong::shape("must be an object"));
        }
        Self {
            at,
            members,
            seen: Vec::new(),
            faults,
        }
    }

    /// A member that may be absent; null is for `read` to judge.
    pub(super) fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Value) -> Result<T, Wrong>,
    ) -> Option<T> {
        let value = self.value(name)?;
        read(value)
            .map_err(|wrong| self.faults.add(self.pointer(name), wrong))
            .ok()
    }

    /// A member that must be there.
    pub(super) fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Value) -> Result<T, Wrong>,
    ) -> Option<T> {
        if self
            .members
            .is_some_and(|members| !members.contains_key(name))
        {
            self.faults
                .add(self.pointer(name), Wrong::shape("is required"));
        }
        self.optional(name, read)
    }

    /// A member that may be absent (`None`) or null (`Some(None)`).
    pub(super) fn nullable<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Value) -> Result<T, Wrong>,
    ) -> Option<Option<T>> {
        self.optional(name, |value| {
            if value.is_null() {
                Ok(None)
            } else {
                read(value).map(Some)
            }
        })
    }

    /// An object inside, absent or not; its members are faults only where it is there.
    pub(super) fn object(&mut self, name: &'static str) -> Self {
        let value = self.value(name);
        Self::at(self.pointer(name), value, self.faults)
    }

    /// An object inside that must be there.
    pub(super) fn required_object(&mut self, name: &'static str) -> Self {
        if self
            .members
            .is_some_and(|members| !members.contains_key(name))
        {
            self.faults
                .add(self.pointer(name), Wrong::shape("is required"));
        }
        self.object(name)
    }

    /// The objects of a list that must be there, with so many of them.
    pub(super) fn objects(
        &mut self,
        name: &'static str,
        count: RangeInclusive<usize>,
    ) -> Vec<Self> {
        let read = |value: &Value| match value.as_array() {
            Some(items) if count.contains(&items.len()) => Ok(()),
            Some(_) => {
                let (low, high) = (count.start(), count.end());
                Err(Wrong::range(format!("must have {low} to {high} items")))
            }
            None => Err(Wrong::shape("must be a list")),
        };
        if self.required(name, read).is_none() {
            return Vec::new();
        }
        let items = self.members.and_then(|members| members.get(name));
        let items = items.and_then(Value::as_array).into_iter().flatten();
        let at = |index| format!("{}/{index}", self.pointer(name));
        let item = |(index, item)| Self::at(at(index), Some(item), self.faults);
        items.enumerate().map(item).collect()
    }

    /// The members of an object inside that names them itself, absent or not; what is ill-formed is left out.
    pub(super) fn entries<T>(
        &mut self,
        name: &'static str,
        read: impl Fn(&str, &Value) -> Result<T, Wrong>,
    ) -> Option<Vec<T>> {
        let inside = self.object(name);
        let members = inside.members?.iter();
        let entry = |(member, value): (&String, &Value)| {
            let read = read(member, value).map_err(|wrong| inside.fault(member, wrong));
            read.ok()
        };
        Some(members.filter_map(entry).collect())
    }

    /// Whether it has a member of that name, well-formed or not.
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.is_some_and(|held| held.contains_key(name))
    }

    /// Notes a fault of a member that was read.
    pub(super) fn fault(&self, name: &str, wrong: Wrong) {
        self.faults.add(self.pointer(name), wrong);
    }

    /// Refuses the members that were not read, but for those that an answer has and a request may send back.
    pub(super) fn done(self, read_only: &[&str]) {
        let members = self
            .members
            .into_iter()
            .flatten()
            .map(|(name, _)| name.as_str());
        let known = |name: &&str| !self.seen.contains(name) && !read_only.contains(name);
        for name in members.filter(known) {
            self.faults.add(self.pointer(name), Wrong::unknown());
        }
    }

    fn value(&mut self, name: &'static str) -> Option<&'a Value> {
        self.seen.push(name);
        self.members?.get(name)
    }

    fn pointer(&self, name: &str) -> String {
        format!("{}/{}", self.at, escaped(name))
    }
}

/// A name as a part of a JSON pointer (RFC 6901).
pub(super) fn escaped(name: &str) -> Cow<'_, str> {
    if name.contains(['~', '/']) {
        Cow::Owned(name.replace('~', "~0").replace('/', "~1"))
    } else {
        Cow::Borrowed(name)
    }
}

/// Any text.
pub(super) fn text(value: &Value) -> Result<String, Wrong> {
    let text = value.as_str().map(str::to_owned);
    text.ok_or_else(|| Wrong::shape("must be a string"))
}

/// A line of text with that many characters, none of them a control character.
pub(super) fn line(chars: RangeInclusive<usize>) -> impl Fn(&Value) -> Result<String, Wrong> {
    move |value| {
        let text = text(value)?;
        let fits = chars.contains(&text.chars().count()) && !text.chars().any(char::is_control);
        let words = || {
            let (low, high) = (chars.start(), chars.end());
            format!("must have {low} to {high} characters and no control characters")
        };
        fits.then_some(text).ok_or_else(|| Wrong::range(words()))
    }
}

/// An integer within bounds.
pub(super) fn integer(bounds: RangeInclusive<i64>) -> impl Fn(&Value) -> Result<i64, Wrong> {
    move |value| {
        if !value.is_number() {
            return Err(Wrong::shape("must be an integer"));
        }
        let within = value.as_i64().filter(|number| bounds.contains(number));
        let words = || {
            format!(
                "must be an integer from {} to {}",
                bounds.start(),
                bounds.end()
            )
        };
        within.ok_or_else(|| Wrong::range(words()))
    }
}

/// A challenge. Names compare as bytes, so only the spelling that the server chose is one.
pub(super) fn challenge_name(text: &str) -> Result<ChallengeId, Wrong> {
    let id = ChallengeId::parse(text).ok();
    let words = "must be the UUID of a challenge, as the server wrote it";
    id.filter(|id| id.to_string() == text)
        .ok_or_else(|| Wrong::new("name", words))
}

/// Yes or no.
pub(super) fn flag(value: &Value) -> Result<bool, Wrong> {
    value
        .as_bool()
        .ok_or_else(|| Wrong::shape("must be true or false"))
}

/// The id of a device.
pub(super) fn device(value: &Value) -> Result<DeviceId, Wrong> {
    DeviceId::parse(&text(value)?).map_err(|error| Wrong::range(error.to_string()))
}

/// A list of at most so many, without repetition.
pub(super) fn distinct<T: PartialEq>(
    most: usize,
    read: impl Fn(&Value) -> Result<T, Wrong>,
) -> impl Fn(&Value) -> Result<Vec<T>, Wrong> {
    move |value| {
        let items = value.as_array();
        let items = items.ok_or_else(|| Wrong::shape("must be a list"))?;
        if items.len() > most {
            return Err(Wrong::range(format!("must have at most {most} items")));
        }
        let mut list = Vec::with_capacity(items.len());
        for item in items {
            let item = read(item)?;
            if list.contains(&item) {
                return Err(Wrong::range("must not name anything twice"));
            }
            list.push(item);
        }
        Ok(list)
    }
}

/// A civil date.
pub(super) fn date(value: &Value) -> Result<Day, Wrong> {
    Day::parse(&text(value)?).ok_or_else(Wrong::date)
}

/// One of a few words; the protocol has others that this version does not do yet.
pub(super) fn word(
    words: &'static [&'static str],
) -> impl Fn(&Value) -> Result<&'static str, Wrong> {
    move |value| {
        let text = text(value)?;
        let known = words.iter().find(|word| **word == text).copied();
        let detail = || format!("this version supports only {}", words.join(", "));
        known.ok_or_else(|| Wrong::new("unsupported", detail()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::protocol::error_code::Refusal;

    fn found(refusal: &Refusal) -> Vec<(&str, &str)> {
        refusal
            .faults
            .iter()
            .map(|fault| (fault.pointer.as_str(), fault.code))
            .collect()
    }

    #[test]
    fn every_kind_of_fault_is_found_in_one_pass() {
        let body = json!({"title": 5, "late": "maybe", "window": {"starts": "2016-02-30", "x": 1},
            "cap": 11, "a/b~c": null, "id": "ignored"});
        let faults = Faults::default();
        let mut top = Fields::of(&body, &faults);
        assert_eq!(top.required("title", text), None);
        assert_eq!(top.required("metric", text), None);
        assert_eq!(top.optional("late", word(&["yes", "no"])), None);
        assert_eq!(top.nullable("cap", integer(1..=10)), None);
        let mut window = top.required_object("window");
        assert_eq!(window.required("starts", date), None);
        window.done(&[]);
        top.done(&["id"]);
        let refusal = faults.none().unwrap_err();
        let wanted = [
            ("/title", "bad_frame"),
            ("/metric", "bad_frame"),
            ("/late", "unsupported"),
            ("/cap", "range"),
            ("/window/starts", "date"),
            ("/window/x", "unknown_field"),
            ("/a~1b~0c", "unknown_field"),
        ];
        assert_eq!(found(&refusal), wanted);
        assert_eq!(refusal.detail, "7 faults");
    }

    #[test]
    fn a_body_that_is_no_object_is_one_fault() {
        for body in [json!([]), json!("x"), json!(null)] {
            let faults = Faults::default();
            let mut top = Fields::of(&body, &faults);
            top.required("title", text);
            let mut inner = top.required_object("window");
            inner.required("starts", date);
            inner.done(&[]);
            top.done(&[]);
            assert_eq!(
                found(&faults.none().unwrap_err()),
                [("", "bad_frame")],
                "{body}"
            );
        }
    }

    #[test]
    fn absent_and_null_are_told_apart() {
        let body = json!({"cap": null, "n": 3});
        let faults = Faults::default();
        let mut top = Fields::of(&body, &faults);
        assert_eq!(top.nullable("cap", integer(1..=10)), Some(None));
        assert_eq!(top.nullable("n", integer(1..=10)), Some(Some(3)));
        assert_eq!(top.nullable("other", integer(1..=10)), None);
        top.done(&[]);
        assert!(faults.none().is_ok());
    }

    #[test]
    fn integers_are_neither_fractions_nor_texts_nor_out_of_bounds() {
        let judged = |value: Value| integer(0..=INTEGER_MAX)(&value).map_err(|wrong| wrong.code);
        assert_eq!(judged(json!(9_007_199_254_740_991_i64)), Ok(INTEGER_MAX));
        assert_eq!(judged(json!(9_007_199_254_740_992_i64)), Err("range"));
        assert_eq!(judged(json!(-1)), Err("range"));
        assert_eq!(judged(json!(1.5)), Err("range"));
        assert_eq!(judged(json!("1")), Err("bad_frame"));
        assert_eq!(judged(json!(true)), Err("bad_frame"));
    }

    #[test]
    fn a_line_counts_characters_and_has_no_control_characters() {
        let judged = |value: &str| line(1..=3)(&json!(value)).map_err(|wrong| wrong.code);
        assert_eq!(judged("äöü"), Ok("äöü".into()));
        for bad in ["", "abcd", "a\nb"] {
            assert_eq!(judged(bad), Err("range"), "{bad:?}");
        }
    }
}
