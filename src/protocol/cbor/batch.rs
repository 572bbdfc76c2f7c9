//! A plain batch in one pass, straight into what it is; nearly every frame is one.
//!
//! Whatever is unusual ends the pass without a word: the frame is then read by way of [`super::json()`], which knows all forms
//! and all refusals. What passes here is what would pass there, and a test holds the two together.

use minicbor::data::Type;
use streakline_core::{record::Record, sample::RecordRefusal};

use super::{
    fields::{LANES, TYPES},
    record, table,
    walk::{INTEGER_MAX, Walk, is_integer},
};
use crate::protocol::client_frame::{Batch, Lane, Signatures};

const TYPE: u64 = table::number("type");
const BATCH_ID: u64 = table::number("batch_id");
const LANE: u64 = table::number("lane");
const FIRST_SEQ: u64 = table::number("first_seq");
const RECORDS: u64 = table::number("records");
/// A field that tells nothing of a batch, but refusals echo it.
const ID: u64 = table::number("id");

type Records = Vec<Result<Record, RecordRefusal>>;

#[derive(Default)]
struct Found {
    is_batch: bool,
    batch_id: Option<u64>,
    lane: Option<Lane>,
    first_seq: Option<u64>,
    records: Option<(Records, Signatures)>,
}

/// A batch of up to `max_records` records, all of them plain.
pub(super) fn read(frame: &[u8], max_records: usize) -> Option<Batch> {
    let walk = &mut Walk::new(frame);
    let mut found = Found::default();
    let mut fields = Fields::of(walk, 0)?;
    while let Some(number) = fields.next(walk)? {
        match number {
            TYPE => {
                found.is_batch = word(walk, &TYPES)? == "batch";
                found.is_batch.then_some(())?;
            }
            BATCH_ID => found.batch_id = Some(unsigned(walk)?),
            LANE => found.lane = Some(lane(walk)?),
            FIRST_SEQ => found.first_seq = Some(unsigned(walk)?),
            RECORDS if found.is_batch => found.records = Some(records(walk, max_records)?),
            RECORDS | ID => return None,
            _ => fields.pass(walk)?,
        }
    }
    walk.is_done().then_some(())?;
    let (records, signatures) = found.records?;
    Some(Batch {
        batch_id: found.batch_id?,
        lane: found.lane?,
        first_seq: found.first_seq.filter(|first| *first > 0)?,
        bytes: frame.len(),
        records,
        signatures,
    })
}

fn lane(walk: &mut Walk<'_>) -> Option<Lane> {
    match word(walk, &LANES)? {
        "live" => Some(Lane::Live),
        _ => Some(Lane::Backfill),
    }
}

fn records(walk: &mut Walk<'_>, max_records: usize) -> Option<(Records, Signatures)> {
    let mut rest = walk.array().ok()?;
    let said = usize::try_from(rest.0?).ok()?;
    if said == 0 || said > max_records {
        return None;
    }
    let (mut records, mut signatures) = (Vec::with_capacity(said), Signatures::new());
    while walk.more(&mut rest).ok()? {
        let place = u32::try_from(records.len()).ok()?;
        let (record, signature) = record::read(walk)?;
        signatures.extend(signature.map(|signature| (place, signature)));
        records.push(Ok(record));
    }
    Some((records, signatures))
}

/// The fields of a map of ours, each at most once.
pub(super) struct Fields {
    left: u64,
    seen: u64,
    depth: usize,
}

impl Fields {
    /// A map at that depth; one without a length is unusual.
    pub(super) fn of(walk: &mut Walk<'_>, depth: usize) -> Option<Self> {
        let is_map = walk.kind().ok()? == Type::Map;
        is_map.then_some(())?;
        Some(Self {
            left: walk.map().ok()?.0?,
            seen: 0,
            depth: depth + 1,
        })
    }

    /// The number of the next field that may be ours; the inner `None` at the end, the outer one for a field that comes again.
    pub(super) fn next(&mut self, walk: &mut Walk<'_>) -> Option<Option<u64>> {
        while self.left > 0 {
            self.left -= 1;
            let number = walk.key(self.depth).ok()?;
            match number.filter(|number| is_ours(*number)) {
                Some(number) => {
                    let bit = 1 << (number % u64::from(u64::BITS));
                    (self.seen & bit == 0).then_some(())?;
                    self.seen |= bit;
                    return Some(Some(number));
                }
                None => self.pass(walk)?,
            }
        }
        Some(None)
    }

    /// Passes a value that is not ours.
    pub(super) fn pass(&self, walk: &mut Walk<'_>) -> Option<()> {
        walk.skip(self.depth).ok()
    }
}

/// Whether a field may be one of a batch or a record. The one with a large number shares its bit with one that is of neither.
fn is_ours(number: u64) -> bool {
    number < u64::from(u64::BITS) || number == record::ATTEST
}

/// A word by its number.
pub(super) fn word(walk: &mut Walk<'_>, words: &[&'static str]) -> Option<&'static str> {
    let place = unsigned(walk)?;
    words.get(usize::try_from(place).ok()?).copied()
}

/// An integer from 0 to 2^53 - 1.
pub(super) fn unsigned(walk: &mut Walk<'_>) -> Option<u64> {
    u64::try_from(signed(walk)?).ok()
}

/// An integer within +-(2^53 - 1).
pub(super) fn signed(walk: &mut Walk<'_>) -> Option<i64> {
    let kind = walk.kind().ok()?;
    let number = match kind {
        Type::F32 | Type::F64 => walk.float().ok()?.whole()?,
        kind if is_integer(kind) => i64::try_from(walk.integer().ok()?).ok()?,
        _ => return None,
    };
    (number.unsigned_abs() <= INTEGER_MAX).then_some(number)
}
