//! Which stored records a fold must have at hand: none on the fast road (design.md 2, law 1). Pure; the shell loads exactly
//! what is named here and folds then.

use alloc::collections::BTreeSet;

use super::User;
use crate::{civil::Day, id::RecordId, input::UserInput, sample::Record};

/// How a record finds its way into its days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Road {
    /// New, later than everything that its device has sent, inside one day whose minutes are at hand.
    Fast,
    /// New and later, but its days must be rebuilt to hold it.
    New,
    /// Its key may be known, or it overlaps others.
    Slow,
}

/// Version 1, an id above the device's highest, a start at or after what the device has covered (design.md 5).
pub(super) fn road(user: &User, binding: u32, record: &Record) -> Road {
    let Some((_, device)) = user.device_of(binding) else {
        return Road::Slow;
    };
    let new = device.highest_id.is_none_or(|highest| record.id > highest);
    if !new || record.version != 1 || record.start_ms < device.covered_to_ms {
        return Road::Slow;
    }
    let day = user.day_of(record.start_ms);
    let cold = user.days.get(&day).is_some_and(|state| state.is_cold());
    let one_day = user.calendar().end_ms(day) >= record.end_ms;
    if one_day && !cold {
        Road::Fast
    } else {
        Road::New
    }
}

/// Days whose cells a record can change: its own, and those that a record straddling their border shares with them.
pub(super) fn affected(user: &User, record: &Record) -> BTreeSet<Day> {
    let first = user.day_of(record.start_ms);
    let last = user.day_of(record.end_ms.saturating_sub(1));
    let mut days: BTreeSet<Day> = (first.0..=last.0).map(Day).collect();
    if reaches(user, first.prev(), first) {
        days.insert(first.prev());
    }
    for day in days.clone() {
        days.extend(straddled(user, day));
    }
    days.retain(|day| !user.calendar().is_void(*day));
    days
}

/// Whether a record that starts in `from` ends after the start of `into`.
fn reaches(user: &User, from: Day, into: Day) -> bool {
    let reach_ms = user
        .days
        .get(&from)
        .map_or(i64::MIN, |state| state.reach_ms);
    reach_ms > user.calendar().start_ms(into)
}

/// Later days that records of this day reach into.
fn straddled(user: &User, day: Day) -> impl Iterator<Item = Day> {
    let reach_ms = user.days.get(&day).map_or(i64::MIN, |state| state.reach_ms);
    let last = if reach_ms > user.calendar().end_ms(day) {
        user.day_of(reach_ms.saturating_sub(1))
    } else {
        day
    };
    (day.next().0..=last.0).map(Day)
}

/// Days whose stored records the input needs; empty on the fast road.
#[must_use]
pub fn plan(user: &User, input: &UserInput, stamp_ms: i64) -> BTreeSet<Day> {
    let days = match input {
        UserInput::Ingest(batch) => {
            let Some(device) = user.devices.get(&batch.device) else {
                return BTreeSet::new();
            };
            let records = batch.records.iter().map(|(_, record)| record);
            days_of_batch(user, device.binding, records)
        }
        UserInput::PutGoal { from, .. } => {
            let today = user.day_of(stamp_ms);
            if *from <= today {
                BTreeSet::from([today])
            } else {
                BTreeSet::new()
            }
        }
        UserInput::Enrol {
            joined_ms,
            definition,
            ..
        } => {
            let first = user.day_of(*joined_ms).max(definition.starts);
            user.days
                .range(first..=definition.ends.max(first))
                .map(|(day, _)| *day)
                .collect()
        }
        _ => BTreeSet::new(),
    };
    let needed = match input {
        UserInput::Ingest(_) => days,
        _ => days
            .into_iter()
            .filter(|day| user.days.get(day).is_some_and(|d| d.is_cold()))
            .collect(),
    };
    with_neighbours(user, needed)
}

/// Follows a batch record by record, as the fold will.
fn days_of_batch<'a>(
    user: &User,
    binding: u32,
    records: impl Iterator<Item = &'a Record>,
) -> BTreeSet<Day> {
    let Some((_, device)) = user.device_of(binding) else {
        return BTreeSet::new();
    };
    let (mut highest, mut covered_ms) = (device.highest_id, device.covered_to_ms);
    let mut days = BTreeSet::new();
    for record in records {
        let new = highest.is_none_or(|held| record.id > held) && record.start_ms >= covered_ms;
        if !new {
            days.extend(affected(user, record));
            days.extend(days_with_id(user, binding, record.id));
        } else if road(user, binding, record) != Road::Fast {
            days.extend(affected(user, record));
        }
        highest = highest.max(Some(record.id));
        covered_ms = covered_ms.max(record.end_ms);
    }
    days
}

/// Days that may hold a copy with this id.
fn days_with_id(user: &User, binding: u32, id: RecordId) -> impl Iterator<Item = Day> {
    let holds = move |range: &(RecordId, RecordId)| range.0 <= id && id <= range.1;
    let days = user.days.iter();
    days.filter(move |(_, state)| state.ids.get(&binding).is_some_and(holds))
        .map(|(day, _)| *day)
}

/// Rebuilding a day needs the records that reach into it, and what those share their time with: two days back and one on,
/// where records really straddle the borders. Days without chunks need no loading.
fn with_neighbours(user: &User, needed: BTreeSet<Day>) -> BTreeSet<Day> {
    let mut days = needed.clone();
    for day in needed {
        let mut later = day;
        for _ in 0..2 {
            let earlier = later.prev();
            if !reaches(user, earlier, later) {
                break;
            }
            days.insert(earlier);
            later = earlier;
        }
        days.extend(straddled(user, day));
    }
    days.retain(|day| user.manifest.contains_key(day));
    days
}
