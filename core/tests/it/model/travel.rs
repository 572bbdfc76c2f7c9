//! Changes of zone and of the hour at which days end: which are taken, and from when on (domain.md 2.2).

use streakline_core::civil::{DAY_MS, HOUR_MS, MINUTE_MS};

use super::{days::ZoneEntry, world::World};

const CHANGES_PER_WEEK: usize = 3;
const DAYS_BETWEEN_DAY_STARTS: i32 = 30;

impl World {
    /// The first holds from the beginning, a later one from the minute after every stored sample (ADR 0011).
    pub fn set_zone(&mut self, zone: &'static str) {
        if self
            .timeline
            .zones
            .last()
            .is_some_and(|last| last.zone == zone)
        {
            return;
        }
        let newest = self
            .copies
            .iter()
            .filter_map(|copy| copy.sample.span)
            .map(|(_, end)| end)
            .max();
        let from_ms = newest.unwrap_or(i64::MIN).max(self.now_ms);
        let minute = (from_ms + MINUTE_MS - 1).div_euclid(MINUTE_MS);
        let first = self.bound.is_empty();
        self.timeline.add(ZoneEntry {
            effective_ms: if first { i64::MIN } else { minute * MINUTE_MS },
            zone,
            received_ms: self.now_ms,
        });
    }

    /// Takes a change of zone at an instant, or not.
    pub fn travel(&mut self, zone: &'static str, effective_ms: i64) -> bool {
        let created_ms = self.created_ms.div_euclid(MINUTE_MS) * MINUTE_MS;
        let last_hard = self
            .hard
            .last_key_value()
            .map(|(day, _)| self.days().end_ms(*day));
        let lately = |entry: &&ZoneEntry| {
            entry.received_ms > self.now_ms - 7 * DAY_MS && entry.received_ms > self.created_ms
        };
        let in_reach =
            (self.now_ms - 72 * HOUR_MS..=self.now_ms + 5 * MINUTE_MS).contains(&effective_ms);
        let effective_ms = effective_ms.max(created_ms);
        let taken = in_reach
            && last_hard.is_none_or(|end_ms| effective_ms > end_ms + MINUTE_MS)
            && self.timeline.zones.iter().filter(lately).count() < CHANGES_PER_WEEK;
        if taken {
            self.timeline.add(ZoneEntry {
                effective_ms,
                zone,
                received_ms: self.now_ms,
            });
        }
        taken
    }

    /// Lets days end later or earlier, from tomorrow on, once in 30 days.
    pub fn start_days_at(&mut self, minutes: i64) -> bool {
        let tomorrow = self.today().next();
        let last = self.timeline.day_starts.last();
        let taken = (0..=360).contains(&minutes)
            && last.is_none_or(|(from, _)| tomorrow.since(*from) >= DAYS_BETWEEN_DAY_STARTS);
        if taken {
            self.timeline.day_starts.push((tomorrow, minutes));
        }
        taken
    }
}
