//! Tokens of a day (domain.md 8.2) from the stretch of time that pays for it (2.2).

use streakline_core::civil::{Day, MINUTE_MS};

use super::world::World;

/// Micro-tokens of so many eligible steps.
pub fn micro(steps: i64) -> i64 {
    let parts = 1_000 * steps.min(5_000)
        + 500 * (steps - 5_000).clamp(0, 5_000)
        + 250 * (steps - 10_000).clamp(0, 5_000);
    parts / 100_000 * 100_000
}

impl World {
    /// At its soft close a day's stretch is what lies between the last fixed one and its end as known then.
    pub fn fix_range(&mut self, day: Day) {
        let days = self.days();
        let first_ms = days.span(self.first_day()).unwrap().0;
        let from_ms = self
            .ranges
            .values()
            .map(|(_, end_ms)| *end_ms)
            .max()
            .unwrap_or(first_ms);
        self.ranges
            .insert(day, (from_ms, days.end_ms(day).max(from_ms)));
    }

    /// What a day's stretch has earned by now.
    pub fn earned_micro(&self, day: Day) -> i64 {
        let Some((from_ms, to_ms)) = self.ranges.get(&day) else {
            return micro(self.eligible_series(day, "steps").values().sum());
        };
        let inside = |minute: &i64| (*from_ms..*to_ms).contains(&(minute * MINUTE_MS));
        let around = (day.0 - 4..=day.0 + 4).map(Day);
        let kept = |day: Day| self.frozen.get(&day).cloned();
        let series =
            around.flat_map(|day| kept(day).unwrap_or_else(|| self.eligible_series(day, "steps")));
        micro(
            series
                .filter(|(minute, _)| inside(minute))
                .map(|(_, value)| value)
                .sum(),
        )
    }

    /// Posts what is earned and not yet posted; nothing is ever taken back.
    pub fn post(&mut self, day: Day) {
        let earned = self.earned_micro(day);
        let posted = self.posted.entry(day).or_default();
        *posted = earned.max(*posted);
    }
}
