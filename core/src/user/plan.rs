//! Which stored records a fold must have at hand: none on the fast road (design.md 2, law 1). Pure; the shell loads exactly
//! what is named here and folds then.

use alloc::{collections::BTreeSet, vec::Vec};

use super::User;
use crate::{
    civil::Day,
    day::DayState,
    id::RecordId,
    input::{Ingest, UserInput},
    limits,
    poison::is_control,
    sample::Record,
};

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

/// First and last day of a span without holes.
type Span = (Day, Day);

/// Days whose cells a record can change: its own, and those that overlapping records tie to them.
pub(super) fn affected(user: &User, record: &Record) -> BTreeSet<Day> {
    let (first, last) = linked(user, span_of(user, record));
    let days = (first.0..=last.0).map(Day);
    days.filter(|day| !user.calendar().is_void(*day)).collect()
}

fn span_of(user: &User, record: &Record) -> Span {
    let last_ms = record.end_ms.saturating_sub(1);
    (user.day_of(record.start_ms), user.day_of(last_ms))
}

/// One step over each border that a record straddles, and on through days that overlapping records span from border to
/// border: what a record changes can go no further, because records that only touch do not share time.
fn linked(user: &User, (first, last): Span) -> Span {
    (earliest(user, first), latest(user, last))
}

fn earliest(user: &User, mut first: Day) -> Day {
    loop {
        let start_ms = user.calendar().start_ms(first);
        let reaching = |(_, state): &(&Day, &DayState)| state.reach_ms > start_ms;
        let Some((day, state)) = near(user, first.prev(), start_ms).find(reaching) else {
            return first;
        };
        first = *day;
        if !state.bridged {
            return first;
        }
    }
}

fn latest(user: &User, mut last: Day) -> Day {
    loop {
        let end_ms = user.calendar().end_ms(last);
        let reach_ms = near(user, last, end_ms)
            .map(|(_, state)| state.reach_ms)
            .max();
        let Some(reach_ms) = reach_ms.filter(|reach_ms| *reach_ms > end_ms) else {
            return last;
        };
        last = user.day_of(reach_ms.saturating_sub(1));
        if !user.days.get(&last).is_some_and(|state| state.bridged) {
            return last;
        }
    }
}

/// Days up to `last` in which a record may begin that reaches beyond an instant; a sample lasts at most 24 hours.
fn near(user: &User, last: Day, beyond_ms: i64) -> impl Iterator<Item = (&Day, &DayState)> {
    let oldest_ms = beyond_ms.saturating_sub(limits::SAMPLE_SPAN_MS_MAX);
    let first = user.day_of(oldest_ms).min(last);
    user.days.range(first..=last)
}

/// Days whose stored records the input needs; empty on the fast road.
#[must_use]
pub fn plan(user: &User, input: &UserInput, stamp_ms: i64) -> BTreeSet<Day> {
    match input {
        // What is kept is not folded now.
        other if user.is_held() && !is_control(other) => BTreeSet::new(),
        UserInput::Retry(retry) => {
            let stamp_ms = if user.is_held() {
                retry.stamp_ms.max(user.now_ms)
            } else {
                stamp_ms
            };
            let input = retry.of_user();
            input.map_or_else(BTreeSet::new, |input| needs(user, &input, stamp_ms))
        }
        other => needs(user, other, stamp_ms),
    }
}

fn needs(user: &User, input: &UserInput, stamp_ms: i64) -> BTreeSet<Day> {
    let spans = match input {
        UserInput::Ingest(batch) => spans_of_batch(user, batch),
        UserInput::PutGoal { from, .. } => {
            let today = user.day_of(stamp_ms);
            cold(user, (*from).max(today), today)
        }
        UserInput::Enrol {
            joined_ms,
            definition,
            ..
        } => {
            let first = user.day_of(*joined_ms).max(definition.starts);
            cold(user, first, definition.ends)
        }
        _ => Vec::new(),
    };
    let mut days = BTreeSet::new();
    for (first, last) in spans.into_iter().map(|span| linked(user, span)) {
        for (day, state) in user.days.range(first..=last) {
            days.insert(*day);
            days.extend(state.moved_to.iter().copied());
        }
    }
    days.retain(|day| user.manifest.contains_key(day));
    days
}

/// Days whose minutes are not at hand, each for itself.
pub(super) fn cold(user: &User, first: Day, last: Day) -> Vec<Span> {
    let days = user.days.range(first..=last.max(first));
    let cold = days.filter(|(day, state)| state.is_cold() && **day <= last);
    cold.map(|(day, _)| (*day, *day)).collect()
}

/// Follows a batch record by record, as the fold will: what each of its records can change.
fn spans_of_batch(user: &User, batch: &Ingest) -> Vec<Span> {
    let Some(device) = user.devices.get(&batch.device) else {
        return Vec::new();
    };
    let (mut highest, mut covered_ms) = (device.highest_id, device.covered_to_ms);
    let mut spans = Vec::new();
    for (at, (_, record)) in batch.records.iter().enumerate() {
        let known = highest.is_some_and(|held| record.id <= held);
        let binding = device.binding;
        if known || record.start_ms < covered_ms || road(user, binding, record) != Road::Fast {
            spans.push(linked(user, span_of(user, record)));
        }
        if known {
            // Where the copies lie is known, how long they are is not: a step for that first.
            let copies = days_with_id(user, binding, record.id);
            spans.extend(copies.map(|day| linked(user, linked(user, (day, day)))));
            let same = batch
                .records
                .iter()
                .take(at)
                .filter(|(_, r)| r.id == record.id);
            spans.extend(same.map(|(_, copy)| linked(user, span_of(user, copy))));
        }
        highest = highest.max(Some(record.id));
        covered_ms = covered_ms.max(record.end_ms);
    }
    spans
}

/// Days that may hold a copy with this id.
fn days_with_id(user: &User, binding: u32, id: RecordId) -> impl Iterator<Item = Day> {
    let holds = move |range: &(RecordId, RecordId)| range.0 <= id && id <= range.1;
    let days = user.days.iter();
    days.filter(move |(_, state)| state.ids.get(&binding).is_some_and(holds))
        .map(|(day, _)| *day)
}
