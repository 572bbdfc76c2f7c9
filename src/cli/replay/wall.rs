//! From wall-clock minutes to instants. A recording says what the clock on the wall showed; the server wants instants.
//!
//! A minute that the clocks jumped over is taken as the earlier of the two instants that its neighbours suggest. A
//! minute that the clocks showed twice is the first of its two instants, and the second where the recording has that
//! minute again: a band that ran through the change writes two rows of that hour.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use streakline_core::civil::{DAY_MS, Local, MINUTE_MS};
use streakline_core::zone::Zone;

use crate::cli::folder::HourRow;

/// Steps of one minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Start of the minute, POSIX ms.
    pub start_ms: i64,
    /// Steps.
    pub value: u32,
}

impl Sample {
    /// End of the minute, POSIX ms.
    #[must_use]
    pub fn end_ms(self) -> i64 {
        self.start_ms + MINUTE_MS
    }
}

/// All minutes of one person, in order of time.
///
/// # Errors
/// When a minute is there more often than its clock showed it.
pub fn samples(zone: &Zone, rows: &[HourRow]) -> Result<Vec<Sample>> {
    let mut minutes = BTreeMap::new();
    for row in rows {
        let mut local = row.start;
        for steps in &row.steps {
            if let Some(value) = steps {
                let free = instants(zone, local)
                    .into_iter()
                    .find(|at| !minutes.contains_key(at));
                let at = free.with_context(|| format!("{} is there twice", local.iso_minute()))?;
                minutes.insert(at, *value);
            }
            local = Local(local.0 + MINUTE_MS);
        }
    }
    Ok(minutes
        .into_iter()
        .map(|(start_ms, value)| Sample { start_ms, value })
        .collect())
}

/// The instants at which clocks of `zone` show `local`, earliest first; for a minute that they skip, one instant.
fn instants(zone: &Zone, local: Local) -> Vec<i64> {
    // Clocks change by a few hours at most and never twice in two days, so a day before and a day after tell both offsets.
    let offsets = [local.0 - DAY_MS, local.0 + DAY_MS].map(|at_ms| zone.offset_s(at_ms));
    let mut candidates = offsets
        .map(|offset_s| local.0 - i64::from(offset_s) * 1_000)
        .to_vec();
    candidates.sort_unstable();
    candidates.dedup();
    let shown: Vec<i64> = candidates
        .iter()
        .copied()
        .filter(|at_ms| zone.local(*at_ms) == local)
        .collect();
    if shown.is_empty() {
        candidates.into_iter().take(1).collect()
    } else {
        shown
    }
}

#[cfg(test)]
mod tests {
    use streakline_core::civil::{Day, HOUR_MS};
    use streakline_core::zone::Zones as _;

    use super::*;
    use crate::zones::BundledZones;

    fn local(date: &str, hour: i64, minute: i64) -> Local {
        Local(Day::parse(date).unwrap().utc_ms() + hour * HOUR_MS + minute * MINUTE_MS)
    }

    fn utc(date: &str, hour: i64, minute: i64) -> i64 {
        local(date, hour, minute).0
    }

    fn row(start: Local, value: u32) -> HourRow {
        HourRow {
            start,
            steps: vec![Some(value); 60],
        }
    }

    #[test]
    fn a_minute_has_one_instant_on_an_ordinary_day() {
        let zones = BundledZones::new();
        let cases = [
            ("UTC", utc("2016-04-13", 9, 30)),
            ("America/New_York", utc("2016-04-13", 13, 30)),
            ("Asia/Kolkata", utc("2016-04-13", 4, 0)),
            ("Pacific/Auckland", utc("2016-04-12", 21, 30)),
        ];
        for (name, at_ms) in cases {
            let zone = zones.zone(name).unwrap();
            assert_eq!(
                instants(&zone, local("2016-04-13", 9, 30)),
                [at_ms],
                "{name}"
            );
        }
    }

    #[test]
    fn a_repeated_hour_takes_its_second_row_for_its_second_pass() {
        let berlin = BundledZones::new().zone("Europe/Berlin").unwrap();
        let day = "2016-10-30";
        let two = local(day, 2, 0);
        assert_eq!(instants(&berlin, two), [utc(day, 0, 0), utc(day, 1, 0)]);
        let once = samples(&berlin, &[row(two, 1)]).unwrap();
        assert_eq!(
            once[0],
            Sample {
                start_ms: utc(day, 0, 0),
                value: 1
            }
        );
        let twice = samples(&berlin, &[row(two, 1), row(two, 2)]).unwrap();
        assert_eq!(twice.len(), 120);
        assert_eq!(
            twice[60],
            Sample {
                start_ms: utc(day, 1, 0),
                value: 2
            }
        );
        let error = samples(&berlin, &[row(two, 1), row(two, 2), row(two, 3)]).unwrap_err();
        assert_eq!(error.to_string(), "2016-10-30T02:00 is there twice");
    }

    #[test]
    fn a_skipped_minute_is_the_earlier_instant_and_its_neighbours_stay() {
        let berlin = BundledZones::new().zone("Europe/Berlin").unwrap();
        let day = "2016-03-27";
        assert_eq!(instants(&berlin, local(day, 1, 59)), [utc(day, 0, 59)]);
        assert_eq!(instants(&berlin, local(day, 2, 30)), [utc(day, 0, 30)]);
        assert_eq!(instants(&berlin, local(day, 3, 0)), [utc(day, 1, 0)]);
    }

    #[test]
    fn empty_fields_are_no_samples_and_rows_may_come_in_any_order() {
        let mut early = row(local("2016-04-13", 1, 0), 5);
        early.steps[0] = None;
        let late = row(local("2016-04-13", 2, 0), 7);
        let all = samples(&Zone::utc(), &[late, early]).unwrap();
        assert_eq!(all.len(), 119);
        assert_eq!(
            all[0],
            Sample {
                start_ms: utc("2016-04-13", 1, 1),
                value: 5
            }
        );
        assert_eq!(all[118].end_ms(), utc("2016-04-13", 3, 0));
    }
}
