//! Samples into days: identity, the fast road that only adds minutes, and the slow one that rebuilds days from their records
//! (domain.md 1.3, 1.4; design.md 5). Both roads give the same state.

use alloc::{collections::BTreeSet, vec::Vec};

use super::{User, fold::Fold, plan, progress};
use crate::{
    civil::{Day, MINUTE_MS},
    day::{DayState, DeviceCells, Head, Identities},
    event::{BatchOutcome, Event, Judgement},
    input::Ingest,
    limits, merge,
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
    let up_to_seq = number(user, input);
    fold.emit(Event::Judged(BatchOutcome { up_to_seq, results }));
}

/// Numbering belongs to (device, outbox, lane) and never falls.
fn number(user: &mut User, input: &Ingest) -> u64 {
    let Some(device) = user.devices.get_mut(&input.device) else {
        return 0;
    };
    let at = device
        .outboxes
        .iter()
        .position(|(id, _)| *id == input.outbox);
    let mut held = at.map_or((input.outbox, [0, 0]), |at| device.outboxes.remove(at));
    if let Some(lane) = held.1.get_mut(usize::from(input.lane)) {
        *lane = (*lane).max(input.last_seq());
    }
    device.outboxes.push(held);
    if device.outboxes.len() > limits::OUTBOXES_PER_DEVICE_MAX {
        device.outboxes.remove(0);
    }
    device.up_to_seq(input.outbox, input.lane)
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
        plan::Road::Fast => append(user, batch, day, &copy),
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
    keep(user, batch, day, &copy);
    judgement
}

/// Everything at hand: what was loaded, and the tail.
fn gather(user: &User, fold: &Fold<'_>) -> Records {
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
    if cells.display.is_empty() {
        head.devices.remove(&copy.binding);
    }
    state.records = state.records.saturating_add(1);
    if let Some(device) = device {
        state
            .identities
            .add(device, copy.record.id, copy.record.version);
    }
    if let Some(known) = &mut batch.known {
        records::file(known, [copy.clone()]);
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

/// Rebuilds the dirty days that are not archived from every record that reaches into them. A day that comes out as it was is
/// not touched: whether it had to be rebuilt depends on which minutes a snapshot has let go.
fn rebuild(user: &mut User, fold: &Fold<'_>, batch: &mut Batch) {
    let Some(known) = batch.known.take() else {
        return;
    };
    let winners: Vec<Winner<'_>> = known.values().filter_map(records::winner).collect();
    for day in core::mem::take(&mut batch.dirty) {
        let archived_ms = user
            .calendar()
            .end_ms(day)
            .saturating_add(limits::ARCHIVE_AFTER_MS);
        if archived_ms > fold.header.stamp_ms {
            let hash = |user: &User| {
                let standings = user.standings();
                user.days.get(&day).map(|day| day.state_hash(&standings))
            };
            let before = hash(user);
            rebuild_day(user, day, &winners);
            if hash(user) != before {
                batch.touched.insert(day);
            }
        }
    }
}

/// Brings the minutes of cold days back from their records, which `plan` has asked for.
pub(super) fn warm(user: &mut User, fold: &Fold<'_>, days: &[Day]) {
    let loaded = |day: &&Day| fold.loaded.days.contains_key(day);
    let is_cold = |day: &&Day| user.days.get(day).is_some_and(DayState::is_cold);
    let cold: Vec<Day> = days
        .iter()
        .filter(is_cold)
        .filter(loaded)
        .copied()
        .collect();
    if cold.is_empty() {
        return;
    }
    let known = gather(user, fold);
    let winners: Vec<Winner<'_>> = known.values().filter_map(records::winner).collect();
    cold.iter()
        .for_each(|day| rebuild_day(user, *day, &winners));
}

fn rebuild_day(user: &mut User, day: Day, winners: &[Winner<'_>]) {
    let (start_ms, end_ms) = (user.calendar().start_ms(day), user.calendar().end_ms(day));
    let reach = reach_of(winners, start_ms, end_ms);
    let near: Vec<&Winner<'_>> = winners
        .iter()
        .filter(|w| w.copy.record.end_ms > reach.0 && w.copy.record.start_ms < reach.1)
        .collect();
    let mut head = Head::default();
    for binding in user.devices.values().map(|device| device.binding) {
        let of = |eligible: bool| {
            let own = near.iter().filter(|w| w.copy.binding == binding);
            let records: Vec<&Record> = own
                .filter(|w| !eligible || w.eligible())
                .map(|w| &w.copy.record)
                .collect();
            within(merge::device_cells(&records), start_ms, end_ms)
        };
        let display = of(false);
        let all = near
            .iter()
            .all(|w| w.copy.binding != binding || w.eligible());
        let eligible = if all {
            None
        } else {
            Some(of(true)).filter(|own| *own != display)
        };
        if !display.is_empty() {
            head.devices
                .insert(binding, DeviceCells { display, eligible });
        }
    }
    let own = winners
        .iter()
        .filter(|w| (start_ms..end_ms).contains(&w.copy.record.start_ms));
    let mut identities = Identities::default();
    let mut count = 0_u32;
    for winner in own {
        count = count.saturating_add(1);
        if let Some((device, _)) = user.device_of(winner.copy.binding) {
            identities.add(device, winner.copy.record.id, winner.copy.record.version);
        }
    }
    let state = user.days.entry(day).or_insert_with(DayState::default);
    (state.head, state.identities, state.records) = (Some(head), identities, count);
}

/// The span of all records that reach into a day: a coarse one outside its end still shares what finer ones there leave.
fn reach_of(winners: &[Winner<'_>], start_ms: i64, end_ms: i64) -> (i64, i64) {
    let inside = winners.iter().map(|w| &w.copy.record);
    let touching = inside.filter(|r| r.end_ms > start_ms && r.start_ms < end_ms);
    touching.fold((start_ms, end_ms), |(from, to), r| {
        (from.min(r.start_ms), to.max(r.end_ms))
    })
}

fn within(mut cells: Vec<merge::Cell>, start_ms: i64, end_ms: i64) -> Vec<merge::Cell> {
    cells.retain(|cell| {
        (start_ms..end_ms).contains(&i64::from(cell.minute).saturating_mul(MINUTE_MS))
    });
    cells
}
