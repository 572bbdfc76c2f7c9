//! Which stored records a fold must have at hand: none on the fast road (design.md 2, law 1). Pure; the shell loads exactly
//! what is named here and folds then.

use alloc::{collections::BTreeSet, vec::Vec};

use super::{
    Device, User,
    counters::{self, Counters, Runs},
    counting,
    devices::Counts,
    goals, score,
};
use crate::{
    attest::Attest,
    calendar::DaySpan,
    civil::Day,
    day::DayState,
    id::RecordId,
    input::{DeviceIntroduction, Import, Ingest, NewProfile, NewZone, UserInput},
    limits,
    manual::Known,
    metric::Metric,
    poison::is_control,
    record::{Content, Epoch, Record},
    retention::Detail,
};

/// How a record finds its way into its days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Road {
    /// New, later than everything that its device has sent of the metric, inside one day whose minutes are at hand.
    Fast,
    /// New, but its days must be rebuilt to hold it.
    New,
    /// Its key may be known.
    Slow,
}

/// The fast road takes version 1, an id above the device's highest, a start at or after what the device has covered of the
/// metric (design.md 5). `span`: the day that the record starts in.
pub(super) fn road(
    user: &User,
    (binding, span): (u32, DaySpan),
    (record, known): (&Record, Known),
) -> Road {
    let Some((_, device)) = user.device_of(binding) else {
        return Road::Slow;
    };
    let again = device
        .highest_id
        .is_some_and(|highest| record.id <= highest);
    if again || record.is_deleted() {
        return Road::Slow;
    }
    let counts = Counts::of(user.manual_policy, record, known);
    let Some((from_ms, to_ms)) = adds(device, record, counts).filter(|_| record.version == 1)
    else {
        return Road::New;
    };
    if is_within(user, span, (from_ms, to_ms)) {
        Road::Fast
    } else {
        Road::New
    }
}

/// Whether a day has the whole interval, and its minutes are at hand.
fn is_within(user: &User, span: DaySpan, (from_ms, to_ms): (i64, i64)) -> bool {
    let day = span.start_ms..=span.end_ms;
    let cold = || {
        user.days
            .get(&span.day)
            .is_some_and(|state| state.is_cold())
    };
    day.contains(&from_ms) && day.contains(&to_ms) && !cold()
}

/// The time that a record adds behind what its device has covered of the metric; `None` where it may overlap, or says
/// something about more than its own minutes.
fn adds(device: &Device, record: &Record, counts: Counts) -> Option<(i64, i64)> {
    let covered_ms = device.covered_to_ms(record.metric);
    match &record.content {
        Content::Delta(_) | Content::Gauge(_) => {
            (record.start_ms >= covered_ms).then_some((record.start_ms, record.end_ms))
        }
        Content::Cumulative { epoch, .. } => {
            let last = device.counters.get(&record.metric)?;
            let next = last.epoch == *epoch && last.at_ms >= covered_ms;
            let next = next && counts.eligible && last.attested == counts.attested;
            (next && record.end_ms > last.at_ms).then_some((last.at_ms, record.end_ms))
        }
        Content::Episode(_) | Content::Deleted => None,
    }
}

/// First and last day of a span without holes.
type Span = (Day, Day);

/// Days whose cells a record can change: its own, and those that counters and overlapping records tie to them.
pub(super) fn affected(user: &User, binding: u32, record: &Record) -> BTreeSet<Day> {
    let Some((_, device)) = user.device_of(binding) else {
        return BTreeSet::new();
    };
    let Some((first, last)) = reach_of(user, (binding, record), (&user.counter_runs, device))
    else {
        return BTreeSet::new();
    };
    let days = (first.0..=last.0).map(Day);
    days.filter(|day| !user.calendar().is_void(*day)).collect()
}

/// The days of a record, and those that are tied to them.
fn reach_of(
    user: &User,
    (binding, record): (u32, &Record),
    (runs, device): (&Runs, &Device),
) -> Option<Span> {
    let own = span_of(user, record)?;
    let amounts = device.deltas.contains(&record.metric);
    let counters = Counters::of(runs, (record.metric, binding), amounts);
    Some(counters.along(record, own, |span| linked(user, span)))
}

/// The days that a record speaks of; a deletion speaks of those of the copy that it deletes.
fn span_of(user: &User, record: &Record) -> Option<Span> {
    let last_ms = record.end_ms.saturating_sub(1).max(record.start_ms);
    match &record.content {
        Content::Deleted => None,
        Content::Cumulative {
            epoch: Epoch::Day(day),
            ..
        } => Some((*day, *day)),
        // What a reading counts lies before it, what the next one counts begins with it.
        Content::Cumulative { .. } => {
            Some((user.day_of(record.start_ms), user.day_of(record.end_ms)))
        }
        Content::Delta(_) | Content::Gauge(_) | Content::Episode(_) => {
            Some((user.day_of(record.start_ms), user.day_of(last_ms)))
        }
    }
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
    let days = user.days.range(first..=last);
    days.map(|(day, state)| (day, &**state))
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
    let mut spans = match input {
        UserInput::Ingest(batch) => spans_of_batch(user, batch),
        UserInput::Import(import) => spans_of_import(user, import),
        UserInput::Enrol {
            joined_ms,
            definition,
            ..
        } => {
            let (first, last) = counting::days(user, definition, *joined_ms);
            cold(user, first, last)
        }
        UserInput::Extend {
            challenge, ends, ..
        } => {
            let held = user.enrolments.get(challenge);
            held.map_or_else(Vec::new, |held| {
                let (first, last) = counting::added_days(user, held, *ends);
                cold(user, first, last)
            })
        }
        UserInput::Open {
            zone: Some(zone), ..
        }
        | UserInput::Profile(NewProfile {
            zone: Some(zone), ..
        }) => spans_of_zone(user, zone),
        _ => Vec::new(),
    };
    if let UserInput::Profile(NewProfile {
        device_order: Some(_),
        ..
    }) = input
    {
        let today = user.day_of(stamp_ms);
        spans.extend(cold(user, today, last_day(user, today)));
    }
    spans.extend(score::cold_days(user));
    let mut days = whole(user, spans);
    let changed: Vec<Span> = days.iter().map(|day| (*day, *day)).collect();
    let mut counted = goals::needs(user, input, (&changed, stamp_ms));
    counted.extend(counting::needs(user, input, &changed));
    days.extend(whole(user, counted));
    stored(user, days, stamp_ms.max(user.now_ms))
}

/// Days whose stored records are needed to tell where the minutes of a day come from; where its records are no longer kept,
/// that day for its stored minutes.
#[must_use]
pub fn to_explain(user: &User, day: Day) -> BTreeSet<Day> {
    if user.keeps_records(day) {
        return stored(user, whole(user, Vec::from([(day, day)])), user.now_ms);
    }
    let minutes = user.minutes.contains_key(&day);
    minutes.then_some(day).into_iter().collect()
}

/// Of these days, and of those that winners of their copies moved to, the ones that have stored records at an instant.
fn stored(user: &User, mut days: BTreeSet<Day>, at_ms: i64) -> BTreeSet<Day> {
    let states = days.iter().filter_map(|day| user.days.get(day));
    let moved: Vec<Day> = states
        .flat_map(|state| state.moved_to.iter().copied())
        .collect();
    days.extend(moved);
    let kept = |day: &Day| user.detail(*day, at_ms) == Detail::Records;
    days.retain(|day| user.manifest.contains_key(day) && kept(day));
    days
}

/// Days of spans with all those that their minutes may be tied to: over borders that records straddle, and between readings.
fn whole(user: &User, spans: Vec<Span>) -> BTreeSet<Day> {
    let mut days = BTreeSet::new();
    for (first, last) in spans.into_iter().map(|span| linked(user, span)) {
        days.extend(user.days.range(first..=last).map(|(day, _)| *day));
    }
    for day in days.clone() {
        let linked = |span: Span| linked(user, span);
        for (first, last) in counters::around(user, &user.counter_runs, day, linked) {
            days.extend(user.days.range(first..=last).map(|(day, _)| *day));
        }
    }
    days
}

/// A zone that takes effect before stored records end may move every one of them that is later; else days only end at another
/// time.
fn spans_of_zone(user: &User, new: &NewZone) -> Vec<Span> {
    if user.created.is_none() {
        return Vec::new();
    }
    let effective_ms = user.zone_takes_effect(new.effective_ms);
    let first = user.day_of(effective_ms.saturating_sub(1));
    let last = last_day(user, first);
    if reaches_beyond(user, first, effective_ms) {
        Vec::from([(first, last)])
    } else {
        cold(user, first, last)
    }
}

/// The last day that anything is known of.
pub(super) fn last_day(user: &User, first: Day) -> Day {
    let last = user.days.keys().next_back().copied();
    last.map_or(first, |last| last.max(first))
}

/// Whether a record that begins around a day or later ends after an instant.
pub(super) fn reaches_beyond(user: &User, first: Day, at_ms: i64) -> bool {
    let oldest = near(user, first, at_ms)
        .next()
        .map_or(first, |(day, _)| *day);
    let mut days = user.days.range(oldest.min(first)..);
    days.any(|(_, state)| state.reach_ms > at_ms)
}

/// Days whose minutes are not at hand, each for itself.
pub(super) fn cold(user: &User, first: Day, last: Day) -> Vec<Span> {
    let days = user.days.range(first..=last.max(first));
    let cold = days.filter(|(day, state)| state.is_cold() && **day <= last);
    cold.map(|(day, _)| (*day, *day)).collect()
}

/// What each record of a batch can change.
fn spans_of_batch(user: &User, batch: &Ingest) -> Vec<Span> {
    let Some(device) = user.devices.get(&batch.device) else {
        return Vec::new();
    };
    if is_live(user, device, batch) {
        return Vec::new();
    }
    let known =
        |(place, record): &(u32, Record)| Known::of(batch.skewed, batch.attest(*place, record));
    let records = batch.records.iter().map(|row| (&row.1, known(row)));
    let records: Vec<(&Record, Known)> = records.collect();
    follow(user, Device::clone(device), &records, false)
}

/// Whether each record of a batch comes behind the one before and all that its device has sent: what nearly every batch is, so
/// it is seen without following what each record leaves. Counters are followed.
fn is_live(user: &User, device: &Device, batch: &Ingest) -> bool {
    let Some((_, first)) = batch.records.first() else {
        return true;
    };
    let mut span = user.calendar().span_of(first.start_ms);
    let mut highest = device.highest_id;
    let mut covered: Vec<(Metric, i64)> = Vec::new();
    for (_, record) in &batch.records {
        let instant = match record.content {
            Content::Delta(_) => 0,
            Content::Gauge(_) => 1,
            _ => return false,
        };
        if !span.has(record.start_ms) {
            span = user.calendar().span_of(record.start_ms);
        }
        let held = covered
            .iter()
            .position(|(metric, _)| *metric == record.metric);
        let held = held.and_then(|place| covered.get_mut(place));
        let known_ms = || device.covered_to_ms(record.metric);
        let covered_ms = held
            .as_ref()
            .map_or_else(known_ms, |(_, covered_ms)| *covered_ms);
        let behind = record.version == 1 && Some(record.id) > highest;
        if !behind
            || record.start_ms < covered_ms
            || !is_within(user, span, (record.start_ms, record.end_ms))
        {
            return false;
        }
        highest = Some(record.id);
        let to_ms = covered_ms.max(record.end_ms.saturating_add(instant));
        match held {
            Some(held) => held.1 = to_ms,
            None => covered.push((record.metric, to_ms)),
        }
    }
    true
}

/// What each record of an import can change: they all go the slow road, also those of a device that is new with it.
fn spans_of_import(user: &User, import: &Import) -> Vec<Span> {
    let known = user.devices.get(&import.device);
    let known = known.map(|device| Device::clone(device));
    let new = |introduction: &DeviceIntroduction| Device::new(user, introduction, 0);
    let Some(device) = known.or_else(|| import.introduction.as_ref().map(new)) else {
        return Vec::new();
    };
    let aside = Known::of(true, Attest::Unasked);
    let records = import.records.iter().map(|record| (record, aside));
    follow(user, device, &records.collect::<Vec<_>>(), true)
}

/// Follows records one by one, as the fold will; `all`: none of them takes the fast road.
fn follow(user: &User, mut device: Device, records: &[(&Record, Known)], all: bool) -> Vec<Span> {
    let binding = device.binding;
    let mut runs = user.counter_runs.clone();
    let mut spans = Vec::new();
    for (at, (record, known)) in records.iter().enumerate() {
        let again = all || device.highest_id.is_some_and(|held| record.id <= held);
        let counts = Counts::of(user.manual_policy, record, *known);
        let behind = adds(&device, record, counts).is_none();
        let span = user.calendar().span_of(record.start_ms);
        let slow = road(user, (binding, span), (record, *known)) != Road::Fast;
        device.note(record, counts);
        let days = [user.day_of(record.start_ms), user.day_of(record.end_ms)];
        counters::note(&mut runs, binding, record, days);
        let reach = |record: &Record| reach_of(user, (binding, record), (&runs, &device));
        if again || behind || slow {
            spans.extend(reach(record));
        }
        if again {
            let earlier = records.iter().take(at).map(|(record, _)| *record);
            let same = earlier.filter(|copy| copy.id == record.id);
            spans.extend(same.filter_map(reach));
            spans.extend(spans_with_id(user, (binding, record), (&runs, &device)));
        }
    }
    spans
}

/// Where the copies of a known id lie, and what they can change; how long they are is not known: a step for that first. Their
/// metric is not known either, where a correction says another.
fn spans_with_id(
    user: &User,
    (binding, record): (u32, &Record),
    (runs, device): (&Runs, &Device),
) -> Vec<Span> {
    let mut metrics: BTreeSet<Metric> = runs.keys().map(|key| key.0).collect();
    metrics.insert(record.metric);
    let mut spans = Vec::new();
    for day in days_with_id(user, binding, record.id) {
        let span = linked(user, linked(user, (day, day)));
        for metric in &metrics {
            let amounts = device.deltas.contains(metric);
            let counters = Counters::of(runs, (*metric, binding), amounts);
            spans.push(counters.along_any(span, |span| linked(user, span)));
        }
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
