//! The percentile schedule (domain.md 3.2).

use std::collections::BTreeMap;

use streakline_core::civil::Day;

use super::{
    goals::{Kind, Shape},
    statuses::Status,
    world::World,
};

/// The figures of one adaptive goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adaptive {
    pub onboarding: i64,
    pub floor: i64,
    pub cap: i64,
}

impl Default for Adaptive {
    fn default() -> Self {
        Self {
            onboarding: 6_000,
            floor: 2_000,
            cap: 15_000,
        }
    }
}

impl Adaptive {
    /// The goal after a window of valid days, in any order.
    pub fn goal(&self, window: &[i64], yesterday: Option<i64>) -> i64 {
        let mut sorted = window.to_vec();
        sorted.sort_unstable();
        let base = match sorted.len() {
            0..5 => self.onboarding,
            // Element ceil(0.60 * n), counted from 1.
            n => sorted[(60 * n).div_ceil(100) - 1],
        };
        let rounded = (base + 49).div_euclid(50) * 50;
        let mut goal = rounded.clamp(self.floor, self.cap);
        if let Some(before) = yesterday {
            let most = (before * 15 / 100).max(250);
            goal = goal.clamp(before - most, before + most);
        }
        goal.clamp(self.floor, self.cap)
    }
}

impl World {
    /// The last 9 valid closed days before a day, of the 21 before it.
    pub fn window(&self, goal: &str, day: Day) -> Vec<(Day, i64)> {
        let before = (1..=21).map(|back| day.plus(-back));
        let closed = before.filter(|day| self.soft.contains_key(day));
        let valid = closed.filter(|day| self.is_valid(goal, *day));
        let metric = self.goals[goal]
            .on(day)
            .map_or("steps", |shape| shape.parts[0].metric);
        let amount = |day: Day| (day, self.eligible_series(day, metric).values().sum());
        valid.map(amount).take(9).collect()
    }

    fn is_valid(&self, goal: &str, day: Day) -> bool {
        let status = self.status(goal, day);
        if matches!(status, Some(Status::Rest | Status::Paused | Status::Void)) {
            return false;
        }
        match self.minutes_worn(day) {
            worn @ 60.. => worn >= 600,
            _ => self.eligible_series(day, "steps").values().sum::<i64>() >= 1_000,
        }
    }

    /// Issues the goals of a day that begins; `again`: at the soft close of the day before, unless the day has an amount.
    pub fn issue(&mut self, day: Day, again: bool) {
        let begun = |series: BTreeMap<i64, i64>| series.values().any(|value| *value > 0);
        if again && begun(self.eligible_series(day, "steps")) {
            return;
        }
        for goal in self.goals.keys().cloned().collect::<Vec<_>>() {
            self.issue_one(&goal, day);
        }
    }

    /// Issues one goal for a day, where it is adaptive and not at rest.
    pub fn issue_one(&mut self, goal: &str, day: Day) {
        let shape: Option<Shape> = self.goals[goal].on(day).cloned();
        let Some(Kind::Adaptive(figures)) = shape.map(|shape| shape.parts[0].kind.clone()) else {
            return;
        };
        if matches!(
            self.status(goal, day),
            Some(Status::Rest | Status::Paused | Status::Void)
        ) {
            return;
        }
        let window = self.window(goal, day).into_iter().map(|(_, amount)| amount);
        let of = |day: Day| (goal.to_owned(), day);
        let issued = self.issued.range(of(Day(i32::MIN))..of(day));
        let yesterday = issued.last().map(|(_, target)| *target);
        let target = figures.goal(&window.collect::<Vec<_>>(), yesterday);
        self.issued.insert(of(day), target);
    }
}
