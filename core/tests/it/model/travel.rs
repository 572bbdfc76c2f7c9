//! Changes of zone and of the hour at which days end: which are taken, and from when on (domain.md 2.2).

use streakline_core::civil::{DAY_MS, HOUR_MS, MINUTE_MS};

use super::{days::ZoneEntry, world::World};

const CHANGES_PER_WEEK: usize = 3;
const DAYS_BETWEEN_DAY_STARTS: i32 = 30;

impl World {
    /// A new user's zone, which holds from the beginning.
    pub fn begin_in(&mut self, zone: &'static str) {
        self.timeline.add(ZoneEntry {
            effective_ms: i64::MIN,
            zone,
            received_ms: i64::MIN,
        });
    }

    /// A change takes effect at its minute, or at that of the creation.
    fn minute_of(&self, effective_ms: i64) -> i64 {
        effective_ms.max(self.created_ms).div_euclid(MINUTE_MS) * MINUTE_MS
    }

    /// Whether a change of zone at an instant is taken.
    pub fn takes(&self, zone: &str, effective_ms: i64) -> bool {
        let last_hard = self
            .hard
            .last_key_value()
            .map(|(day, _)| self.days().end_ms(*day));
        let lately = |entry: &&ZoneEntry| entry.received_ms > self.now_ms - 7 * DAY_MS;
        let in_reach =
            (self.now_ms - 72 * HOUR_MS..=self.now_ms + 5 * MINUTE_MS).contains(&effective_ms);
        let effective_ms = self.minute_of(effective_ms);
        in_reach
            && self.timeline.zone_at(effective_ms) != zone
            && last_hard.is_none_or(|end_ms| effective_ms > end_ms + MINUTE_MS)
            && self.timeline.zones.iter().filter(lately).count() < CHANGES_PER_WEEK
    }

    pub fn travel(&mut self, zone: &'static str, effective_ms: i64) {
        if self.takes(zone, effective_ms) {
            self.timeline.add(ZoneEntry {
                effective_ms: self.minute_of(effective_ms),
                zone,
                received_ms: self.now_ms,
            });
        }
    }

    /// Whether days may end so many minutes after midnight from tomorrow on: once in 30 days.
    pub fn takes_day_start(&self, minutes: i64) -> bool {
        let tomorrow = self.today().next();
        let last = self.timeline.day_starts.last();
        (0..=360).contains(&minutes)
            && last.map_or(0, |(_, held)| *held) != minutes
            && last.is_none_or(|(from, _)| tomorrow.since(*from) >= DAYS_BETWEEN_DAY_STARTS)
    }

    pub fn start_days_at(&mut self, minutes: i64) {
        if self.takes_day_start(minutes) {
            self.timeline
                .day_starts
                .push((self.today().next(), minutes));
        }
    }
}
