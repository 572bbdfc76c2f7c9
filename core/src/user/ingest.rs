//! Samples into days: identity, the fast road that only adds minutes, and the slow one that rebuilds days from their records
//! (domain.md 1.3, 1.4; design.md 5). Both roads give the same state.

use alloc::{collections::BTreeSet, vec::Vec};

use super::{User, fold::Fold, hold, plan, progress, rebuild};
use crate::{
    civil::Day,
    day::{DeviceCells, Head},
    event::{BatchOutcome, Event, Judgement},
    input::Ingest,
    limits, merge,
    poison::Numbered,
    records::{self, Records, StoredRecord, Winner},
    sample::{Method, Record},
};

/// One batch on its way: what it has touched, and every record that may matter to it.
struct Batch {
    binding: u32,
    /// Days whose cells have changed and are right.
    touched: BTreeSet<Day>,
    /// Days whose cells must be rebuilt.
    dirty: BTreeSet<Day>,
    /// Copies by key, once the slow road needs them.
    known: Option<Records>,
}

pub(super) fn ingest(user: &mut User, fold: &mut Fold<'_>, input: &Ingest) {
    let Some(binding) = user.devices.get(&input.device).map(|device| device.binding) else {
        return;
    };
    let (touched, dirty) = (BTreeSet::new(), BTreeSet::new());
    let mut batch = Batch {
        binding,
        touched,
        dirty,
        known: None,
    };
    let mut results = Vec::new();
    for (offset, record) in &input.records {
        #[cfg(feature = "fault-injection")]
        crate::fault::taste_record(record);
        let copy = StoredRecord {
            binding,
            record: record.clone(),
            received_ms: fold.header.stamp_ms,
            skewed: input.skewed,
        };
        if let Some(judgement) = take(user, fold, &mut batch, copy) {
            results.push((
                input.first_seq.saturating_add(u64::from(*offset)),
                judgement,
            ));
        }
    }
    rebuild(user, fold, &mut batch);
    for day in batch.touched {
        progress::refresh(user, fold, day);
    }
    let up_to_seq = number(user, &hold::numbered(input));
    fold.emit(Event::Judged(BatchOutcome { up_to_seq, results }));
}

/// Numbering belongs to (device, outbox, lane) and never falls.
pub(super) fn number(user: &mut User, done: &Numbered) -> u64 {
    let Some(device) = user.devices.get_mut(&done.device) else {
        return 0;
    };
    let at = device
        .outboxes
        .iter()
        .position(|(id, _)| *id == done.outbox);
    let mut held = at.map_or((done.outbox, [0, 0]), |at| device.outboxes.remove(at));
    if let Some(lane) = held.1.get_mut(usize::from(done.lane)) {
        *lane = (*lane).max(done.last_seq);
    }
    device.outboxes.push(held);
    if device.outboxes.len() > limits::OUTBOXES_PER_DEVICE_MAX {
        device.outboxes.remove(0);
    }
    device.up_to_seq(done.outbox, done.lane)
}

/// Takes one record; answers how, where it was not plainly accepted.
fn take(
    user: &mut User,
    fold: &Fold<'_>,
    batch: &mut Batch,
    copy: StoredRecord,
) -> Option<Judgement> {
    let day = user.day_of(copy.record.start_ms);
    let judgement = accepted_as(&copy);
    match plan::road(user, batch.binding, &copy.record) {
        plan::Road::Fast => {
            if let Some(known) = &mut batch.known {
                records::file(known, [copy.clone()]);
            }
            if !user.is_archived(day, fold.header.stamp_ms) {
                append(user, batch, day, &copy);
            }
        }
        plan::Road::New => {
            file(user, fold, batch, &copy);
            mark(user, batch, &copy.record);
        }
        plan::Road::Slow => return judge(user, fold, batch, copy, judgement),
    }
    keep(user, batch, day, &copy);
    judgement
}

fn accepted_as(copy: &StoredRecord) -> Option<Judgement> {
    if copy.skewed {
        return Some(Judgement::Quarantined);
    }
    let cap = i64::from(limits::STEPS_PER_MINUTE_MAX);
    let steepest = || {
        merge::device_cells(&[&copy.record])
            .iter()
            .map(|cell| cell.value)
            .max()
    };
    let over = copy.record.value > cap && steepest() > Some(limits::STEPS_PER_MINUTE_MAX);
    over.then_some(Judgement::Clamped)
}

/// The slow road: the record's key may be known.
fn judge(
    user: &mut User,
    fold: &Fold<'_>,
    batch: &mut Batch,
    copy: StoredRecord,
    judgement: Option<Judgement>,
) -> Option<Judgement> {
    let known = batch.known.get_or_insert_with(|| gather(user, fold));
    let copies = known
        .get(&(copy.binding, copy.record.id))
        .cloned()
        .unwrap_or_default();
    if let Some(held) = records::winner(&copies) {
        if held.copy.record == copy.record {
            // A clean copy clears a quarantine; any other repeat changes nothing.
            if !held.quarantined || copy.skewed {
                return Some(Judgement::Duplicate);
            }
        } else if !records::beats(&copy.record, &held.copy.record) {
            return Some(Judgement::StaleVersion);
        }
        mark(user, batch, &held.copy.record);
    }
    file(user, fold, batch, &copy);
    mark(user, batch, &copy.record);
    let day = user.day_of(copy.record.start_ms);
    point(user, &copies, day);
    keep(user, batch, day, &copy);
    judgement
}

/// Days of the copies that a record wins over remember where it is: whoever rebuilds them must have it at hand.
fn point(user: &mut User, copies: &[StoredRecord], winner: Day) {
    for copy in copies {
        let day = user.day_of(copy.record.start_ms);
        if let Some(state) = user.days.get_mut(&day).filter(|_| day != winner) {
            state.moved_to.insert(winner);
        }
    }
}

/// Everything at hand: what was loaded, and the tail.
pub(super) fn gather(user: &User, fold: &Fold<'_>) -> Records {
    let mut known = Records::new();
    for copies in fold.loaded.days.values().flat_map(|day| day.values()) {
        records::file(&mut known, copies.iter().cloned());
    }
    for day in user.tail.days() {
        records::file(&mut known, user.tail.of(day));
    }
    known
}

/// Adds an accepted copy to what is at hand.
fn file(user: &User, fold: &Fold<'_>, batch: &mut Batch, copy: &StoredRecord) {
    let known = batch.known.get_or_insert_with(|| gather(user, fold));
    records::file(known, [copy.clone()]);
}

fn mark(user: &User, batch: &mut Batch, record: &Record) {
    batch.dirty.extend(plan::affected(user, record));
}

/// Keeps an accepted copy until the next snapshot, and what the device and the day must know of it.
fn keep(user: &mut User, batch: &mut Batch, day: Day, copy: &StoredRecord) {
    let record = &copy.record;
    user.tail.push(day, copy);
    user.days
        .entry(day)
        .or_default()
        .note(copy.binding, record.id, record.end_ms);
    let device = user
        .devices
        .values_mut()
        .find(|device| device.binding == batch.binding);
    if let Some(device) = device {
        device.highest_id = device.highest_id.max(Some(record.id));
        device.covered_to_ms = device.covered_to_ms.max(record.end_ms);
        device.last_sample_ms = device.last_sample_ms.max(Some(record.end_ms));
    }
}

/// The fast road: the record owns its whole interval, in a day whose minutes are at hand.
fn append(user: &mut User, batch: &mut Batch, day: Day, copy: &StoredRecord) {
    let device = user.device_of(copy.binding).map(|(id, _)| id);
    let state = user.days.entry(day).or_default();
    let head = state.head.get_or_insert_with(Head::default);
    let cells = head.devices.entry(copy.binding).or_default();
    let eligible = !copy.skewed && copy.record.method != Method::Manual;
    append_cells(cells, &copy.record, eligible);
    if cells.is_empty() {
        head.devices.remove(&copy.binding);
    }
    state.records = state.records.saturating_add(1);
    if let Some(device) = device {
        state
            .identities
            .add(device, copy.record.id, copy.record.version);
    }
    batch.touched.insert(day);
}

fn append_cells(cells: &mut DeviceCells, record: &Record, eligible: bool) {
    if !eligible && cells.eligible.is_none() {
        cells.eligible = Some(cells.display.clone());
    }
    merge::append(&mut cells.display, record);
    if let Some(own) = &mut cells.eligible {
        if eligible {
            merge::append(own, record);
        }
        if *own == cells.display {
            cells.eligible = None;
        }
    }
}

/// Rebuilds the dirty days from every record that reaches into them; minutes of archived ones stay (domain.md 1.5).
fn rebuild(user: &mut User, fold: &Fold<'_>, batch: &mut Batch) {
    let Some(known) = batch.known.take() else {
        return;
    };
    let winners: Vec<Winner<'_>> = known.values().filter_map(records::winner).collect();
    for day in core::mem::take(&mut batch.dirty) {
        if user.is_archived(day, fold.header.stamp_ms) {
            rebuild::bridge(user, day, &winners);
        } else if rebuild::minutes(user, day, &winners) {
            batch.touched.insert(day);
        }
    }
}
