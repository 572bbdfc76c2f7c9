//! A batch of samples: a wrong envelope refuses it whole, a wrong record only itself (protocol.md 3).

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use streakline_core::{limits, record::Record, sample::RecordRefusal};

use super::{
    Code, Frame, Refusal, at, bad_frame,
    record::{self, Signatures, nothing_else},
    required,
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
    /// What signs them.
    pub signatures: Signatures,
}

/// Most characters of a lane's name.
const LANE_CHARS_MAX: usize = 16;

pub(super) fn read(frame: Frame<'_>, bytes: usize, max_records: usize) -> Result<Batch, Refusal> {
    let batch_id = at("/batch_id", scalar::unsigned(frame.batch_id))?;
    let first_seq = at("/first_seq", scalar::unsigned(frame.first_seq))?;
    let first_seq = required("/first_seq", first_seq)?;
    if first_seq == 0 {
        return Err(bad_frame("/first_seq", "/first_seq counts from 1".into()));
    }
    let batch_id = required("/batch_id", batch_id)?;
    let lane = read_lane(frame.lane)?;
    let (records, signatures) = read_records(frame.records, max_records)?;
    Ok(Batch {
        batch_id,
        lane,
        first_seq,
        bytes,
        records,
        signatures,
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
    records: Option<Records>,
    max_records: usize,
) -> Result<(Vec<Result<Record, RecordRefusal>>, Signatures), Refusal> {
    let Records {
        judged,
        signatures,
        count,
    } = required("/records", records)?;
    match count {
        None => Err(bad_frame("/records", "/records must be an array".into())),
        Some(0) => Err(bad_frame("/records", "/records must not be empty".into())),
        Some(count) if count > max_records => {
            let detail = format!("{count} records in a batch, at most {max_records}");
            Err(Refusal::new(Code::BatchTooLarge, detail))
        }
        Some(_) => Ok((judged, signatures)),
    }
}

/// The records of a batch, each judged as soon as it is found.
pub(super) struct Records {
    /// No more than any batch may have.
    judged: Vec<Result<Record, RecordRefusal>>,
    signatures: Signatures,
    /// How many there are; `None` where there is something else than an array.
    count: Option<usize>,
}

impl<'de> Deserialize<'de> for Records {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Array)
    }
}

struct Array;

impl Array {
    const ABSENT: Records = Records {
        judged: Vec::new(),
        signatures: Vec::new(),
        count: None,
    };
}

impl<'de> Visitor<'de> for Array {
    type Value = Records;

    nothing_else!(Self::ABSENT);

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Records, A::Error> {
        let (mut judged, mut signatures) = (Vec::new(), Signatures::new());
        while judged.len() < limits::BATCH_RECORDS_MAX
            && let Some(found) = seq.next_element()?
        {
            let (record, signature) = record::signed(found);
            let place = u32::try_from(judged.len()).unwrap_or(u32::MAX);
            signatures.extend(signature.map(|signature| (place, signature)));
            judged.push(record);
        }
        let mut count = judged.len();
        while seq.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Records {
            judged,
            signatures,
            count: Some(count),
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Records, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::ABSENT)
    }
}
