//! What users of other systems report, each as it was told there: two devices whose steps are added up or hidden, an app that was
//! installed again, a watch on its charger. Flights, the end of summer time and a sample at midnight are in `travel`.

use streakline_core::{
    civil::{DAY_MS, Day, HOUR_MS, MINUTE_MS},
    record::Record,
    sample::DeviceClass,
};

use crate::{
    history::{History, steps},
    places::at,
};

const WATCH: u8 = 1;
const PHONE: u8 = 2;
const TODAY: &str = "2026-06-12";

/// An evening in Berlin; the watch was bound before the phone.
fn evening() -> History {
    let mut history = History::with_watch(at("2026-06-12T20:00+2"), "Europe/Berlin");
    history.hello(PHONE, DeviceClass::Phone, None);
    history
}

fn totals(history: &History) -> (i64, i64) {
    let day = history.day(Day::parse(TODAY).unwrap());
    (day.display, day.eligible)
}

/// An amount by the minute from a time on, as even as whole steps allow.
fn walk(start_ms: i64, minutes: i64, value: i64) -> Vec<Record> {
    let until = |minute: i64| value * minute / minutes;
    let one = |minute: i64| {
        let id = start_ms.div_euclid(MINUTE_MS) + minute;
        let value = until(minute + 1) - until(minute);
        steps(id.unsigned_abs(), start_ms + minute * MINUTE_MS, 1, value)
    };
    (0..minutes).map(one).collect()
}

/// Systems that keep the better device of a day show 10,000.
#[test]
fn ten_thousand_on_the_phone_and_4_079_on_the_watch_apart_in_time_make_14_079() {
    for phone_first in [true, false] {
        let mut history = evening();
        let mut said = [
            (WATCH, walk(at("2026-06-12T07:00+2"), 40, 4_079)),
            (PHONE, walk(at("2026-06-12T12:00+2"), 100, 10_000)),
        ];
        if phone_first {
            said.reverse();
        }
        for (device, records) in said {
            assert_eq!(history.send(device, records), []);
        }
        assert_eq!(totals(&history), (14_079, 14_079));
    }
}

/// The same where both tell coarse sums of the time they were worn or carried.
#[test]
fn two_coarse_sums_apart_in_time_make_14_079_too() {
    let mut history = evening();
    history.send(PHONE, vec![steps(1, at("2026-06-12T12:00+2"), 240, 10_000)]);
    history.send(WATCH, vec![steps(1, at("2026-06-12T07:00+2"), 240, 4_079)]);
    assert_eq!(totals(&history), (14_079, 14_079));
}

/// Systems that add devices up show 13,405.
#[test]
fn an_overlapping_pair_shows_7_639_and_not_13_405() {
    for phone_first in [true, false] {
        let mut history = evening();
        let start_ms = at("2026-06-12T09:00+2");
        let mut said = [
            (WATCH, walk(start_ms, 90, 7_639)),
            (PHONE, walk(start_ms, 90, 13_405 - 7_639)),
        ];
        if phone_first {
            said.reverse();
        }
        for (device, records) in said {
            assert_eq!(history.send(device, records), []);
        }
        assert_eq!(totals(&history), (7_639, 7_639));
    }
}

/// Other systems count the last week again: the app's new queue, or its new device, sends everything under fresh ids.
#[test]
fn an_app_that_was_installed_again_and_sends_its_week_anew_counts_nothing_twice() {
    let week = |more: u64| -> Vec<Vec<Record>> {
        let day = |ago: i64| {
            let start_ms = at("2026-06-12T09:00+2") - ago * DAY_MS;
            let mut records = walk(start_ms, 60, 5_000 + ago);
            for (record, id) in records
                .iter_mut()
                .zip(more + u64::try_from(ago).unwrap() * 60..)
            {
                record.id = streakline_core::id::RecordId::Number(id);
            }
            records
        };
        (0..7).rev().map(day).collect()
    };
    let shown = |history: &History| -> Vec<(i64, i64)> {
        let days = (6..=12).map(|day| Day::parse(&format!("2026-06-{day:02}")).unwrap());
        let views = days.map(|day| history.day(day));
        views.map(|view| (view.display, view.eligible)).collect()
    };
    let mut history = evening();
    for records in week(1_000) {
        history.send(PHONE, records);
    }
    history.snapshot();
    let before = shown(&history);
    assert_eq!(before[0], (5_006, 5_006));
    // The same device, a new queue, other ids.
    for records in week(900_000) {
        history.send(PHONE, records);
    }
    assert_eq!(shown(&history), before);
    // A new device: not even the device's id was kept.
    history.hello(3, DeviceClass::Phone, None);
    for records in week(1) {
        history.send(3, records);
    }
    history.crash();
    assert_eq!(shown(&history), before);
}

/// Other systems show nothing while the watch, which comes first, says zero.
#[test]
fn a_watch_on_its_charger_that_sends_zeros_hides_nothing_of_the_phone() {
    for worn in [None, Some(false)] {
        let mut history = evening();
        let start_ms = at("2026-06-12T09:00+2");
        let mut zeros = walk(start_ms, 60, 0);
        zeros.iter_mut().for_each(|record| record.worn = worn);
        let coarse = Record {
            worn,
            ..steps(7, start_ms - HOUR_MS, 180, 0)
        };
        zeros.push(coarse);
        let phone = walk(start_ms, 60, 3_000);
        history.send(WATCH, zeros.clone());
        history.send(PHONE, phone);
        assert_eq!(totals(&history), (3_000, 3_000), "worn: {worn:?}");
        // On the wrist it did not move, and the phone lay in a drawer of a train.
        for record in &mut zeros {
            (record.worn, record.version) = (Some(true), 2);
        }
        history.send(WATCH, zeros);
        assert_eq!(totals(&history), (0, 0));
    }
}
