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
        every,
        count: None,
        until: None,
        carry_members: true,
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
        of.ends = of.recurs.unwrap().starts(first, 2).prev();
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
