//! What a record of an episode has beside its interval: segments of a sleep; sport and totals of a workout.

use serde::Deserialize;
use serde_json::value::RawValue;
use streakline_core::{
    episode::{Episode, Segment, Stage},
    limits,
    metric::{Class, Definition, Metric},
    record::Record,
    sample::{RecordCode, RecordRefusal},
};

use super::{Fields, amount, bad_sample, named, required, word};
use crate::{
    protocol::client_frame::scalar::{self, Raw},
    registry,
};

#[derive(Deserialize)]
struct SegmentFields<'a> {
    #[serde(borrow)]
    stage: Raw<'a>,
    #[serde(borrow)]
    start_ms: Raw<'a>,
    #[serde(borrow)]
    end_ms: Raw<'a>,
}

/// The parts of an episode, their shape checked.
pub(super) struct Parts<'a> {
    segments: Option<Vec<Segment>>,
    sport: Option<String>,
    totals: Option<Vec<(String, &'a str)>>,
}

pub(super) fn read<'a>(fields: &Fields<'a>) -> Result<Parts<'a>, RecordRefusal> {
    let sport = named(
        "sport",
        scalar::text(fields.sport, limits::SAMPLE_TEXT_CHARS_MAX),
    )?;
    Ok(Parts {
        segments: fields.segments.map(segments).transpose()?,
        sport: sport.map(String::from),
        totals: fields.totals.map(totals).transpose()?,
    })
}

fn segments(raw: &RawValue) -> Result<Vec<Segment>, RecordRefusal> {
    let rows = serde_json::from_str::<Vec<&RawValue>>(raw.get())
        .map_err(|_| bad_sample("segments must be an array"))?;
    rows.into_iter().map(segment).collect()
}

fn segment(raw: &RawValue) -> Result<Segment, RecordRefusal> {
    let fields = named("a segment", scalar::object::<SegmentFields<'_>>(Some(raw)))?;
    let fields = fields.ok_or_else(|| bad_sample("a segment must be an object"))?;
    let stage = required("stage of a segment", word("stage", fields.stage)?)?;
    let stage = Stage::parse(&stage).ok_or_else(|| {
        let stages = Stage::ALL.map(Stage::name).join(", ");
        RecordRefusal::new(
            RecordCode::BadSample,
            format!("stage must be one of {stages}"),
        )
    })?;
    let start_ms = named("start_ms", scalar::signed(fields.start_ms))?;
    let end_ms = named("end_ms", scalar::signed(fields.end_ms))?;
    Ok(Segment {
        start_ms: required("start_ms of a segment", start_ms)?,
        end_ms: required("end_ms of a segment", end_ms)?,
        stage,
    })
}

/// An object of numbers by metric; which metrics these are is looked at later.
fn totals(raw: &RawValue) -> Result<Vec<(String, &str)>, RecordRefusal> {
    let object = serde_json::from_str::<std::collections::BTreeMap<String, &RawValue>>(raw.get())
        .map_err(|_| bad_sample("totals must be an object of numbers by metric"))?;
    let mut totals = Vec::with_capacity(object.len());
    for (name, value) in object {
        let value = required("a total", amount::number(Some(value))?)?;
        totals.push((name, value));
    }
    Ok(totals)
}

impl Parts<'_> {
    /// The content of an episode of that metric, checked against the record's interval.
    pub(super) fn content(
        self,
        of: &Definition,
        record: &Record,
    ) -> Result<Box<Episode>, RecordRefusal> {
        let workout = of.metric == Metric::WORKOUT;
        if !workout && (self.sport.is_some() || self.totals.is_some()) {
            return Err(bad_sample("sport and totals belong to a workout"));
        }
        if workout && self.sport.is_none() {
            return Err(bad_sample("sport is missing"));
        }
        let totals = self.totals.unwrap_or_default().into_iter();
        let mut totals = totals
            .map(|(name, text)| total(&name, text))
            .collect::<Result<Vec<_>, _>>()?;
        totals.sort_unstable();
        let mut episode = Episode {
            segments: self.segments.unwrap_or_default(),
            sport: self.sport,
            totals,
        };
        if record.end_ms > record.start_ms {
            episode.check((record.start_ms, record.end_ms))?;
        }
        Ok(Box::new(episode))
    }

    /// Another class has none of them.
    pub(super) fn refuse_all(&self, class: Class) -> Result<(), RecordRefusal> {
        let none = self.segments.is_none() && self.sport.is_none() && self.totals.is_none();
        if none {
            return Ok(());
        }
        let detail = format!(
            "segments, sport and totals belong to an episode, not to class {}",
            class.name()
        );
        Err(RecordRefusal::new(RecordCode::BadSample, detail))
    }
}

fn total(name: &str, text: &str) -> Result<(Metric, i64), RecordRefusal> {
    let of = registry::metrics()
        .named(name)
        .filter(|of| of.class != Class::Episode);
    let of = of.ok_or_else(|| {
        let detail = format!("there is no metric {name:?} that a workout can total");
        RecordRefusal::new(RecordCode::UnknownMetric, detail)
    })?;
    let value = amount::read(of, text, None)?;
    let (low, high) = of.range;
    if !(low..=high).contains(&value) {
        return Err(RecordRefusal::new(RecordCode::Range, of.outside(value)));
    }
    Ok((of.metric, value))
}
