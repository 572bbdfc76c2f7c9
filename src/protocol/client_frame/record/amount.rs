//! The value of a record: an exact decimal in the metric's unit or one that converts to it, rounded half up to the store unit.

use streakline_core::{
    decimal::{self, Wrong},
    metric::{
        Definition,
        unit::{convertible, ratio},
    },
    sample::{RecordCode, RecordRefusal},
};

use super::{Raw, bad_sample};

/// The text of a JSON number.
pub(super) fn number(raw: Raw<'_>) -> Result<Option<&str>, RecordRefusal> {
    let Some(text) = raw.map(|raw| raw.get()) else {
        return Ok(None);
    };
    let is_number = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    let fits = decimal::read(text, streakline_core::metric::unit::Ratio::ONE);
    if !is_number || fits == Err(Wrong::NotANumber) {
        let detail = "value must be a JSON number with an exponent within +-9";
        return Err(bad_sample(detail));
    }
    Ok(Some(text))
}

/// A number too large for any metric is left to the range check.
pub(super) fn read(of: &Definition, text: &str, unit: Option<&str>) -> Result<i64, RecordRefusal> {
    let unit = unit.unwrap_or(&of.unit);
    let ratio = ratio(&of.unit, unit).ok_or_else(|| {
        let units: Vec<&str> = convertible(&of.unit).collect();
        let detail = format!("unit of {} must be {}", of.name, units.join(" or "));
        RecordRefusal::new(RecordCode::BadUnit, detail)
    })?;
    match decimal::read(text, ratio.times(of.store_per_unit)) {
        Ok(value) => Ok(value),
        Err(Wrong::TooLarge { negative: true }) => Ok(i64::MIN),
        Err(Wrong::TooLarge { .. }) => Ok(i64::MAX),
        Err(Wrong::NotANumber) => Err(bad_sample("value must be a JSON number")),
    }
}
