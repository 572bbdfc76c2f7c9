//! A batch of samples: a wrong envelope refuses it whole, a wrong record only itself (protocol.md 3).

use serde::Deserialize;
use serde_json::value::RawValue;
use streakline_core::{record::Record, sample::RecordRefusal};

use super::{
    Code, Refusal, at, bad_frame, record, required,
    scalar::{self, Raw},
};

/// Lane of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// What happens now.
    Live,
    /// What a device has kept.
    Backfill,
}

/// A batch; refused records keep their place.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Echoed.
    pub batch_id: u64,
    /// Which numbering.
    pub lane: Lane,
    /// Number of the first record, from 1.
    pub first_seq: u64,
    /// Of its frame.
    pub bytes: usize,
    /// At least one.
    pub records: Vec<Result<Record, RecordRefusal>>,
}

#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow)]
    batch_id: Raw<'a>,
    #[serde(borrow)]
    lane: Raw<'a>,
    #[serde(borrow)]
    first_seq: Raw<'a>,
    #[serde(borrow)]
    records: Raw<'a>,
}

/// Most characters of a lane's name.
const LANE_CHARS_MAX: usize = 16;

pub(super) fn read(text: &str, max_records: usize) -> Result<Batch, Refusal> {
    let frame: Frame<'_> = super::parse(text)?;
    let batch_id = at("/batch_id", scalar::unsigned(frame.batch_id))?;
    let first_seq = at("/first_seq", scalar::unsigned(frame.first_seq))?;
    let first_seq = required("/first_seq", first_seq)?;
    if first_seq == 0 {
        return Err(bad_frame("/first_seq", "/first_seq counts from 1".into()));
    }
    Ok(Batch {
        batch_id: required("/batch_id", batch_id)?,
        lane: read_lane(frame.lane)?,
        first_seq,
        bytes: text.len(),
        records: read_records(frame.records, max_records)?,
    })
}

fn read_lane(raw: Raw<'_>) -> Result<Lane, Refusal> {
    let name = at("/lane", scalar::text(raw, LANE_CHARS_MAX))?;
    match required("/lane", name)?.as_ref() {
        "live" => Ok(Lane::Live),
        "backfill" => Ok(Lane::Backfill),
        _ => Err(bad_frame("/lane", "/lane must be live or backfill".into())),
    }
}

fn read_records(
    raw: Raw<'_>,
    max_records: usize,
) -> Result<Vec<Result<Record, RecordRefusal>>, Refusal> {
    let raw = required("/records", raw)?;
    let records = serde_json::from_str::<Vec<&RawValue>>(raw.get())
        .map_err(|_| bad_frame("/records", "/records must be an array".into()))?;
    match records.len() {
        0 => Err(bad_frame("/records", "/records must not be empty".into())),
        count if count > max_records => {
            let detail = format!("{count} records in a batch, at most {max_records}");
            Err(Refusal::new(Code::BatchTooLarge, detail))
        }
        _ => Ok(records.into_iter().map(record::read).collect()),
    }
}
