//! A time zone as a table of offsets, and where zones come from. No zone data is in here: the shell
//! turns its database into tables (`zones`), tests write theirs by hand. `calendar` makes days out
//! of them.

use alloc::{sync::Arc, vec::Vec};

use crate::{
    civil::{HOUR_MS, Local},
    place::Place,
};

/// Offsets beyond this do not occur anywhere; [`Zone::new`] cuts them, so that searches have a
/// bound.
const OFFSET_S_MAX: i32 = 26 * 3_600;
/// The largest fall of a wall clock that two such offsets can make.
const FALL_MS_MAX: i64 = 52 * HOUR_MS;

/// A time zone: the offset from UTC at every instant.
///
/// ```
/// use streakline_core::{civil::Day, zone::Zone};
/// let berlin = Zone::new("Europe/Berlin", 3_600, vec![(1_774_746_000_000, 7_200)]);
/// assert_eq!(berlin.local(1_774_746_000_000).iso_minute(), "2026-03-29T03:00");
/// assert_eq!(Zone::utc().first_reaching(Day(1).midnight(), i64::MIN), 86_400_000);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    name: Arc<str>,
    first_offset_s: i32,
    transitions: Vec<(i64, i32)>,
}

/// Where zones are looked up by their IANA name.
pub trait Zones {
    /// The zone of that name, where there is one.
    fn zone(&self, name: &str) -> Option<Arc<Zone>>;

    /// Where people of that zone are taken to be; `None` where nobody can tell, as for `UTC`.
    fn place(&self, name: &str) -> Option<Place> {
        let _ = name;
        None
    }
}

impl Zone {
    /// A zone with `first_offset_s` until the first of its `transitions` (instant in POSIX ms,
    /// offset in seconds from then on). They are sorted here; of two at one instant the later entry
    /// counts.
    #[must_use]
    pub fn new(
        name: impl Into<Arc<str>>,
        first_offset_s: i32,
        transitions: Vec<(i64, i32)>,
    ) -> Self {
        let cut = |offset: i32| offset.clamp(-OFFSET_S_MAX, OFFSET_S_MAX);
        let mut table: Vec<(i64, i32)> = Vec::with_capacity(transitions.len());
        let mut sorted = transitions;
        sorted.sort_by_key(|(at_ms, _)| *at_ms);
        for (at_ms, offset_s) in sorted {
            table.pop_if(|last| last.0 == at_ms);
            table.push((at_ms, cut(offset_s)));
        }
        Self {
            name: name.into(),
            first_offset_s: cut(first_offset_s),
            transitions: table,
        }
    }

    /// The zone `UTC`.
    #[must_use]
    pub fn utc() -> Self {
        Self::new("UTC", 0, Vec::new())
    }

    /// Its IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Seconds that its wall clocks are ahead of UTC at `at_ms`.
    #[must_use]
    pub fn offset_s(&self, at_ms: i64) -> i32 {
        self.offset_after(self.passed(at_ms))
    }

    /// What its wall clocks show at `at_ms`.
    #[must_use]
    pub fn local(&self, at_ms: i64) -> Local {
        Local(at_ms.saturating_add(offset_ms(self.offset_s(at_ms))))
    }

    /// The first instant at or after `from_ms` at which its clocks show `wall` or a later time,
    /// POSIX ms.
    #[must_use]
    pub fn first_reaching(&self, wall: Local, from_ms: i64) -> i64 {
        // No clock shows it before this, so the search begins one or two transitions from its end.
        let earliest = from_ms.max(wall.0.saturating_sub(offset_ms(OFFSET_S_MAX)));
        let mut from = earliest;
        let mut passed = self.passed(earliest);
        loop {
            let until = self.transitions.get(passed).map(|(at_ms, _)| *at_ms);
            let reached = wall.0.saturating_sub(offset_ms(self.offset_after(passed)));
            let candidate = reached.max(from);
            match until {
                Some(until_ms) if candidate >= until_ms => from = until_ms,
                _ => return candidate,
            }
            passed = passed.saturating_add(1);
        }
    }

    /// The latest time shown at any instant of `[from_ms, at_ms]`: that of `at_ms`, unless the
    /// clocks fell back shortly before.
    #[must_use]
    pub fn latest(&self, from_ms: i64, at_ms: i64) -> Local {
        let passed = self.passed(at_ms);
        let mut latest = at_ms.saturating_add(offset_ms(self.offset_after(passed)));
        let oldest_ms = from_ms.max(at_ms.saturating_sub(FALL_MS_MAX));
        for index in (0..passed).rev() {
            let Some((turn_ms, _)) = self.transitions.get(index) else {
                break;
            };
            if *turn_ms <= oldest_ms {
                break;
            }
            let before = offset_ms(self.offset_after(index));
            latest = latest.max(turn_ms.saturating_sub(1).saturating_add(before));
        }
        Local(latest)
    }

    /// Its transitions after `after_ms` and before `before_ms`: POSIX ms, and the offset in seconds from then on.
    #[must_use]
    pub fn turns(&self, after_ms: i64, before_ms: i64) -> &[(i64, i32)] {
        let before = self.transitions.partition_point(|turn| turn.0 < before_ms);
        let turns = self.transitions.get(self.passed(after_ms)..before);
        turns.unwrap_or_default()
    }

    /// How many transitions have taken place at `at_ms`.
    fn passed(&self, at_ms: i64) -> usize {
        self.transitions
            .partition_point(|(turn_ms, _)| *turn_ms <= at_ms)
    }

    fn offset_after(&self, passed: usize) -> i32 {
        let last = passed
            .checked_sub(1)
            .and_then(|index| self.transitions.get(index));
        last.map_or(self.first_offset_s, |(_, offset_s)| *offset_s)
    }
}

fn offset_ms(offset_s: i32) -> i64 {
    i64::from(offset_s).saturating_mul(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::civil::Day;
    use std::vec;

    #[test]
    fn a_table_is_sorted_and_the_later_of_two_equal_turns_counts() {
        let zone = Zone::new("X", 0, vec![(2_000, 60), (1_000, 30), (2_000, 90)]);
        let offsets = [0, 999, 1_000, 1_999, 2_000, i64::MAX].map(|at| zone.offset_s(at));
        assert_eq!(offsets, [0, 0, 30, 30, 90, 90]);
        assert_eq!(zone.name(), "X");
    }

    #[test]
    fn the_first_instant_of_a_date_is_found_on_both_sides_of_a_fall_over_midnight() {
        // At 00:01 on day 100 the clocks go back an hour: the date 100 is reached, lost and reached
        // again.
        let turn_ms = Day(100).utc_ms() + 60_000;
        let zone = Zone::new("X", 0, vec![(turn_ms, -3_600)]);
        let midnight = Day(100).midnight();
        assert_eq!(zone.first_reaching(midnight, i64::MIN), Day(100).utc_ms());
        assert_eq!(
            zone.first_reaching(midnight, turn_ms),
            Day(100).utc_ms() + HOUR_MS
        );
        assert_eq!(zone.local(turn_ms).day(), Day(99));
        assert_eq!(zone.latest(i64::MIN, turn_ms).day(), Day(100));
        assert_eq!(zone.latest(turn_ms, turn_ms).day(), Day(99));
    }

    #[test]
    fn offsets_that_no_clock_can_have_are_cut() {
        assert_eq!(
            Zone::new("X", i32::MAX, vec![(0, i32::MIN)]).offset_s(-1),
            OFFSET_S_MAX
        );
        assert_eq!(
            Zone::new("X", i32::MAX, vec![(0, i32::MIN)]).offset_s(0),
            -OFFSET_S_MAX
        );
    }
}
