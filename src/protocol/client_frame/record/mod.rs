//! One record of a batch, read leniently: whatever is wrong with it refuses it alone, in the order of protocol.md 3.
//!
//! Shape (`bad_sample`), `unknown_metric`, `bad_unit`, `overlong`, `range`, `bad_signature` of one that is ill-formed; what needs the clock or the user comes later.

mod amount;
mod attest;
mod episode;
mod fields;

use serde_json::value::RawValue;
use streakline_core::{
    id::RecordId,
    limits,
    metric::{Class, Definition},
    record::{Content, Epoch, Record},
    sample::{Method, RecordCode, RecordRefusal},
};

use super::scalar::{self, Raw, Wrong};
use crate::registry;

pub use attest::{Signature, Signatures};
use fields::Fields;
pub(super) use fields::{Found, nothing_else};

/// Most characters of a word of a record, well above every known one.
pub(in crate::protocol) const WORD_CHARS_MAX: usize = 64;

/// What a record says before it is known what its metric is.
struct Said<'a> {
    class: Option<Class>,
    unit: Option<std::borrow::Cow<'a, str>>,
    start_ms: Option<i64>,
    end_ms: Option<i64>,
    value: Option<&'a str>,
    epoch: Option<Epoch>,
}

/// Reads a record of its own text.
///
/// # Errors
/// What refuses it, as in a batch.
pub fn read(raw: &RawValue) -> Result<Record, RecordRefusal> {
    let found = serde_json::from_str(raw.get());
    judged(found.map_err(|_| bad_sample("a record must be an object"))?)
}

/// Judges a record that was found in a text, with what signs it.
pub(super) fn signed(found: Found<'_>) -> (Result<Record, RecordRefusal>, Option<Signature>) {
    let attest = found.0.ok().and_then(|fields| fields.attest);
    if attest.is_none() {
        return (judged(found), None);
    }
    match (judged(found), attest::read(attest)) {
        (Ok(record), Ok(signature)) => (Ok(record), signature),
        (Ok(_), Err(refusal)) | (Err(refusal), _) => (Err(refusal), None),
    }
}

/// Judges a record that was found in a text.
fn judged(found: Found<'_>) -> Result<Record, RecordRefusal> {
    let fields = named("a record", found.0)?;
    let deleted = named("deleted", scalar::boolean(fields.deleted))? == Some(true);
    let metric_name = required("metric", word("metric", fields.metric)?)?;
    let mut record = Record {
        id: read_id(fields.id)?,
        version: read_version(fields.version)?,
        metric: streakline_core::metric::Metric::STEPS,
        start_ms: 0,
        end_ms: 0,
        offset_s: read_offset(fields.offset_s)?,
        content: Content::Deleted,
        method: read_method(fields.method)?,
        worn: named("worn", scalar::boolean(fields.worn))?,
    };
    if deleted {
        record.metric = definition(&metric_name)?.metric;
        // A deletion says nothing but that (domain.md 1.3).
        (record.offset_s, record.method, record.worn) = (None, Method::default(), None);
        return Ok(record);
    }
    let said = said(&fields)?;
    let parts = episode::read(&fields)?;
    // The shape is right; now what the words mean.
    let of = definition(&metric_name)?;
    record.metric = of.metric;
    let class = read_class(of, said.class)?;
    record.start_ms = required("start_ms", said.start_ms)?;
    let end_ms = end_of(class, record.start_ms, said.end_ms);
    record.end_ms = required("end_ms", end_ms)?;
    record.content = content(of, class, (&said, &record), parts)?;
    record.check(of)?;
    Ok(record)
}

fn said<'a>(fields: &Fields<'a>) -> Result<Said<'a>, RecordRefusal> {
    let class = word("class", fields.class)?;
    let known = |name: &str| {
        Class::parse(name)
            .ok_or_else(|| bad_sample("class must be one of delta, cumulative, gauge, episode"))
    };
    let epoch = named(
        "epoch_id",
        scalar::text(fields.epoch_id, limits::SAMPLE_TEXT_CHARS_MAX),
    )?;
    let (start_ms, end_ms) = (
        named("start_ms", scalar::signed(fields.start_ms))?,
        named("end_ms", scalar::signed(fields.end_ms))?,
    );
    if end_ms.is_some_and(|end_ms| start_ms.is_some_and(|start_ms| end_ms < start_ms)) {
        return Err(bad_sample("end_ms must be after start_ms"));
    }
    Ok(Said {
        class: class.as_deref().map(known).transpose()?,
        unit: word("unit", fields.unit)?,
        start_ms,
        end_ms,
        value: amount::number(fields.value)?,
        epoch: epoch.map(|name| Epoch::parse(&name)),
    })
}

/// The end may only be left out where a sample is of an instant.
pub(in crate::protocol) fn end_of(class: Class, start_ms: i64, end_ms: Option<i64>) -> Option<i64> {
    match class {
        Class::Gauge | Class::Cumulative => end_ms.or(Some(start_ms)),
        Class::Delta | Class::Episode => end_ms,
    }
}

fn content(
    of: &Definition,
    class: Class,
    (said, record): (&Said<'_>, &Record),
    parts: episode::Parts<'_>,
) -> Result<Content, RecordRefusal> {
    if class == Class::Episode {
        return Ok(Content::Episode(parts.content(of, record)?));
    }
    parts.refuse_all(class)?;
    if said.epoch.is_some() && class != Class::Cumulative {
        return Err(bad_sample("epoch_id belongs to class cumulative"));
    }
    let text = required("value", said.value)?;
    let value = amount::read(of, text, said.unit.as_deref())?;
    Ok(match class {
        Class::Cumulative => Content::Cumulative {
            value,
            epoch: required("epoch_id", said.epoch.clone())?,
        },
        Class::Gauge => Content::Gauge(value),
        Class::Delta | Class::Episode => Content::Delta(value),
    })
}

fn read_version(raw: Raw<'_>) -> Result<u32, RecordRefusal> {
    let version = named("version", scalar::unsigned(raw))?.unwrap_or(1);
    match u32::try_from(version) {
        Ok(0) => Err(bad_sample("version counts from 1")),
        Ok(version) => Ok(version),
        Err(_) => Err(bad_sample("version must be at most 4294967295")),
    }
}

fn read_id(raw: Raw<'_>) -> Result<RecordId, RecordRefusal> {
    let raw = required("id", raw)?;
    if raw.get().starts_with('"') {
        let text = required("id", word("id", Some(raw))?)?;
        return RecordId::parse(&text)
            .map_err(|error| RecordRefusal::new(RecordCode::BadSample, format!("id {error}")));
    }
    let number = required("id", named("id", scalar::unsigned(Some(raw)))?)?;
    Ok(RecordId::Number(number))
}

fn read_offset(raw: Raw<'_>) -> Result<Option<i32>, RecordRefusal> {
    let offset = named("offset_s", scalar::signed(raw))?.map(i32::try_from);
    offset
        .transpose()
        .map_err(|_| bad_sample("offset_s must be a number of seconds such as 7200"))
}

fn read_method(raw: Raw<'_>) -> Result<Method, RecordRefusal> {
    match word("method", raw)? {
        None => Ok(Method::default()),
        Some(name) => Method::parse(&name)
            .ok_or_else(|| bad_sample("method must be one of auto, active, manual, unknown")),
    }
}

fn definition(name: &str) -> Result<&'static Definition, RecordRefusal> {
    registry::metrics().named(name).ok_or_else(|| {
        let hint = match name {
            "hrv" => "; it is hrv_sdnn or hrv_rmssd, which are different quantities",
            _ => "",
        };
        let detail = format!("there is no metric {name:?}{hint}");
        RecordRefusal::new(RecordCode::UnknownMetric, detail)
    })
}

fn read_class(of: &Definition, said: Option<Class>) -> Result<Class, RecordRefusal> {
    let class = said.unwrap_or(of.class);
    if of.takes(class) {
        return Ok(class);
    }
    let (name, own) = (&of.name, of.class.name());
    let detail = format!("class of {name} is {own}, not {}", class.name());
    Err(RecordRefusal::new(RecordCode::BadSample, detail))
}

fn word<'a>(name: &str, raw: Raw<'a>) -> Result<Option<std::borrow::Cow<'a, str>>, RecordRefusal> {
    named(name, scalar::text(raw, WORD_CHARS_MAX))
}

fn named<T>(name: &str, value: Result<T, Wrong>) -> Result<T, RecordRefusal> {
    value.map_err(|wrong| RecordRefusal::new(RecordCode::BadSample, format!("{name} {wrong}")))
}

fn required<T>(name: &str, value: Option<T>) -> Result<T, RecordRefusal> {
    value.ok_or_else(|| RecordRefusal::new(RecordCode::BadSample, format!("{name} is missing")))
}

fn bad_sample(detail: &str) -> RecordRefusal {
    RecordRefusal::new(RecordCode::BadSample, detail)
}

#[cfg(test)]
mod tests;
