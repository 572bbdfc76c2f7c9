//! Samples into days: identity, the fast road that only adds minutes, and the slow one that rebuilds days from their records
//! (domain.md 1.3, 1.4; design.md 5). Both roads give the same state.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use super::{
    User, counters,
    devices::Counts,
    fold::{Fold, Loaded},
    hold, is_archived, plan, progress, rebuild, seen,
};
use crate::{
    attest::Attest,
    calendar::DaySpan,
    civil::Day,
    day::{Attested, DeviceCells},
    event::{BatchOutcome, Event, Judgement},
    input::Ingest,
    limits,
    manual::{Known, ManualPolicy, Total},
    merge,
    metric::Metric,
    poison::Numbered,
    record::{Content, Epoch, Record},
    records::{self, Records, StoredRecord, Winner},
    sample::{RecordCode, RecordRefusal},
};

/// One batch on its way: what it has touched, and every record that may matter to it.
struct Batch {
    binding: u32,
    /// The day of the last record's start.
    span: Option<DaySpan>,
    /// Days whose cells have changed and are right, with the metrics that changed.
    touched: BTreeMap<Day, BTreeSet<Metric>>,
    /// Days whose cells must be rebuilt.
    dirty: BTreeSet<Day>,
    /// Copies by key, once the slow road needs them.
    known: Option<Records>,
}

impl Batch {
    /// The day of an instant; records of a batch mostly start in one.
    fn span_of(&mut self, user: &User, at_ms: i64) -> DaySpan {
        let held = self.span.filter(|span| span.has(at_ms));
        *self
            .span
            .insert(held.unwrap_or_else(|| user.calendar().span_of(at_ms)))
    }
}

pub(super) fn ingest(user: &mut User, fold: &mut Fold<'_>, input: &Ingest) {
    let Some(binding) = user.devices.get(&input.device).map(|device| device.binding) else {
        return;
    };
    let mut batch = Batch {
        binding,
        span: None,
        touched: BTreeMap::new(),
        dirty: BTreeSet::new(),
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
            attest: input.attest(*offset, record),
        };
        if let Some(judgement) = take(user, fold, &mut batch, copy) {
            results.push((
                input.first_seq.saturating_add(u64::from(*offset)),
                judgement,
            ));
        }
    }
    rebuild(user, fold, &mut batch);
    for (day, metrics) in batch.touched {
        progress::refresh(user, fold, day, &metrics);
    }
    let up_to_seq = number(user, &hold::numbered(input));
    seen::changed(user, fold, input.device);
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
    let judgement = accepted_as(&copy);
    let span = batch.span_of(user, copy.record.start_ms);
    match plan::road(user, (batch.binding, span), (&copy.record, copy.known())) {
        // A total of a day is never here, so the day of its start is the one that it is kept with.
        plan::Road::Fast => {
            if let Some(known) = &mut batch.known {
                records::file(known, [copy.clone()]);
            }
            if !is_archived(span.end_ms, fold.header.stamp_ms) {
                append(user, batch, span, &copy);
            }
            keep(user, batch, span.day, &copy);
        }
        plan::Road::New => accept(user, fold, batch, copy),
        plan::Road::Slow => return judge(user, fold, batch, copy, judgement),
    }
    judgement
}

/// A copy that wins over all that is known of its key: it is kept, and its days must be rebuilt. The device's readings are
/// noted before the days are marked, so that a counter's new day is seen.
fn accept(user: &mut User, fold: &Fold<'_>, batch: &mut Batch, copy: StoredRecord) {
    let day = copy.day(user.calendar());
    file(user, fold, batch, &copy);
    keep(user, batch, day, &copy);
    mark(user, batch, &copy.record);
}

fn accepted_as(copy: &StoredRecord) -> Option<Judgement> {
    if copy.skewed {
        return Some(Judgement::Quarantined);
    }
    if copy.attest == Attest::Unsigned {
        return Some(Judgement::Unsigned);
    }
    let cap = progress::minute_cap(copy.record.metric)?;
    let steepest = || {
        let cells = merge::device_cells(&[&copy.record]);
        cells.iter().map(|cell| cell.value).max()
    };
    let large = copy
        .record
        .value()
        .is_some_and(|value| value > i64::from(cap));
    (large && steepest() > Some(cap)).then_some(Judgement::Clamped)
}

/// Copies of an import, all by the slow road; answers the days that are others now, with what they say something else of.
pub(super) fn import(
    user: &mut User,
    fold: &Fold<'_>,
    binding: u32,
    copies: Vec<StoredRecord>,
) -> BTreeMap<Day, BTreeSet<Metric>> {
    let mut batch = Batch {
        binding,
        span: None,
        touched: BTreeMap::new(),
        dirty: BTreeSet::new(),
        known: None,
    };
    for copy in copies {
        judge(user, fold, &mut batch, copy, None);
    }
    let known = batch.known.take().unwrap_or_default();
    let winners = rebuild::winners(&known);
    for day in batch.dirty {
        let metrics = rebuild::minutes(user, day, &winners);
        if !metrics.is_empty() {
            batch.touched.insert(day, metrics);
        }
    }
    batch.touched
}

/// The slow road: the record's key may be known.
fn judge(
    user: &mut User,
    fold: &Fold<'_>,
    batch: &mut Batch,
    mut copy: StoredRecord,
    judgement: Option<Judgement>,
) -> Option<Judgement> {
    let known = batch.known.get_or_insert_with(|| gather(user, fold.loaded));
    let copies = known
        .get(&(copy.binding, copy.record.id))
        .cloned()
        .unwrap_or_default();
    let held = records::winner(&copies);
    if copy.record.is_deleted()
        && let Err(too_old) = place_deletion(&mut copy, held)
    {
        return Some(too_old);
    }
    if let Some(held) = held {
        if held.copy.record.says_the_same(&copy.record) {
            // A clean copy clears a quarantine, a signed one proves; any other repeat changes nothing.
            if !held.gains_by(copy.known()) {
                return Some(Judgement::Duplicate);
            }
        } else if !records::beats(&copy.record, &held.copy.record) {
            return Some(Judgement::StaleVersion);
        }
        mark(user, batch, &held.copy.record);
        forget_reading(user, batch.binding, &held.copy.record);
    }
    let day = copy.day(user.calendar());
    point(user, &copies, day);
    accept(user, fold, batch, copy);
    judgement
}

/// A deletion is kept with the copy that it deletes and judged by its times; of an unknown sample it is kept where it came
/// (domain.md 1.3, 1.5).
fn place_deletion(copy: &mut StoredRecord, held: Option<Winner<'_>>) -> Result<(), Judgement> {
    let received_ms = copy.received_ms;
    let (start_ms, end_ms) = held.map_or((received_ms, received_ms), |held| {
        (held.copy.record.start_ms, held.copy.record.end_ms)
    });
    let age_ms = received_ms.saturating_sub(end_ms);
    (copy.record.start_ms, copy.record.end_ms) = (start_ms, end_ms);
    if age_ms > limits::ARCHIVE_AFTER_MS {
        let detail = "the sample that it deletes ended more than 30 days ago";
        let refusal = RecordRefusal::new(RecordCode::TooOld, detail);
        return Err(Judgement::Rejected(refusal));
    }
    Ok(())
}

fn forget_reading(user: &mut User, binding: u32, record: &Record) {
    let devices = user.devices.values_mut();
    let own = devices.filter(|device| device.binding == binding);
    own.for_each(|device| device.forget_reading(record));
}

/// Days of the copies that a record wins over remember where it is: whoever rebuilds them must have it at hand.
fn point(user: &mut User, copies: &[StoredRecord], winner: Day) {
    for copy in copies {
        let day = copy.day(user.calendar());
        if let Some(state) = user.days.get_mut(&day).filter(|_| day != winner) {
            state.moved_to.insert(winner);
        }
    }
}

/// Everything at hand: what was loaded, and the tail.
pub(super) fn gather(user: &User, loaded: &Loaded) -> Records {
    let mut known = Records::new();
    for copies in loaded.days.values().flat_map(|day| day.values()) {
        records::file(&mut known, copies.iter().cloned());
    }
    for day in user.tail.days().filter(|day| user.keeps_records(*day)) {
        records::file(&mut known, user.tail.of(day));
    }
    known
}

/// Adds an accepted copy to what is at hand.
fn file(user: &User, fold: &Fold<'_>, batch: &mut Batch, copy: &StoredRecord) {
    let known = batch.known.get_or_insert_with(|| gather(user, fold.loaded));
    records::file(known, [copy.clone()]);
}

fn mark(user: &User, batch: &mut Batch, record: &Record) {
    let affected = plan::affected(user, batch.binding, record);
    batch.dirty.extend(affected);
}

/// Keeps an accepted copy until the next snapshot, and what the device and the day must know of it.
fn keep(user: &mut User, batch: &Batch, day: Day, copy: &StoredRecord) {
    let record = &copy.record;
    user.tail.push(day, copy);
    user.days
        .entry(day)
        .or_default()
        .note(copy.binding, record.id, reach_ms(record));
    note_counter(user, copy);
    let counts = Counts::of(user.manual_policy, record, copy.known());
    let devices = user.devices.values_mut();
    let own = devices.filter(|device| device.binding == batch.binding);
    own.for_each(|device| device.note(record, counts));
}

/// Notes on which days a counter was read.
pub(super) fn note_counter(user: &mut User, copy: &StoredRecord) {
    let record = &copy.record;
    if !counters::is_of_a_run(record) {
        return;
    }
    let ends = [user.day_of(record.start_ms), user.day_of(record.end_ms)];
    counters::note(&mut user.counter_runs, copy.binding, record, ends);
}

/// How far a record shares time with others; a total of a day shares none, whenever it was told.
pub(super) fn reach_ms(record: &Record) -> i64 {
    match record.content {
        Content::Cumulative {
            epoch: Epoch::Day(_),
            ..
        } => i64::MIN,
        // A reading at an instant lies in the minute that begins with it.
        _ => record.end_ms.max(record.start_ms.saturating_add(1)),
    }
}

/// The fast road: the record owns its whole interval, in a day whose minutes are at hand.
fn append(user: &mut User, batch: &mut Batch, span: DaySpan, copy: &StoredRecord) {
    let (day, span) = (span.day, (span.start_ms, span.end_ms));
    let (record, key) = (&copy.record, (copy.record.metric, copy.binding));
    let Some((device, held)) = user.device_of(copy.binding) else {
        return;
    };
    let reading = held.counters.get(&record.metric);
    let before = reading.map(|held| (held.value, held.at_ms));
    let policy = user.manual_policy;
    let state = user.days.entry(day).or_default();
    let head = state.head.get_or_insert_default();
    if let Content::Gauge(_) = record.content {
        merge::append_reading(head.readings.or_default(key), record);
    } else {
        let cells = head.amounts.or_default(key);
        append_attested(cells, (before, record), policy, copy.known());
        append_cells(cells, (before, record), |total| {
            policy.leaves_out(total, record, copy.known())
        });
        cells.settle_attested();
        if cells.is_empty() {
            head.amounts.remove(&key);
        }
    }
    head.wear.note(&copy.record, span);
    state.worn_minutes = head.wear.minutes();
    let aside = u32::from(copy.known().quarantined);
    state.quarantined = state.quarantined.saturating_add(aside);
    state.records = state.records.saturating_add(1);
    state.identities.add(device, record.id, record.version);
    batch.touched.entry(day).or_default().insert(record.metric);
}

/// Before the other runs are appended to, since this one may be the eligible one as it was until now.
fn append_attested(
    cells: &mut DeviceCells,
    (before, record): (Option<(i64, i64)>, &Record),
    policy: ManualPolicy,
    known: Known,
) {
    let counts = Counts::of(policy, record, known);
    let mut own = match &cells.attested {
        // What most devices are: without a key, or with all their samples signed.
        None if !counts.attested => return,
        Some(Attested::AsEligible) if counts.attested == counts.eligible => return,
        _ => cells.take_attested(),
    };
    if counts.attested {
        merge::append(&mut own, before, record);
    }
    cells.attested = Some(Attested::Own(own));
}

fn append_cells(
    cells: &mut DeviceCells,
    (before, record): (Option<(i64, i64)>, &Record),
    leaves_out: impl Fn(Total) -> bool,
) {
    let DeviceCells {
        display,
        eligible,
        goals,
        ..
    } = cells;
    let mut others = [(Total::Eligible, eligible), (Total::Goals, goals)];
    for (total, own) in &mut others {
        if leaves_out(*total) && own.is_none() {
            **own = Some(display.clone());
        }
    }
    merge::append(display, before, record);
    for (total, own) in others {
        if let Some(cells) = own.as_mut().filter(|_| !leaves_out(total)) {
            merge::append(cells, before, record);
        }
        if own.as_ref() == Some(display) {
            *own = None;
        }
    }
}

/// Rebuilds the dirty days from every record that reaches into them; minutes of archived ones stay (domain.md 1.5).
fn rebuild(user: &mut User, fold: &Fold<'_>, batch: &mut Batch) {
    let Some(known) = batch.known.take() else {
        return;
    };
    let winners = rebuild::winners(&known);
    for day in core::mem::take(&mut batch.dirty) {
        if user.is_archived(day, fold.header.stamp_ms) {
            rebuild::bridge(user, day, &winners);
            continue;
        }
        let metrics = rebuild::minutes(user, day, &winners);
        if !metrics.is_empty() {
            batch.touched.entry(day).or_default().extend(metrics);
        }
    }
}
