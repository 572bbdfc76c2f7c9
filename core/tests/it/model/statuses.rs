//! The status of a day, week or month for a goal (domain.md 4.1), and which short days are void (2.2).

use streakline_core::civil::{DAY_MS, Day, HOUR_MS};

use super::world::World;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Met,
    Missed,
    Rest,
    Paused,
    Frozen,
    Pass,
    Repaired,
    Void,
    Pending,
}

const SHORT_MS: i64 = 20 * HOUR_MS;

impl World {
    /// The period of a goal that ends with a day, where the goal is in force and a period of it ends there.
    pub fn ending_with(&self, goal: &str, day: Day) -> Option<(Day, Day)> {
        let held = &self.goals[goal];
        held.on(day)?;
        let (first, last) = held.period_of(day);
        (last == day).then_some((first, last))
    }

    pub fn is_met(&self, goal: &str, period: (Day, Day)) -> bool {
        self.met_at_ms(goal, period).is_some()
    }

    /// The status of the period that ends with a day.
    pub fn status(&self, goal: &str, day: Day) -> Option<Status> {
        let (first, last) = self.ending_with(goal, day)?;
        let days = || self.goals[goal].counted((first, last));
        let daily = first == last;
        let kept = self.kept.get(&(goal.to_owned(), day)).copied();
        let cover = self
            .instruments
            .get(goal)
            .and_then(|held| held.covers.get(&day).copied());
        Some(if days().any(|day| self.frauds_on(day)) {
            Status::Missed
        } else if daily && self.days().span(day).is_none() {
            Status::Void
        } else if days().all(|day| self.is_paused(day)) {
            Status::Paused
        } else if daily && self.rests.contains(&day) {
            Status::Rest
        } else if self.is_met(goal, (first, last)) {
            Status::Met
        } else if let Some(kept) = kept {
            kept
        } else if daily && self.is_soft(day) && self.is_void(goal, day) {
            Status::Void
        } else if self.is_soft(day) {
            cover.unwrap_or(Status::Missed)
        } else {
            Status::Pending
        })
    }

    /// Whether a missed short day is void: once in 14 days.
    fn is_void(&self, goal: &str, day: Day) -> bool {
        let void_before = |back: i32| {
            let before = day.plus(-back);
            let short = self.days().span(before).is_some();
            short
                && self.goals[goal].on(before).is_some()
                && self.status(goal, before) == Some(Status::Void)
        };
        self.was_shortened_in_time(day) && !(1..14).any(void_before)
    }

    /// Whether the change that made a day shorter than 20 h came before the end that the day had without it, and stood for
    /// 20 h.
    fn was_shortened_in_time(&self, day: Day) -> bool {
        let days = self.days();
        let Some((start_ms, end_ms)) = days.span(day).filter(|(from, to)| to - from < SHORT_MS)
        else {
            return false;
        };
        let zones = &self.timeline.zones;
        let inside = |at: &usize| (start_ms + 1..=end_ms).contains(&zones[*at].effective_ms);
        let at_start = |at: &usize| zones[*at].effective_ms == start_ms;
        let all = || 0..zones.len();
        let change = all()
            .rev()
            .find(inside)
            .or_else(|| all().rev().find(at_start));
        let stands = |from_ms: i64| {
            let later = zones.iter().find(|entry| entry.effective_ms > from_ms);
            later.is_none_or(|next| next.effective_ms >= from_ms + SHORT_MS)
        };
        let Some(at) = change else {
            let moved = self.timeline.ends_at_min(day) != self.timeline.ends_at_min(day.prev());
            return moved && stands(end_ms);
        };
        let mut without = self.timeline.clone();
        let entry = without.zones.remove(at);
        let others = without.days(&self.places, start_ms - 3 * DAY_MS, end_ms + 4 * DAY_MS);
        entry.received_ms < others.end_ms(day) && stands(entry.effective_ms)
    }

    /// Periods of a goal from its first to a last day, each by its last day.
    pub fn periods(&self, goal: &str, to: Day) -> Vec<Day> {
        let first = self.goals[goal]
            .first_day()
            .unwrap_or(to.next())
            .max(self.first_day());
        let days = (first.0..=to.0).map(Day);
        days.filter(|day| self.ending_with(goal, *day).is_some())
            .collect()
    }
}
