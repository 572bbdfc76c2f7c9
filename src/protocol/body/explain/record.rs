//! A stored copy of a sample, and what became of it.

use serde::Serialize;
use serde_json::Number;
use streakline_core::{
    attest::Attest,
    sample::Method,
    user::explain::{Fate, RecordWhy},
};
use utoipa::ToSchema;

use super::super::quantity::amount;
use crate::registry;

/// A stored copy of a sample that reaches into a day, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RecordOfDay {
    /// From which device.
    #[schema(format = Uuid)]
    pub device: String,
    /// Its id within the device.
    #[schema(example = "8812")]
    pub id: String,
    /// Its version.
    pub version: u32,
    /// What was measured.
    #[schema(value_type = String, example = "steps")]
    pub metric: &'static str,
    /// Start, POSIX ms.
    pub start_ms: i64,
    /// End, POSIX ms.
    pub end_ms: i64,
    /// Its amount or reading, in the metric's unit; null: an episode, or a deletion.
    #[schema(required = true, value_type = Option<f64>)]
    pub value: Option<Number>,
    /// How it was recorded.
    #[schema(value_type = String, example = "auto")]
    pub method: &'static str,
    /// Whether the device was worn, where it says.
    #[schema(required = true)]
    pub worn: Option<bool>,
    /// When this copy was received, POSIX ms.
    pub received_ms: i64,
    /// The clock of its session was off.
    pub skewed: bool,
    /// `valid` or `missing` (or wrong) where its device had a key; null where it had none.
    #[schema(required = true, value_type = Option<String>, example = "valid")]
    pub signature: Option<&'static str>,
    /// `counts`, `outranked` (another device, or finer samples of its own, are believed for all of it), `idle` (a zero of a
    /// device that does not say that it is worn), `quarantined` (its clock), `unsigned` (its signature is missing or wrong), `imported` (came when its day was archived: shown, never counted), `manual`, `repeated`, `superseded`, `deleted` or
    /// `deletion`.
    #[schema(value_type = String, example = "counts")]
    pub fate: &'static str,
    /// The version that counts instead.
    #[schema(required = true)]
    pub instead: Option<u32>,
    /// What it gives to the day's `display`, in the metric's unit.
    #[schema(value_type = f64, example = 87)]
    pub display: Number,
    /// What it gives to the day's `eligible`, before the cap of a minute.
    #[schema(value_type = f64, example = 87)]
    pub eligible: Number,
}

fn fate(fate: Fate) -> &'static str {
    match fate {
        Fate::Counts => "counts",
        Fate::Outranked => "outranked",
        Fate::Idle => "idle",
        Fate::Quarantined => "quarantined",
        Fate::Unsigned => "unsigned",
        Fate::Imported => "imported",
        Fate::Manual => "manual",
        Fate::Repeated => "repeated",
        Fate::Superseded => "superseded",
        Fate::Deleted => "deleted",
        Fate::Deletion => "deletion",
    }
}

/// What a copy's signature says, in a word.
pub(in crate::protocol) fn signature(attest: Attest) -> Option<&'static str> {
    match attest {
        Attest::Unasked => None,
        Attest::Signed => Some("valid"),
        Attest::Unsigned => Some("missing"),
    }
}

fn method(method: Method) -> &'static str {
    match method {
        Method::Auto => "auto",
        Method::Active => "active",
        Method::Manual => "manual",
        Method::Unknown => "unknown",
    }
}

impl From<&RecordWhy> for RecordOfDay {
    fn from(why: &RecordWhy) -> Self {
        let record = &why.copy.record;
        let shown = |value| amount(record.metric, value);
        Self {
            device: why.device.to_string(),
            id: record.id.to_string(),
            version: record.version,
            metric: registry::metrics().name(record.metric),
            start_ms: record.start_ms,
            end_ms: record.end_ms,
            value: record.value().map(shown),
            method: method(record.method),
            worn: record.worn,
            received_ms: why.copy.received_ms,
            skewed: why.copy.skewed,
            signature: signature(why.copy.attest),
            fate: fate(why.fate),
            instead: why.instead,
            display: shown(why.display),
            eligible: shown(why.eligible),
        }
    }
}
