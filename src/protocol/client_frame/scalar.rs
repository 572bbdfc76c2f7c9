//! Single values of a frame, read from their raw JSON text: exact, bounded, and with words for what is wrong.
//!
//! A null is an absent value. Faults are plain words; the caller says where they stand and what they mean.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// A value that may be absent, as it stands in the text.
pub(super) type Raw<'a> = Option<&'a RawValue>;

/// What a value is not, in words that follow its name.
pub(super) type Wrong = &'static str;

/// Largest integer that every JSON reader keeps exact: 2^53 - 1.
const INTEGER_MAX: u64 = (1 << 53) - 1;

const UNSIGNED: Wrong = "must be an integer from 0 to 9007199254740991";
const SIGNED: Wrong = "must be an integer within +-9007199254740991";

/// An integer from 0 to 2^53 - 1.
pub(super) fn unsigned(raw: Raw<'_>) -> Result<Option<u64>, Wrong> {
    let Some(raw) = raw else { return Ok(None) };
    match raw.get().parse::<u64>() {
        Ok(number) if number <= INTEGER_MAX => Ok(Some(number)),
        _ => Err(UNSIGNED),
    }
}

/// An integer within +-(2^53 - 1).
pub(super) fn signed(raw: Raw<'_>) -> Result<Option<i64>, Wrong> {
    let Some(raw) = raw else { return Ok(None) };
    match raw.get().parse::<i64>() {
        Ok(number) if number.unsigned_abs() <= INTEGER_MAX => Ok(Some(number)),
        _ => Err(SIGNED),
    }
}

/// `true` or `false`.
pub(super) fn boolean(raw: Raw<'_>) -> Result<Option<bool>, Wrong> {
    match raw.map(RawValue::get) {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err("must be true or false"),
    }
}

/// A text of 1 to `chars_max` characters; borrowed unless it has escapes.
pub(super) fn text(raw: Raw<'_>, chars_max: usize) -> Result<Option<Cow<'_, str>>, Wrong> {
    let Some(raw) = raw else { return Ok(None) };
    let text = read_text(raw.get()).ok_or("must be a text")?;
    match text.chars().take(chars_max + 1).count() {
        0 => Err("must not be empty"),
        count if count > chars_max => Err("is too long"),
        _ => Ok(Some(text)),
    }
}

/// An object with borrowed parts.
pub(super) fn object<'a, T: Deserialize<'a>>(raw: Raw<'a>) -> Result<Option<T>, Wrong> {
    let Some(raw) = raw else { return Ok(None) };
    if !raw.get().starts_with('{') {
        return Err("must be an object");
    }
    let object = serde_json::from_str(raw.get());
    object
        .map(Some)
        .map_err(|_| "must be an object that names no field twice")
}

fn read_text(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(json).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}
