//! Windows of a series, one after the other.

use alloc::{string::String, sync::Arc, vec::Vec};

use super::*;
use crate::{definition::Clock, zone::Zone};

struct Berlin(Arc<Zone>);

impl Zones for Berlin {
    fn zone(&self, name: &str) -> Option<Arc<Zone>> {
        (name == "Europe/Berlin").then(|| self.0.clone())
    }
}

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn series(every: Every, window: (&str, &str)) -> Definition {
    let recurs = Recurs {
        carry_members: true,
        ..Recurs::new(every)
    };
    Definition {
        recurs: Some(recurs),
        ..Definition::new("Steps", (day(window.0), day(window.1)))
    }
}

fn until(mut of: Definition, last: &str) -> Definition {
    of.recurs.as_mut().unwrap().until = Some(day(last));
    of
}

fn windows(of: &Definition, numbers: core::ops::RangeInclusive<u32>) -> Vec<(String, String)> {
    let window = |number| of.cycle_window(number).unwrap();
    numbers
        .map(window)
        .map(|(starts, ends)| (starts.iso(), ends.iso()))
        .collect()
}

fn pairs(wanted: &[(&str, &str)]) -> Vec<(String, String)> {
    wanted
        .iter()
        .map(|(starts, ends)| (String::from(*starts), String::from(*ends)))
        .collect()
}

#[test]
fn windows_follow_one_another_by_day_week_and_month() {
    let daily = series(Every::Day, ("2016-02-28", "2016-02-28"));
    let wanted = pairs(&[("2016-02-29", "2016-02-29"), ("2016-03-01", "2016-03-01")]);
    assert_eq!(windows(&daily, 2..=3), wanted);
    let weekend = series(Every::Week, ("2016-04-16", "2016-04-17"));
    let wanted = pairs(&[("2016-04-16", "2016-04-17"), ("2016-04-23", "2016-04-24")]);
    assert_eq!(windows(&weekend, 1..=2), wanted);
    let fortnight = series(Every::Month, ("2016-01-15", "2016-01-28"));
    let wanted = pairs(&[("2016-02-15", "2016-02-28")]);
    assert_eq!(windows(&fortnight, 2..=2), wanted);
}

#[test]
fn a_window_that_fills_its_month_fills_every_month() {
    let monthly = series(Every::Month, ("2016-01-01", "2016-01-31"));
    assert_eq!(monthly.faults(), []);
    let wanted = pairs(&[("2016-02-01", "2016-02-29"), ("2016-03-01", "2016-03-31")]);
    assert_eq!(windows(&monthly, 2..=3), wanted);
    let next_year = pairs(&[("2017-02-01", "2017-02-28")]);
    assert_eq!(windows(&monthly, 14..=14), next_year);
}

#[test]
fn windows_never_overlap_and_leave_out_no_date_where_the_first_leaves_none() {
    for every in [Every::Day, Every::Week, Every::Month] {
        let first = day("2015-12-28");
        let mut of = series(every, ("2015-12-28", "2015-12-28"));
        of.ends = of.recurs.as_ref().unwrap().starts(first, 2).prev();
        assert_eq!(of.faults(), []);
        for number in 1..500 {
            let (_, ends) = of.cycle_window(number).unwrap();
            let (starts, _) = of.cycle_window(number + 1).unwrap();
            assert_eq!(ends.next(), starts, "{every:?} {number}");
        }
    }
}

#[test]
fn the_last_window_starts_by_the_date_that_was_named() {
    let weekly = series(Every::Week, ("2016-04-11", "2016-04-17"));
    assert_eq!(weekly.last_cycle(), limits::CYCLES_MAX);
    for (last, wanted) in [("2016-04-11", 1), ("2016-04-24", 2), ("2016-04-25", 3)] {
        assert_eq!(until(weekly.clone(), last).last_cycle(), wanted, "{last}");
    }
    let monthly = series(Every::Month, ("2016-01-15", "2016-01-28"));
    for (last, wanted) in [("2016-02-14", 1), ("2016-02-15", 2), ("2017-01-15", 13)] {
        assert_eq!(until(monthly.clone(), last).last_cycle(), wanted, "{last}");
    }
}

#[test]
fn every_fault_of_a_series_is_found_at_once() {
    let mut bad = until(
        series(Every::Month, ("2016-01-29", "2016-02-29")),
        "2016-01-01",
    );
    bad.recurs.as_mut().unwrap().count = Some(0);
    bad.join_opens_ms = Some(0);
    let faults = bad.faults();
    let found: Vec<_> = faults.iter().map(|f| (&*f.pointer, f.code)).collect();
    let wanted = [
        ("/window/ends", "overlaps"),
        ("/window/starts", "range"),
        ("/recurs/count", "range"),
        ("/recurs/until", "before_start"),
        ("/recurs/until", "one_of"),
        ("/join/opens_ms", "conflict"),
    ];
    assert_eq!(found, wanted);
    let month_and_a_day = series(Every::Month, ("2016-01-01", "2016-01-29"));
    assert_eq!(month_and_a_day.faults().len(), 1, "February has no 29 days");
}

#[test]
fn a_cycle_is_made_a_day_before_it_starts_with_the_turns_of_its_own_time() {
    let turn = (1_459_040_400_000, 7_200);
    let berlin = Berlin(Zone::new("Europe/Berlin", 3_600, Vec::from([turn])).into());
    let mut weekly = series(Every::Week, ("2016-03-07", "2016-03-13"));
    weekly.clock = Clock::of_zone(&berlin.0, weekly.starts);
    let id = ChallengeId([7; 16]);
    let fourth = weekly.cycle(id, 4, &berlin).unwrap();
    let cycle = fourth.cycle.unwrap();
    assert_eq!((cycle.series, cycle.number, cycle.is_last), (id, 4, false));
    assert_eq!(fourth.recurs, None);
    assert_eq!(fourth.faults(), []);
    let hour_ms = 3_600_000;
    assert_eq!(
        fourth.started_ms(),
        day("2016-03-28").utc_ms() - 2 * hour_ms
    );
    let made_ms = weekly.cycle_made_ms(4).unwrap();
    assert_eq!(made_ms, fourth.started_ms() - 24 * hour_ms);
}

fn by_cron(text: &str, window: (&str, &str)) -> Definition {
    let cron = Cron::parse(text).unwrap();
    Definition {
        recurs: Some(Recurs::new(Schedule::Cron(cron))),
        ..Definition::new("Steps", (day(window.0), day(window.1)))
    }
}

fn filling(mut of: Definition) -> Definition {
    of.recurs.as_mut().unwrap().fills = true;
    of
}

fn faults(of: &Definition) -> Vec<(String, &'static str)> {
    let found = of.faults().into_iter();
    found.map(|f| (String::from(&*f.pointer), f.code)).collect()
}

#[test]
fn every_weekday_is_a_window_of_a_day() {
    let of = by_cron("0 0 * * 1-5", ("2016-04-14", "2016-04-14"));
    assert_eq!(faults(&of), []);
    let wanted = pairs(&[
        ("2016-04-14", "2016-04-14"),
        ("2016-04-15", "2016-04-15"),
        ("2016-04-18", "2016-04-18"),
    ]);
    assert_eq!(windows(&of, 1..=3), wanted);
    assert_eq!(of.last_cycle(), limits::CYCLES_MAX);
    for (last, wanted) in [("2016-04-14", 1), ("2016-04-17", 2), ("2016-04-29", 12)] {
        assert_eq!(until(of.clone(), last).last_cycle(), wanted, "{last}");
    }
    assert_eq!(until(of, "2016-04-13").last_cycle(), 0);
}

#[test]
fn windows_that_fill_last_until_the_next_starts() {
    let halves = filling(by_cron("0 0 1,15 * *", ("2016-02-01", "2016-02-14")));
    assert_eq!(faults(&halves), []);
    let wanted = pairs(&[
        ("2016-02-15", "2016-02-29"),
        ("2016-03-01", "2016-03-14"),
        ("2016-03-15", "2016-03-31"),
    ]);
    assert_eq!(windows(&halves, 2..=4), wanted);
    let monthly = filling(by_cron("@monthly", ("2016-01-01", "2016-01-31")));
    let by_period = series(Every::Month, ("2016-01-01", "2016-01-31"));
    assert_eq!(faults(&monthly), []);
    assert_eq!(windows(&monthly, 1..=500), windows(&by_period, 1..=500));
}

#[test]
fn windows_that_would_overlap_anywhere_in_the_series_are_refused() {
    // The first one fits, the second half of a February; the first half of March has a day less.
    let mut halves = by_cron("0 0 1,15 * *", ("2016-02-15", "2016-02-29"));
    let found = halves.faults();
    assert_eq!(
        (&*found[0].pointer, found[0].code),
        ("/window/ends", "overlaps")
    );
    assert!(
        found[0]
            .detail
            .contains("from 2016-03-01 would last until 2016-03-15"),
        "{found:?}"
    );
    halves.recurs.as_mut().unwrap().count = Some(1);
    assert_eq!(faults(&halves), [], "none follows the one");
    let long = by_cron("0 0 29 2 *", ("2016-02-29", "2017-02-28"));
    assert_eq!(faults(&long), []);
    let four_weeks = by_cron("@monthly", ("2017-01-01", "2017-01-28"));
    assert_eq!(faults(&four_weeks), []);
    let february = by_cron("@monthly", ("2096-03-01", "2096-03-29"));
    assert_eq!(faults(&february), [("/window/ends".into(), "overlaps")]);
}

#[test]
fn the_first_window_is_one_that_the_expression_gives() {
    let saturday = by_cron("0 0 * * 1-5", ("2016-04-16", "2016-04-16"));
    let found = saturday.faults();
    assert_eq!(
        (&*found[0].pointer, found[0].code),
        ("/window/starts", "off_schedule")
    );
    assert!(found[0].detail.ends_with("2016-04-15"), "{found:?}");
    let short = filling(by_cron("@weekly", ("2016-04-17", "2016-04-22")));
    assert_eq!(faults(&short), [("/window/ends".into(), "fills")]);
    // Firsts of February or March that are Mondays: two in a row, then none for years.
    let grows = filling(by_cron("0 0 */31 2-3 1", ("2010-02-01", "2010-02-28")));
    assert_eq!(faults(&grows), [("/recurs/fills".into(), "range")]);
    let by_period = filling(series(Every::Week, ("2016-04-11", "2016-04-17")));
    assert_eq!(
        faults(&by_period),
        [("/recurs/fills".into(), "unsupported")]
    );
}

#[test]
fn what_was_stored_before_there_were_expressions_is_read_as_it_was() {
    // [1, 12, null, true]: every week, twelve times, with its members.
    let before = [0x84, 0x01, 0x0c, 0xf6, 0xf5];
    let read: Recurs = decode(&before).unwrap();
    let wanted = Recurs {
        count: Some(12),
        carry_members: true,
        ..Recurs::new(Every::Week)
    };
    assert_eq!(read, wanted);
    let cron = Recurs {
        fills: true,
        ..Recurs::new(Schedule::Cron(Cron::parse("@monthly").unwrap()))
    };
    for of in [wanted, cron] {
        let stored = minicbor::to_vec(&of).unwrap();
        assert_eq!(decode::<Recurs>(&stored).unwrap(), of);
    }
}

#[test]
fn the_ten_thousandth_window_is_found() {
    for text in ["0 0 * * 1-5", "@monthly", "0 0 29 2 *"] {
        let mut of = by_cron(text, ("2016-01-01", "2016-01-01"));
        let Some(Schedule::Cron(cron)) = of.recurs.as_ref().map(|of| of.schedule.clone()) else {
            panic!("it is one");
        };
        of.starts = cron.nth(of.starts, 0);
        of.ends = of.starts;
        let starts = |number| of.cycle_window(number).unwrap().0;
        let (last, before) = (starts(limits::CYCLES_MAX), starts(limits::CYCLES_MAX - 1));
        assert_eq!(cron.nth(before.next(), 0), last, "{text}");
        let passed = of.cycles_while(|number| starts(number) < last);
        assert_eq!(passed, limits::CYCLES_MAX - 1, "{text}");
    }
}
