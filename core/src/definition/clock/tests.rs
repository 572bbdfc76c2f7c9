//! Clocks that are the same for all: when their dates begin.

use alloc::vec;

use super::*;
use crate::calendar::Calendar;

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

/// Zones that turn at midnight, fall over it, jump over a date, and never turn.
fn zones() -> Vec<Zone> {
    let turn = |text: &str, hour: i64| day(text).utc_ms() + hour * HOUR_MS;
    vec![
        Zone::utc(),
        Zone::new(
            "Europe/Berlin",
            3_600,
            vec![
                (turn("2026-03-29", 1), 7_200),
                (turn("2026-10-25", 1), 3_600),
            ],
        ),
        Zone::new("At midnight", 0, vec![(turn("2026-05-03", 0), 3_600)]),
        Zone::new(
            "Back over it",
            0,
            vec![(turn("2026-05-03", 0) + 60_000, -3_600)],
        ),
        Zone::new(
            "Over the line",
            -36_000,
            vec![(turn("2026-05-03", 10), 50_400)],
        ),
    ]
}

#[test]
fn the_dates_of_a_clock_are_the_days_of_somebody_who_stays_in_its_zone() {
    for zone in zones() {
        let clock = Clock::of_zone(&zone, day("2026-03-01"));
        let calendar = Calendar::new(alloc::sync::Arc::new(zone));
        for date in (day("2026-02-28").0..day("2027-04-06").0).map(Day) {
            let span = clock.date(date).unwrap();
            let wanted = (calendar.start_ms(date), calendar.end_ms(date));
            assert_eq!((span.start_ms, span.end_ms), wanted, "{}", date.iso());
            for at_ms in [span.start_ms, span.end_ms - 1] {
                let found = clock.date_at(at_ms).unwrap().date;
                assert_eq!(found, calendar.day_of(at_ms), "{}", date.iso());
            }
        }
    }
}

#[test]
fn a_clock_of_each_members_own_has_no_dates_for_all() {
    assert_eq!(Clock::UserLocal.date(Day(0)), None);
    assert_eq!(Clock::UserLocal.date_at(0), None);
    assert_eq!(Clock::Utc.date_at(-1).map(|span| span.date), Some(Day(-1)));
    let spans = [Clock::UserLocal, Clock::Utc]
        .map(|clock| (clock.last_end_ms(Day(0)) - clock.first_start_ms(Day(0))) / HOUR_MS);
    assert_eq!(spans, [24 + 26, 24]);
}
