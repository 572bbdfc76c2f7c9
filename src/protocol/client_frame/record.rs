//! One record of a batch, read leniently: whatever is wrong with it refuses it alone, in the order of protocol.md 3.
//!
//! Shape (`bad_sample`), `unknown_metric`, `bad_unit`, `overlong`, `range`; what needs the clock or the user comes later.

use serde::Deserialize;
use serde_json::value::RawValue;
use streakline_core::{
    id::RecordId,
    sample::{Method, Metric, Record, RecordCode, RecordRefusal, decimal},
};

use super::scalar::{self, Raw, Wrong};

#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    id: Raw<'a>,
    #[serde(borrow)]
    version: Raw<'a>,
    #[serde(borrow)]
    deleted: Raw<'a>,
    #[serde(borrow)]
    metric: Raw<'a>,
    #[serde(borrow)]
    class: Raw<'a>,
    #[serde(borrow)]
    unit: Raw<'a>,
    #[serde(borrow)]
    start_ms: Raw<'a>,
    #[serde(borrow)]
    end_ms: Raw<'a>,
    #[serde(borrow)]
    offset_s: Raw<'a>,
    #[serde(borrow)]
    value: Raw<'a>,
    #[serde(borrow)]
    method: Raw<'a>,
    #[serde(borrow)]
    worn: Raw<'a>,
}

/// Most characters of a word of a record, well above every known one.
const WORD_CHARS_MAX: usize = 64;
/// Largest exponent of a value, either way.
const EXPONENT_MAX: i32 = 9;

pub(super) fn read(raw: &RawValue) -> Result<Record, RecordRefusal> {
    let fields = named("a record", scalar::object::<Fields<'_>>(Some(raw)))?;
    let fields = fields.ok_or_else(|| bad_sample("a record must be an object"))?;
    refuse_unsupported(&fields)?;
    let metric_name = required("metric", word("metric", fields.metric)?)?;
    let class = word("class", fields.class)?;
    let unit = word("unit", fields.unit)?;
    let id = read_id(fields.id)?;
    let (start_ms, end_ms) = read_interval(&fields)?;
    let offset_s = read_offset(fields.offset_s)?;
    let value = read_value(fields.value)?;
    let method = read_method(fields.method)?;
    let worn = named("worn", scalar::boolean(fields.worn))?;
    // The shape is right; now what the words mean.
    let metric = read_metric(&metric_name)?;
    check_class(metric, class.as_deref())?;
    let end_ms = required("end_ms", end_ms)?;
    check_unit(metric, unit.as_deref())?;
    let record = Record {
        id,
        version: 1,
        metric,
        start_ms,
        end_ms,
        offset_s,
        value,
        method,
        worn,
    };
    record.check()?;
    Ok(record)
}

/// Corrections and deletions are not taken in this version of the server.
fn refuse_unsupported(fields: &Fields<'_>) -> Result<(), RecordRefusal> {
    match named("version", scalar::unsigned(fields.version))? {
        None | Some(1) => {}
        Some(0) => return Err(bad_sample("version counts from 1")),
        Some(version) => {
            let detail = format!("version {version} is not taken yet, only 1");
            return Err(RecordRefusal::new(RecordCode::BadSample, detail));
        }
    }
    match named("deleted", scalar::boolean(fields.deleted))? {
        Some(true) => Err(bad_sample("deletions are not taken yet")),
        _ => Ok(()),
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

/// The end may only be left out for a gauge; a delta must end after it starts.
fn read_interval(fields: &Fields<'_>) -> Result<(i64, Option<i64>), RecordRefusal> {
    let start_ms = named("start_ms", scalar::signed(fields.start_ms))?;
    let start_ms = required("start_ms", start_ms)?;
    let end_ms = named("end_ms", scalar::signed(fields.end_ms))?;
    if end_ms.is_some_and(|end_ms| end_ms <= start_ms) {
        return Err(bad_sample("end_ms must be after start_ms"));
    }
    Ok((start_ms, end_ms))
}

fn read_offset(raw: Raw<'_>) -> Result<Option<i32>, RecordRefusal> {
    let offset = named("offset_s", scalar::signed(raw))?.map(i32::try_from);
    offset
        .transpose()
        .map_err(|_| bad_sample("offset_s must be a number of seconds such as 7200"))
}

/// An exact decimal, rounded half up to the store unit. A number too large for 63 bits is left to the range check.
fn read_value(raw: Raw<'_>) -> Result<i64, RecordRefusal> {
    let text = required("value", raw)?.get();
    let is_number = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    if !is_number || !exponent_fits(text) {
        let detail = "value must be a JSON number with an exponent within +-9";
        return Err(bad_sample(detail));
    }
    let beyond = if text.starts_with('-') {
        i64::MIN
    } else {
        i64::MAX
    };
    Ok(decimal(text, 0).unwrap_or(beyond))
}

fn exponent_fits(number: &str) -> bool {
    let Some((_, exponent)) = number.split_once(['e', 'E']) else {
        return true;
    };
    let exponent = exponent.parse::<i32>();
    exponent.is_ok_and(|exponent| (-EXPONENT_MAX..=EXPONENT_MAX).contains(&exponent))
}

fn read_method(raw: Raw<'_>) -> Result<Method, RecordRefusal> {
    match word("method", raw)? {
        None => Ok(Method::default()),
        Some(name) => Method::parse(&name)
            .ok_or_else(|| bad_sample("method must be one of auto, active, manual, unknown")),
    }
}

fn read_metric(name: &str) -> Result<Metric, RecordRefusal> {
    Metric::parse(name).ok_or_else(|| {
        let detail = format!("there is no metric {name:?}");
        RecordRefusal::new(RecordCode::UnknownMetric, detail)
    })
}

fn check_class(metric: Metric, class: Option<&str>) -> Result<(), RecordRefusal> {
    if class.is_none_or(|class| class == metric.class()) {
        return Ok(());
    }
    let detail = format!("class of {} must be {}", metric.name(), metric.class());
    Err(RecordRefusal::new(RecordCode::BadSample, detail))
}

fn check_unit(metric: Metric, unit: Option<&str>) -> Result<(), RecordRefusal> {
    if unit.is_none_or(|unit| unit == metric.unit()) {
        return Ok(());
    }
    let detail = format!("unit of {} must be {}", metric.name(), metric.unit());
    Err(RecordRefusal::new(RecordCode::BadUnit, detail))
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
