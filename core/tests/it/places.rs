//! Zones written by hand for 2026 (Samoa's for 2011), and instants written as text. The shell's zones are tested against the real database.

use std::{collections::BTreeMap, sync::Arc};

use streakline_core::{
    civil::{Day, HOUR_MS, MINUTE_MS},
    place::Place,
    zone::{Zone, Zones},
};

/// Every zone that these tests are in.
pub struct Places(BTreeMap<&'static str, Arc<Zone>>);

impl Zones for Places {
    fn place(&self, name: &str) -> Option<Place> {
        let (latitude_s, longitude_s) = match name {
            "Asia/Tokyo" => (128_355, 503_084),
            "America/Los_Angeles" => (122_588, -425_674),
            "Europe/Berlin" => (189_000, 48_120),
            _ => return None,
        };
        Some(Place {
            latitude_s,
            longitude_s,
        })
    }

    fn zone(&self, name: &str) -> Option<Arc<Zone>> {
        self.0.get(name).cloned()
    }
}

/// Name, offset at the year's beginning in seconds, and the changes of it.
type Table = (&'static str, i32, Vec<(&'static str, i32)>);

impl Places {
    /// UTC and ten places, with their clock changes of 2026; Samoa, which skipped 2011-12-30.
    pub fn new() -> Self {
        let table: [Table; 11] = [
            ("UTC", 0, vec![]),
            (
                "Europe/Berlin",
                3_600,
                vec![("2026-03-29T01:00Z", 7_200), ("2026-10-25T01:00Z", 3_600)],
            ),
            (
                "America/New_York",
                -18_000,
                vec![
                    ("2026-03-08T07:00Z", -14_400),
                    ("2026-11-01T06:00Z", -18_000),
                ],
            ),
            (
                "Pacific/Auckland",
                46_800,
                vec![("2026-04-04T14:00Z", 43_200), ("2026-09-26T14:00Z", 46_800)],
            ),
            (
                "America/Los_Angeles",
                -28_800,
                vec![
                    ("2026-03-08T10:00Z", -25_200),
                    ("2026-11-01T09:00Z", -28_800),
                ],
            ),
            ("Pacific/Apia", -36_000, vec![("2011-12-30T10:00Z", 50_400)]),
            ("Asia/Kolkata", 19_800, vec![]),
            ("Asia/Tokyo", 32_400, vec![]),
            ("Pacific/Honolulu", -36_000, vec![]),
            ("Pacific/Pago_Pago", -39_600, vec![]),
            ("Pacific/Kiritimati", 50_400, vec![]),
        ];
        let zone = |(name, first_offset_s, turns): Table| {
            let turns = turns
                .into_iter()
                .map(|(turn, offset_s)| (at(turn), offset_s));
            (
                name,
                Arc::new(Zone::new(name, first_offset_s, turns.collect())),
            )
        };
        Self(table.into_iter().map(zone).collect())
    }
}

/// The instant written `2026-10-25T07:00Z`, `2026-10-25T07:00+1` or `2026-10-25T07:00:30.5-10`, POSIX ms.
pub fn at(text: &str) -> i64 {
    let (day, rest) = (&text[..10], &text[11..]);
    let split = rest.find(['Z', '+', '-']).expect("an offset");
    let (clock, offset) = rest.split_at(split);
    let offset_h: f64 = offset.trim_end_matches('Z').parse().unwrap_or(0.0);
    let parts: Vec<f64> = clock.split(':').map(|part| part.parse().unwrap()).collect();
    let seconds = parts.get(2).copied().unwrap_or(0.0);
    date(day).utc_ms()
        + parts[0] as i64 * HOUR_MS
        + parts[1] as i64 * MINUTE_MS
        + (seconds * 1_000.0) as i64
        - (offset_h * HOUR_MS as f64) as i64
}

/// The civil date written `2026-10-25`.
pub fn date(text: &str) -> Day {
    Day::parse(text).expect("a date")
}
