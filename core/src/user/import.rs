//! Older history, through the import endpoint (domain.md 1.5): kept with its day and shown, and never scored.
//!
//! An import reaches archived days only. Its copies are stored like those of a session whose clock was off, so no run of the
//! merge that is rewarded ever reads them; and what a day was worth when it was archived stays, whatever is shown of it now.
//! Goals, streaks, tokens and challenges are not asked. Judged by `admit`, folded by `fold`.

use alloc::{collections::BTreeMap, collections::BTreeSet, format, vec::Vec};

use super::{User, admit, devices, fold::Fold, ingest, progress};
use crate::{
    attest::Attest,
    civil::Day,
    event::Topic,
    id::DeviceId,
    input::{DeviceIntroduction, Import, UserInput},
    limits,
    record::{Content, Epoch, Record},
    records::StoredRecord,
    retention::Detail,
    sample::{RecordCode, RecordRefusal},
};

/// What an import brings.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrival {
    /// Of which device.
    pub device: DeviceId,
    /// What it is, where the user does not have it yet.
    pub introduction: Option<DeviceIntroduction>,
    /// What was parsed, or why not.
    pub records: Vec<Result<Record, RecordRefusal>>,
}

/// What becomes of an import.
#[derive(Clone, Debug, PartialEq)]
pub struct Admission {
    /// Journal this; `None`: nothing was admitted.
    pub input: Option<UserInput>,
    /// Records that are refused, by their place.
    pub refused: Vec<(usize, RecordRefusal)>,
}

/// Why an import is refused whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The user does not have the device, and was not told what it is.
    #[error("the user has no such device, and its class is not given")]
    UnknownDevice,
    /// The user has no room for the device.
    #[error("a user has at most 32 devices")]
    TooManyDevices,
    /// It touches too many days.
    #[error("an import touches at most 31 days, not {0}")]
    TooManyDays(usize),
}

/// Judges an import.
///
/// # Errors
/// [`Refusal`].
pub fn admit(user: &User, arrival: Arrival, stamp_ms: i64) -> Result<Admission, Refusal> {
    let known = user.devices.contains_key(&arrival.device);
    if !known && arrival.introduction.is_none() {
        return Err(Refusal::UnknownDevice);
    }
    if !known && user.devices.len() >= limits::DEVICES_PER_USER_MAX {
        return Err(Refusal::TooManyDevices);
    }
    let (mut records, mut refused) = (Vec::new(), Vec::new());
    let (mut taken, mut days) = (BTreeMap::new(), BTreeSet::new());
    for (place, record) in arrival.records.into_iter().enumerate() {
        let judged = record
            .and_then(|record| in_history(user, record, stamp_ms))
            .and_then(|record| admit::with_room(user, &mut taken, record));
        match judged {
            Ok(record) => {
                days.extend(span(user, &record));
                records.push(record);
            }
            Err(refusal) => refused.push((place, refusal)),
        }
    }
    if days.len() > limits::IMPORT_DAYS_MAX {
        return Err(Refusal::TooManyDays(days.len()));
    }
    let import = Import {
        device: arrival.device,
        introduction: arrival.introduction.filter(|_| !known),
        records,
    };
    let input = (!import.records.is_empty()).then_some(UserInput::Import(import));
    Ok(Admission { input, refused })
}

/// First and last of the days that a record speaks of.
fn span(user: &User, record: &Record) -> [Day; 2] {
    let last_ms = record.end_ms.saturating_sub(1).max(record.start_ms);
    let days = [user.day_of(record.start_ms), user.day_of(last_ms)];
    match record.content {
        // A day's total speaks of the day that it names, whenever it was told.
        Content::Cumulative {
            epoch: Epoch::Day(day),
            ..
        } => [day.min(days[0]), day.max(days[1])],
        _ => days,
    }
}

/// Only what no stream would take: samples of days that are archived, and not from before all history.
fn in_history(user: &User, record: Record, stamp_ms: i64) -> Result<Record, RecordRefusal> {
    if record.is_deleted() {
        let detail = "an import brings samples; it deletes none";
        return Err(RecordRefusal::new(RecordCode::BadSample, detail));
    }
    if let Content::Cumulative {
        epoch: Epoch::Run(_),
        ..
    } = record.content
    {
        // What lies between two readings may reach over years of days.
        let detail = "an import takes no readings of a counter: import the amounts between them";
        return Err(RecordRefusal::new(RecordCode::BadSample, detail));
    }
    let [first, last] = span(user, &record);
    if let Some(day) = unkept(user, [first, last], stamp_ms) {
        let detail = format!("the records of {} are no longer kept", day.iso());
        return Err(RecordRefusal::new(RecordCode::TooOld, detail));
    }
    if !user.is_archived(last, stamp_ms) {
        let detail = format!("{} is not archived: send it on the stream", last.iso());
        return Err(RecordRefusal::new(RecordCode::TooNew, detail));
    }
    if stamp_ms.saturating_sub(record.end_ms) > limits::IMPORT_AGE_MS_MAX {
        let detail = "ended more than 3,660 days ago";
        return Err(RecordRefusal::new(RecordCode::TooOld, detail));
    }
    Ok(record)
}

/// The first of the days of which records were kept and are no longer: their minutes stay as they are (ADR 0034).
fn unkept(user: &User, [first, last]: [Day; 2], at_ms: i64) -> Option<Day> {
    let mut days = (first.0..=last.0).map(Day);
    days.find(|day| user.detail(*day, at_ms) < Detail::Records)
}

/// Takes an import in: its days are shown anew, and nothing else follows.
pub(super) fn take(user: &mut User, fold: &mut Fold<'_>, import: &Import) {
    if let Some(introduction) = &import.introduction {
        devices::introduce(user, fold, introduction);
    }
    let Some(binding) = user.devices.get(&import.device).map(|held| held.binding) else {
        return;
    };
    let copy = |record: &Record| StoredRecord {
        binding,
        record: record.clone(),
        received_ms: fold.header.stamp_ms,
        skewed: true,
        attest: Attest::Unasked,
    };
    // Between admission and fold a day may have come to its end.
    let at_ms = fold.header.stamp_ms;
    let kept = |record: &&Record| unkept(user, span(user, record), at_ms).is_none();
    let copies: Vec<StoredRecord> = import.records.iter().filter(kept).map(copy).collect();
    for copy in &copies {
        for day in span(user, &copy.record) {
            user.days.entry(day).or_default().brought_ms = Some(at_ms);
        }
    }
    for (day, metrics) in ingest::import(user, fold, binding, copies) {
        if user.is_archived(day, fold.header.stamp_ms) {
            progress::show(user, day, &metrics);
            fold.changed(Topic::Day(day));
        } else {
            progress::refresh(user, fold, day, &metrics);
        }
    }
}
