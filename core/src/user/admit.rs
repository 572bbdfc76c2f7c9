//! Admission: what may be journaled, and what is answered at once (design.md 4). Pure, and before the journal.
//!
//! It sees the state as it is and what waits in front; nothing changes here.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::String,
    vec::Vec,
};

use super::User;
use crate::{
    civil::Day,
    event::{BatchOutcome, Judgement},
    id::{DeviceId, OutboxId, RecordId},
    input::Ingest,
    limits,
    record::{Content, Epoch, Record},
    records::{self, Records},
    sample::{RecordCode, RecordRefusal},
};

/// A batch as it came: refused records keep their place.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrival {
    /// From which device.
    pub device: DeviceId,
    /// From which of its queues.
    pub outbox: OutboxId,
    /// 0 live, 1 backfill.
    pub lane: u8,
    /// Number of the first record.
    pub first_seq: u64,
    /// The session's clock was off.
    pub skewed: bool,
    /// What was parsed, or why not.
    pub records: Vec<Result<Record, RecordRefusal>>,
    /// Places of records without a signature of the device's key, rising; `None`: it has no key, and nobody looked.
    pub unsigned: Option<Vec<u32>>,
}

/// What becomes of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Journal this; these records are refused whatever the fold finds.
    Journal(Ingest, Vec<(u64, Judgement)>),
    /// Nothing new: answer at once.
    Answered(BatchOutcome),
    /// The batch leaves a gap; nothing of it is kept.
    SeqGap {
        /// The number that must come next.
        expected: u64,
    },
}

/// Judges a batch. `pending_to`: the last number of this (device, outbox, lane) that is journaled but not yet folded.
#[must_use]
pub fn batch(user: &User, arrival: Arrival, pending_to: Option<u64>, stamp_ms: i64) -> Admission {
    let device = user.devices.get(&arrival.device);
    let durable = device.map_or(0, |held| held.up_to_seq(arrival.outbox, arrival.lane));
    let expected = pending_to.unwrap_or(0).max(durable).saturating_add(1);
    if arrival.first_seq > expected {
        return Admission::SeqGap { expected };
    }
    let binding = device.map(|held| held.binding);
    let count = u32::try_from(arrival.records.len()).unwrap_or(u32::MAX);
    let mut recent = recent(user, &arrival);
    let (mut admitted, mut refused) = (Vec::new(), Vec::new());
    let mut taken = BTreeMap::new();
    let unsigned = arrival.unsigned.as_ref();
    let signed = |place| unsigned.is_some_and(|held| held.binary_search(&place).is_err());
    for (offset, record) in (0_u32..).zip(arrival.records) {
        let judged = record.and_then(|record| in_time(record, stamp_ms));
        let seq = arrival.first_seq.saturating_add(u64::from(offset));
        match judged {
            Ok(record) if repeats(&recent, binding, &record, signed(offset)) => {
                refused.push((seq, Judgement::Duplicate));
            }
            Ok(record) => match with_room(user, &mut taken, record) {
                Ok(record) => {
                    // What this one does to its key is the fold's to say, and so is what a later one of the batch then repeats.
                    binding.and_then(|binding| recent.remove(&(binding, record.id)));
                    admitted.push((offset, record));
                }
                Err(full) => refused.push((seq, Judgement::Rejected(full))),
            },
            Err(refusal) => refused.push((seq, Judgement::Rejected(refusal))),
        }
    }
    let ingest = Ingest {
        device: arrival.device,
        outbox: arrival.outbox,
        lane: arrival.lane,
        first_seq: arrival.first_seq,
        count,
        skewed: arrival.skewed,
        unsigned: unsigned.map(|held| among(held, &admitted)),
        records: admitted,
    };
    if ingest.records.is_empty() && ingest.last_seq() <= durable {
        return Admission::Answered(BatchOutcome {
            up_to_seq: durable,
            results: refused,
        });
    }
    Admission::Journal(ingest, refused)
}

/// The places that are those of admitted records.
fn among(places: &[u32], admitted: &[(u32, Record)]) -> Vec<u32> {
    let own = |place: &u32| admitted.binary_search_by_key(place, |(at, _)| *at).is_ok();
    places.iter().copied().filter(own).collect()
}

/// Refuses a record whose day has all that it may have: every record of a day is read again when something late changes it,
/// so their number is bounded. `taken`: what this batch has added. Batches that wait to be folded may still bring some more,
/// at most `PENDING_INPUTS_MAX` of them.
pub(super) fn with_room(
    user: &User,
    taken: &mut BTreeMap<Day, u32>,
    record: Record,
) -> Result<Record, RecordRefusal> {
    // A deletion finds its day in the fold; it takes the place of what it deletes.
    let Some(day) = day_of(user, &record) else {
        return Ok(record);
    };
    let held = user.days.get(&day).map_or(0, |state| state.records);
    let added = taken.entry(day).or_default();
    if held.saturating_add(*added) < limits::RECORDS_PER_DAY_MAX {
        *added = added.saturating_add(1);
        return Ok(record);
    }
    let (day, most) = (day.iso(), limits::RECORDS_PER_DAY_MAX);
    let detail = format!("{day} has {most} records, the most that a day may have");
    Err(RecordRefusal::new(RecordCode::Limit, detail))
}

/// The day that a record is kept with.
fn day_of(user: &User, record: &Record) -> Option<Day> {
    match record.content {
        Content::Deleted => None,
        Content::Cumulative {
            epoch: Epoch::Day(day),
            ..
        } => Some(day),
        _ => Some(user.day_of(record.start_ms)),
    }
}

/// Records since the last snapshot of ids that come again; a first-time batch looks for nothing.
fn recent(user: &User, arrival: &Arrival) -> Records {
    let mut known = Records::new();
    let device = user.devices.get(&arrival.device);
    let highest = device.and_then(|held| held.highest_id);
    let ids = arrival.records.iter().flatten().map(|record| record.id);
    let again: BTreeSet<RecordId> = ids.filter(|id| highest >= Some(*id)).collect();
    if again.is_empty() {
        return known;
    }
    for day in user.tail.days() {
        let copies = user.tail.of(day);
        records::file(
            &mut known,
            copies.filter(|copy| again.contains(&copy.record.id)),
        );
    }
    known
}

/// An exact repeat of a clean record that is still at hand, and that proves nothing new.
fn repeats(recent: &Records, binding: Option<u32>, record: &Record, signed: bool) -> bool {
    let copies = binding.and_then(|binding| recent.get(&(binding, record.id)));
    let held = copies.and_then(records::winner);
    held.is_some_and(|held| {
        let news = held.quarantined || signed && !held.attested;
        held.copy.record.says_the_same(record) && !news
    })
}

/// Event end decides (domain.md 1.5): at most 120 s ahead, at most 30 days old.
fn in_time(record: Record, stamp_ms: i64) -> Result<Record, RecordRefusal> {
    #[cfg(feature = "fault-injection")]
    crate::fault::taste_arrival(&record);
    if record.is_deleted() {
        // It has the times of the copy that it deletes, which the fold finds.
        return Ok(record);
    }
    let ahead_ms = record.end_ms.saturating_sub(stamp_ms);
    if ahead_ms > limits::FUTURE_MS_MAX {
        let detail = format!(
            "ends {} s ahead of the server's clock",
            ahead_ms.div_euclid(1_000)
        );
        return Err(RecordRefusal {
            code: RecordCode::Future,
            detail,
        });
    }
    if stamp_ms.saturating_sub(record.end_ms) > limits::ARCHIVE_AFTER_MS {
        let detail = String::from("ended more than 30 days ago");
        return Err(RecordRefusal {
            code: RecordCode::TooOld,
            detail,
        });
    }
    Ok(record)
}

/// Whether one more challenge may be joined, or waited for.
#[must_use]
pub fn may_enrol(user: &User) -> bool {
    let open = user.enrolments.values().filter(|held| held.is_open());
    open.count() < limits::ENROLMENTS_PER_USER_MAX
}

/// Whether a user may take part in one more challenge, made of a template that lets it be in so many open ones of that kind.
#[must_use]
pub fn may_enrol_from_template(user: &User, most: u32) -> bool {
    let open = user.enrolments.values().filter(|held| held.is_open());
    let made = open.filter(|held| held.definition.template.is_some());
    let fits = u32::try_from(made.count()).is_ok_and(|made| made < most);
    fits && may_enrol(user)
}
