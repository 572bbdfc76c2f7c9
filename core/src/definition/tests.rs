//! The definition of a challenge: its times, and its faults.

use alloc::sync::Arc;

use super::*;
use crate::zone::Zone;

fn april() -> Definition {
    let (starts, ends) = ("2016-04-13", "2016-05-11");
    Definition {
        per_day_cap: None,
        ..Definition::new(
            "April steps",
            (Day::parse(starts).unwrap(), Day::parse(ends).unwrap()),
        )
    }
}

#[test]
fn a_window_is_its_dates_and_26_hours() {
    // domain.md 5.6: 1..7 June opens 31 May 10:00Z, closes 8 June 12:00Z, settles 9 June 12:00Z.
    let june = Definition {
        starts: Day::parse("2026-06-01").unwrap(),
        ends: Day::parse("2026-06-07").unwrap(),
        ..april()
    };
    let hours = |ms: i64| ms.div_euclid(HOUR_MS);
    assert_eq!(
        hours(june.started_ms()),
        hours(june.starts.prev().utc_ms()) + 10
    );
    assert_eq!(
        hours(june.ends_at_ms()),
        hours(june.ends.next().utc_ms()) + 12
    );
    assert_eq!(hours(june.ends_at_ms() - june.started_ms()), 7 * 24 + 26);
    assert_eq!(hours(june.settles_at_ms() - june.ends_at_ms()), 24);
}

#[test]
fn every_fault_is_found_at_once() {
    assert_eq!(april().faults(), []);
    let bad = Definition {
        title: String::new(),
        ends: Day::parse("2016-04-01").unwrap(),
        capacity: Some(0),
        per_day_cap: Some(0),
        finalisation_h: 73,
        waitlist: 100_001,
        ..april()
    };
    let faults = bad.faults();
    let pointers: Vec<_> = faults.iter().map(|fault| &*fault.pointer).collect();
    assert_eq!(
        pointers,
        [
            "/title",
            "/window/ends",
            "/capacity",
            "/waitlist",
            "/per_day_cap",
            "/finalisation_h"
        ]
    );
    let long = Definition {
        ends: Day::parse("2016-06-12").unwrap(),
        late: LateJoin::Prorated,
        capacity: Some(2),
        min_participants: Some(3),
        ..april()
    };
    let pointers: Vec<_> = long.faults().into_iter().map(|f| f.pointer).collect();
    assert_eq!(pointers, ["/join/late", "/min_participants"]);
    let shorter = Definition {
        ends: long.ends.prev(),
        min_participants: Some(2),
        ..long
    };
    assert_eq!(shorter.faults(), []);
    let endless = Definition {
        waitlist: 1,
        ..april()
    };
    let codes: Vec<_> = endless.faults().iter().map(|fault| fault.code).collect();
    assert_eq!(codes, ["needs_capacity"]);
}

struct Berlin;

impl Zones for Berlin {
    fn zone(&self, name: &str) -> Option<Arc<Zone>> {
        let summer_ms = Day::parse("2016-03-27").unwrap().utc_ms() + HOUR_MS;
        let turns = Vec::from([(summer_ms, 7_200)]);
        (name == "Europe/Berlin").then(|| Arc::new(Zone::new(name, 3_600, turns)))
    }
}

#[test]
fn a_window_that_is_moved_has_the_clock_of_its_new_dates() {
    let zone = Berlin.zone("Europe/Berlin").unwrap();
    let april = april();
    let april = Definition {
        clock: Clock::of_zone(&zone, april.starts),
        ..april
    };
    let march = april.moved(-28, &Berlin);
    let days = |ms: i64| (ms - april.started_ms()).div_euclid(HOUR_MS);
    assert_eq!(days(march.started_ms()), -28 * 24 + 1, "winter time then");
}

#[test]
fn a_window_that_is_not_over_is_played_whole_weeks_earlier() {
    let april = april();
    let over_ms = april.ends_at_ms();
    assert_eq!(april.last_over(over_ms, &Berlin), april);
    let early = april.last_over(over_ms - 1, &Berlin);
    assert_eq!(early, april.moved(-7, &Berlin));
    assert!(early.ends_at_ms() < over_ms);
    let far = april.last_over(over_ms - 15 * 24 * HOUR_MS, &Berlin);
    assert_eq!(far, april.moved(-21, &Berlin));
}
