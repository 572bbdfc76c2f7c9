//! The time zones that are built into the binary, as tables for the core. The only file that names
//! jiff; it makes no days (`calendar` in the core does) and it reads nothing from the machine, so
//! every node has the same zones. `lib.rs` makes one and everything that folds shares it.

mod places;

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use jiff::{
    Timestamp,
    tz::{TimeZone, TimeZoneDatabase},
};
use streakline_core::{
    place::Place,
    zone::{Zone, Zones},
};

/// 2101-01-01T00:00Z: turns from here on are left out, so that a table is finite.
const LAST_TURN_MS: i64 = 4_133_980_800_000;

/// jiff's bundled tzdb. A table is made when a name is first asked for and then kept; there are as
/// many places as the database has names, so nothing that a client sends makes it grow.
pub struct BundledZones {
    database: TimeZoneDatabase,
    tables: BTreeMap<Box<str>, OnceLock<Arc<Zone>>>,
    places: BTreeMap<&'static str, Place>,
}

impl BundledZones {
    /// All names of the bundled database, no table yet.
    #[must_use]
    pub fn new() -> Self {
        let database = TimeZoneDatabase::bundled();
        let tables = database
            .available()
            .map(|name| (name.as_str().into(), OnceLock::new()));
        Self {
            tables: tables.collect(),
            places: places::all(),
            database,
        }
    }

    /// The names that [`Zones::zone`] knows, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tables.keys().map(|name| &**name)
    }
}

impl Default for BundledZones {
    fn default() -> Self {
        Self::new()
    }
}

impl Zones for BundledZones {
    /// Names are taken exactly as the tzdb writes them: `europe/berlin` is unknown, so that a zone
    /// has one spelling in stored states and answers.
    fn zone(&self, name: &str) -> Option<Arc<Zone>> {
        let table = self.tables.get(name)?;
        if let Some(zone) = table.get() {
            return Some(zone.clone());
        }
        let zone = zone_of(name, &self.database.get(name).ok()?);
        Some(table.get_or_init(|| Arc::new(zone)).clone())
    }

    fn place(&self, name: &str) -> Option<Place> {
        self.places.get(name).copied()
    }
}

/// The offsets of a zone from 1970 to 2100; turns that only rename it are left out.
fn zone_of(name: &str, source: &TimeZone) -> Zone {
    let first_offset_s = source.to_offset(Timestamp::UNIX_EPOCH).seconds();
    let mut turns = Vec::new();
    let mut offset_s = first_offset_s;
    for turn in source.following(Timestamp::UNIX_EPOCH) {
        let at_ms = turn.timestamp().as_millisecond();
        if at_ms >= LAST_TURN_MS {
            break;
        }
        if turn.offset().seconds() != offset_s {
            offset_s = turn.offset().seconds();
            turns.push((at_ms, offset_s));
        }
    }
    turns.shrink_to_fit();
    Zone::new(name, first_offset_s, turns)
}

/// An instant such as `2016-04-12T00:00:00Z`, as POSIX ms.
#[must_use]
pub fn parse_instant_ms(text: &str) -> Option<i64> {
    text.parse::<Timestamp>()
        .ok()
        .map(Timestamp::as_millisecond)
}

/// The same the other way round; a number that is no instant of this calendar as it is.
#[must_use]
pub fn shown_instant(ms: i64) -> String {
    let instant = Timestamp::from_millisecond(ms);
    instant.map_or_else(|_| format!("{ms} ms"), |instant| instant.to_string())
}

#[cfg(test)]
mod tests {
    use jiff::civil::Date;
    use streakline_core::{
        calendar::Calendar,
        civil::{Day, HOUR_MS},
    };

    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn calendar(name: &str) -> Calendar {
        Calendar::new(BundledZones::new().zone(name).unwrap())
    }

    fn hours(name: &str, date: &str) -> i64 {
        let calendar = calendar(name);
        (calendar.end_ms(day(date)) - calendar.start_ms(day(date))) / HOUR_MS
    }

    #[test]
    fn the_days_of_every_zone_from_2015_to_2035_add_up_to_the_time_that_passed() {
        let zones = BundledZones::new();
        assert!(zones.names().count() > 400);
        for name in zones.names() {
            let source = zones.database.get(name).unwrap();
            let calendar = Calendar::new(zones.zone(name).unwrap());
            let (first, end) = (day("2015-01-01"), day("2036-01-01"));
            let (mut total_ms, mut date) = (0, Date::constant(2015, 1, 1));
            for day in (first.0..end.0).map(Day) {
                // jiff finds the same midnights by its own road.
                let midnight = date.to_zoned(source.clone()).unwrap().timestamp();
                let start_ms = calendar.start_ms(day);
                assert_eq!(start_ms, midnight.as_millisecond(), "{name} {date}");
                assert_eq!(calendar.day_of(start_ms), day, "{name} {date}");
                assert_eq!(
                    calendar.day_of(calendar.end_ms(day) - 1),
                    day,
                    "{name} {date}"
                );
                total_ms += calendar.end_ms(day) - start_ms;
                date = date.tomorrow().unwrap();
            }
            assert_eq!(
                total_ms,
                calendar.start_ms(end) - calendar.start_ms(first),
                "{name}"
            );
        }
    }

    #[test]
    fn offsets_equal_those_of_jiff_at_random_instants_and_at_every_turn() {
        let zones = BundledZones::new();
        let mut seed = 1_u64;
        for name in zones.names() {
            let (zone, source) = (zones.zone(name).unwrap(), zones.database.get(name).unwrap());
            let random = (0..100).map(|_| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                i64::try_from(seed >> 11).unwrap() % LAST_TURN_MS
            });
            let turns = source.following(Timestamp::UNIX_EPOCH).take(300);
            let turns = turns.map(|turn| turn.timestamp().as_millisecond());
            let turns = turns
                .filter(|at_ms| *at_ms < LAST_TURN_MS)
                .flat_map(|at| [at - 1, at]);
            for at_ms in random.chain(turns.collect::<Vec<_>>()) {
                let wanted = source.to_offset(Timestamp::from_millisecond(at_ms).unwrap());
                assert_eq!(zone.offset_s(at_ms), wanted.seconds(), "{name} at {at_ms}");
            }
        }
    }

    /// Night workers' days begin at any of these hours; they add up whatever the clocks do.
    #[test]
    fn days_that_begin_up_to_six_hours_after_midnight_add_up_too() {
        let zones = BundledZones::new();
        for (number, name) in (0_i64..).zip(zones.names()) {
            let mut calendar = Calendar::new(zones.zone(name).unwrap());
            let after_ms = (number % 25) * HOUR_MS / 4;
            calendar.start_days(day("2014-12-31"), after_ms);
            let (first, end) = (day("2015-01-01"), day("2036-01-01"));
            let mut start_ms = calendar.start_ms(first);
            for day in (first.0..end.0).map(Day) {
                assert_eq!(calendar.start_ms(day), start_ms, "{name} {}", day.iso());
                assert_eq!(calendar.day_of(start_ms), day, "{name} {}", day.iso());
                assert_eq!(calendar.day_of(start_ms - 1), day.prev(), "{name}");
                let wall = calendar.local(start_ms).0;
                // Clocks that jump over the hour begin it with their jump, of 3 hours at the most (Casey, 2018).
                let late_ms = wall - day.midnight().0 - after_ms;
                assert!((0..=3 * HOUR_MS).contains(&late_ms), "{name} {}", day.iso());
                start_ms = calendar.end_ms(day);
            }
        }
    }

    #[test]
    fn zones_of_the_database_have_places_but_utc_and_its_like() {
        let zones = BundledZones::new();
        let (known, unknown): (Vec<_>, Vec<_>) =
            zones.names().partition(|name| zones.place(name).is_some());
        assert!(known.len() > 500, "{}", known.len());
        let anywhere = |name: &&&str| name.contains('/') && !name.starts_with("Etc/");
        assert_eq!(unknown.iter().filter(anywhere).count(), 0, "{unknown:?}");
    }

    #[test]
    fn berlin_has_days_of_23_and_25_hours_and_samoa_none_on_the_30th() {
        assert_eq!(hours("Europe/Berlin", "2026-03-29"), 23);
        assert_eq!(hours("Europe/Berlin", "2026-10-25"), 25);
        assert!(calendar("Pacific/Apia").is_void(day("2011-12-30")));
        let st_johns = calendar("America/St_Johns");
        assert_eq!(
            st_johns.end_ms(day("2010-11-07")) - st_johns.start_ms(day("2010-11-07")),
            25 * HOUR_MS
        );
    }

    #[test]
    fn names_that_the_tzdb_does_not_write_are_unknown() {
        let zones = BundledZones::new();
        let names = zones.names().count();
        for bad in [
            "",
            "Mars/Olympus",
            "europe/berlin",
            "Europe/Berlin ",
            "CET-1CEST",
            "+02:00",
        ] {
            assert!(zones.zone(bad).is_none(), "{bad}");
        }
        assert_eq!(zones.names().count(), names);
        assert_eq!(zones.zone("Asia/Kolkata").unwrap().name(), "Asia/Kolkata");
        let first = zones.zone("UTC").unwrap();
        assert!(
            Arc::ptr_eq(&first, &zones.zone("UTC").unwrap()),
            "a table is made once"
        );
    }
}
