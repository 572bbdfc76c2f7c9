//! A day's minutes from its stored records: the slow road's end, and what brings cold days back (domain.md 1.4, design.md 5).
//!
//! Which days must be rebuilt, and which records that takes, is found in `plan`; identity is decided in `ingest`.

use alloc::vec::Vec;

use super::{User, fold::Fold, ingest, plan};
use crate::{
    civil::{Day, MINUTE_MS},
    day::{DeviceCells, Head, Identities},
    merge,
    records::{self, Winner},
    sample::Record,
};

/// Brings the minutes of cold days back; nothing of their state changes.
pub(super) fn warm(user: &mut User, fold: &Fold<'_>, first: Day, last: Day) {
    let cold = plan::cold(user, first, last);
    if cold.is_empty() {
        return;
    }
    let known = ingest::gather(user, fold);
    let winners: Vec<Winner<'_>> = known.values().filter_map(records::winner).collect();
    for (day, _) in cold {
        minutes(user, day, &winners);
    }
}

/// Answers whether the day is another than before.
pub(super) fn minutes(user: &mut User, day: Day, winners: &[Winner<'_>]) -> bool {
    let mut head = Head::default();
    let bindings: Vec<u32> = user.devices.values().map(|device| device.binding).collect();
    for binding in bindings {
        let cells = device_minutes(user, day, (binding, winners));
        if !cells.is_empty() {
            head.devices.insert(binding, cells);
        }
    }
    let (start_ms, end_ms) = (user.calendar().start_ms(day), user.calendar().end_ms(day));
    let mut identities = Identities::default();
    let mut count = 0_u32;
    for winner in winners {
        let record = &winner.copy.record;
        let device = user.device_of(winner.copy.binding);
        if let Some((device, _)) = device.filter(|_| (start_ms..end_ms).contains(&record.start_ms))
        {
            count = count.saturating_add(1);
            identities.add(device, record.id, record.version);
        }
    }
    if count == 0 && head.devices.is_empty() && !user.days.contains_key(&day) {
        return false;
    }
    let standings = user.standings();
    let state = user.days.entry(day).or_default();
    let changed = state.replace(head, (count, identities), &standings);
    bridge(user, day, winners);
    changed
}

fn device_minutes(user: &User, day: Day, (binding, winners): (u32, &[Winner<'_>])) -> DeviceCells {
    let span = (user.calendar().start_ms(day), user.calendar().end_ms(day));
    let (from_ms, to_ms) = reach(span, (binding, winners));
    let inside = |record: &Record| record.end_ms > from_ms && record.start_ms < to_ms;
    let own = winners.iter().filter(|w| w.copy.binding == binding);
    let tied: Vec<&Winner<'_>> = own.filter(|w| inside(&w.copy.record)).collect();
    let of = |eligible: bool| {
        let counted = tied.iter().filter(|w| !eligible || w.eligible());
        let records: Vec<&Record> = counted.map(|w| &w.copy.record).collect();
        within(merge::device_cells(&records), span)
    };
    let display = of(false);
    let all = tied.iter().all(|w| w.eligible());
    let eligible = if all { None } else { Some(of(true)) };
    let eligible = eligible.filter(|own| *own != display);
    DeviceCells { display, eligible }
}

/// How far overlap carries on both sides of a span: a coarse record counts what finer ones leave of it, wherever these are.
fn reach((start_ms, end_ms): (i64, i64), (binding, winners): (u32, &[Winner<'_>])) -> (i64, i64) {
    let own = winners.iter().filter(|w| w.copy.binding == binding);
    let mut spans: Vec<(i64, i64)> = own
        .map(|w| (w.copy.record.start_ms, w.copy.record.end_ms))
        .collect();
    spans.sort_unstable();
    let (mut reach, mut stretch) = ((start_ms, end_ms), (i64::MIN, i64::MIN));
    for (from_ms, to_ms) in spans {
        stretch = if from_ms < stretch.1 {
            (stretch.0, stretch.1.max(to_ms))
        } else {
            (from_ms, to_ms)
        };
        if stretch.1 > start_ms && stretch.0 < end_ms {
            reach = (reach.0.min(stretch.0), reach.1.max(stretch.1));
        }
    }
    reach
}

/// Notes whether overlapping records of one device carry from one border of a day to the other.
pub(super) fn bridge(user: &mut User, day: Day, winners: &[Winner<'_>]) {
    let (start_ms, end_ms) = (user.calendar().start_ms(day), user.calendar().end_ms(day));
    let carries = |binding: u32| {
        // What carries over the start and is still there at the end.
        reach((start_ms, start_ms.saturating_add(1)), (binding, winners)).1 > end_ms
            && reach((end_ms.saturating_sub(1), end_ms), (binding, winners)).0 < start_ms
    };
    let bridged = user.devices.values().any(|device| carries(device.binding));
    if let Some(state) = user.days.get_mut(&day) {
        state.bridged = bridged;
    }
}

fn within(mut cells: Vec<merge::Cell>, (start_ms, end_ms): (i64, i64)) -> Vec<merge::Cell> {
    cells.retain(|cell| {
        (start_ms..end_ms).contains(&i64::from(cell.minute).saturating_mul(MINUTE_MS))
    });
    cells
}
