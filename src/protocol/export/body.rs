//! The objects of lines that no route shows as they stand here: devices with all that is known of them, samples, minutes of days
//! without samples, enrolments.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Number, json};
use streakline_core::{
    chunk::minutes,
    civil::Day,
    episode::Segment,
    id::ChallengeId,
    metric::Metric,
    record::{Content, Record},
    records::StoredRecord,
    user::{
        Enrolment, EnrolmentState, User,
        explain::{Evidence, Minute, MinuteOf},
        fold::Loaded,
        portable::ChunkKey,
    },
};

use crate::{
    protocol::body::{
        self,
        explain::signature,
        quantity::{amount, measured},
    },
    registry,
    zones::shown_instant,
};

/// A device as its list shows it, with what it said of itself.
#[derive(Serialize)]
pub(super) struct Device {
    #[serde(flatten)]
    pub(super) device: body::Device,
    pub(super) vendor: Option<String>,
    pub(super) model: Option<String>,
}

/// A chosen rest day.
#[derive(Serialize)]
pub(super) struct RestDay {
    pub(super) day: String,
}

/// A pause, over or not.
#[derive(Serialize)]
pub(super) struct Pause {
    pub(super) from: String,
    pub(super) to: String,
}

/// An enrolment, with what others of the challenge see of the user: score and time, not who they are.
#[derive(Serialize)]
pub(super) struct Challenge {
    challenge: String,
    title: String,
    metric: &'static str,
    starts: String,
    ends: Option<String>,
    state: &'static str,
    joined_ms: i64,
    joined_at: String,
    score: Number,
    achieved_at_ms: i64,
}

impl Challenge {
    pub(super) fn of(id: ChallengeId, held: &Enrolment) -> Self {
        let of = &held.definition;
        Self {
            challenge: id.to_string(),
            title: of.title.clone(),
            metric: registry::metrics().name(of.metric),
            starts: of.starts.iso(),
            ends: (!of.is_endless).then(|| of.ends.iso()),
            state: match held.state {
                EnrolmentState::Active => "active",
                EnrolmentState::Frozen => "frozen",
                EnrolmentState::Left => "left",
                EnrolmentState::Settled => "settled",
                EnrolmentState::Waiting => "waiting",
                EnrolmentState::Cancelled => "cancelled",
                EnrolmentState::Voided => "voided",
            },
            joined_ms: held.joined_ms,
            joined_at: shown_instant(held.joined_ms),
            score: measured(of.kind.measure_of_sum(of.metric), held.score),
            achieved_at_ms: held.achieved_at_ms,
        }
    }
}

/// A stored copy of a sample: the members of a batch's record, and what the server noted of it.
#[derive(Serialize)]
pub(super) struct Sample {
    device: String,
    id: String,
    version: u32,
    deleted: bool,
    metric: &'static str,
    class: Option<&'static str>,
    unit: Option<&'static str>,
    start_ms: i64,
    start_at: String,
    end_ms: i64,
    end_at: String,
    offset_s: Option<i32>,
    value: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sport: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    segments: Vec<serde_json::Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    totals: BTreeMap<&'static str, Number>,
    method: &'static str,
    worn: Option<bool>,
    received_ms: i64,
    received_at: String,
    skewed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<&'static str>,
    chunk: String,
}

impl Sample {
    /// `user`: whose devices it may be of.
    pub(super) fn of(user: &User, (day, number): ChunkKey, copy: &StoredRecord) -> Self {
        let record = &copy.record;
        let episode = record.episode();
        let unit = registry::metrics().get(record.metric);
        let unit = unit.map(|of| of.unit.as_str());
        Self {
            device: device(user, copy.binding),
            id: record.id.to_string(),
            version: record.version,
            deleted: record.is_deleted(),
            metric: registry::metrics().name(record.metric),
            class: record.class().map(|class| class.name()),
            unit: unit.filter(|_| record.value().is_some()),
            start_ms: record.start_ms,
            start_at: shown_instant(record.start_ms),
            end_ms: record.end_ms,
            end_at: shown_instant(record.end_ms),
            offset_s: record.offset_s,
            value: record.value().map(|value| amount(record.metric, value)),
            epoch_id: epoch(record),
            sport: episode.and_then(|held| held.sport.as_deref().map(str::to_owned)),
            segments: episode
                .map_or_else(Vec::new, |held| held.segments.iter().map(segment).collect()),
            totals: episode.map_or_else(BTreeMap::new, |held| {
                held.totals.iter().map(total).collect()
            }),
            method: record.method.name(),
            worn: record.worn,
            received_ms: copy.received_ms,
            received_at: shown_instant(copy.received_ms),
            skewed: copy.skewed,
            signature: signature(copy.attest),
            chunk: format!("{}/{number}", day.iso()),
        }
    }
}

fn device(user: &User, binding: u32) -> String {
    let mut devices = user.devices.iter();
    let found = devices.find(|(_, held)| held.binding == binding);
    found.map_or_else(String::new, |(id, _)| id.to_string())
}

fn epoch(record: &Record) -> Option<String> {
    match &record.content {
        Content::Cumulative { epoch, .. } => Some(epoch.name()),
        _ => None,
    }
}

fn segment(of: &Segment) -> serde_json::Value {
    json!({"stage": of.stage.name(), "start_ms": of.start_ms, "end_ms": of.end_ms})
}

fn total((metric, value): &(Metric, i64)) -> (&'static str, Number) {
    (registry::metrics().name(*metric), amount(*metric, *value))
}

/// The minutes of a day: in words where no samples tell them any more.
#[derive(Serialize)]
pub(super) struct Minutes {
    day: String,
    chunk: String,
    metrics: Vec<MinutesOf>,
}

/// Rows of numbers under their columns: there are many.
#[derive(Serialize)]
struct MinutesOf {
    metric: &'static str,
    columns: &'static [&'static str],
    rows: Vec<Vec<Number>>,
}

const AMOUNTS: [&str; 3] = ["start_ms", "display", "eligible"];
const READINGS: [&str; 5] = ["start_ms", "n", "min", "max", "last"];

impl Minutes {
    /// `None`: the bytes are no minutes.
    pub(super) fn of(user: &User, (day, number): ChunkKey, chunk: &[u8]) -> Option<Self> {
        let head = minutes::decode(chunk).ok()?;
        let all = head.metrics();
        let shown = if user.manifest.contains_key(&day) {
            Vec::new()
        } else {
            let loaded = Loaded {
                minutes: BTreeMap::from([(day, head)]),
                ..Loaded::default()
            };
            let evidence = Evidence::new(user, &loaded);
            let of = |metric: Metric| minutes_of(&evidence, day, metric);
            all.into_iter().filter_map(of).collect()
        };
        Some(Self {
            day: day.iso(),
            chunk: format!("{}/{number}", day.iso()),
            metrics: shown,
        })
    }
}

fn minutes_of(evidence: &Evidence<'_>, day: Day, metric: Metric) -> Option<MinutesOf> {
    let minutes = evidence.minutes(day, metric);
    let is_gauge = matches!(minutes.first()?.of, MinuteOf::Readings { .. });
    Some(MinutesOf {
        metric: registry::metrics().name(metric),
        columns: if is_gauge { &READINGS } else { &AMOUNTS },
        rows: minutes.iter().map(|minute| row(metric, minute)).collect(),
    })
}

fn row(metric: Metric, minute: &Minute) -> Vec<Number> {
    let start_ms = Number::from(minute.start_ms);
    match &minute.of {
        MinuteOf::Amount {
            display, eligible, ..
        } => {
            let of = |given: &Option<(_, u32)>| {
                let value = given.as_ref().map_or(0, |(_, value)| *value);
                amount(metric, i64::from(value))
            };
            vec![start_ms, of(display), of(eligible)]
        }
        MinuteOf::Readings { readings, .. } => {
            let of = |value: i32| amount(metric, i64::from(value));
            let (min, max, last) = (readings.min, readings.max, readings.last);
            vec![
                start_ms,
                Number::from(readings.count),
                of(min),
                of(max),
                of(last),
            ]
        }
    }
}
