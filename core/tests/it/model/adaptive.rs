//! The percentile schedule (domain.md 3.2).

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
    pub fn window(&self, goal: &str, shape: &Shape, day: Day) -> Vec<(Day, i64)> {
        let before = (1..=21).map(|back| day.plus(-back));
        let closed = before.filter(|day| self.is_soft(*day));
        let valid = closed.filter(|day| self.is_valid(goal, *day));
        let metric = shape.parts[0].metric;
        let amount = |day: Day| (day, self.eligible_series(day, metric).values().sum());
        valid.map(amount).take(9).collect()
    }

    /// Whether a goal asks for nothing on a day: a rest day, a paused one, one that was jumped over or is void.
    fn is_idle(&self, goal: &str, day: Day) -> bool {
        let void = self.goals.contains_key(goal) && self.status(goal, day) == Some(Status::Void);
        let jumped = self.days().span(day).is_none();
        self.rests.contains(&day) || self.is_paused(day) || jumped || void
    }

    fn is_valid(&self, goal: &str, day: Day) -> bool {
        if self.is_idle(goal, day) || self.day(day).quarantined {
            return false;
        }
        match self.minutes_worn(day) {
            worn @ 60.. => worn >= 600,
            _ => self.eligible_series(day, "steps").values().sum::<i64>() >= 1_000,
        }
    }

    fn has_begun(&self, day: Day, metric: &str) -> bool {
        let series = self.eligible_series(day, metric);
        series.values().any(|value| *value > 0)
    }

    /// Targets of days of which an eligible amount has been accepted are locked.
    pub fn lock_begun(&mut self) {
        let issued: Vec<(String, Day)> = self.issued.keys().cloned().collect();
        for (goal, day) in issued {
            let shape = self.goals[&goal].on(day);
            let metric = shape.map_or("steps", |shape| shape.parts[0].metric);
            if self.has_begun(day, metric) {
                self.locked.insert((goal, day));
            }
        }
    }

    /// Issues the goals of a day that begins.
    pub fn issue(&mut self, day: Day) {
        for goal in self.goals.keys().cloned().collect::<Vec<_>>() {
            self.issue_one(&goal, day);
        }
    }

    /// At the soft close of the day before, what is not locked is issued once more, and locked.
    pub fn issue_again(&mut self, day: Day) {
        for goal in self.goals.keys().cloned().collect::<Vec<_>>() {
            let key = (goal.clone(), day);
            if self.issued.contains_key(&key) && self.locked.insert(key.clone()) {
                let target = self.target_for(&goal, day);
                self.issued.extend(target.map(|target| (key, target)));
            }
        }
    }

    /// Issues one goal for a day, where it is adaptive and not at rest. The user's own target goes first.
    pub fn issue_one(&mut self, goal: &str, day: Day) {
        let key = (goal.to_owned(), day);
        let held = self.goals.get_mut(goal).unwrap();
        let own = held.own.take_if(|(on, _)| *on <= day);
        let own = own.filter(|(on, _)| *on == day).map(|(_, target)| target);
        if let Some(target) = self.target_for(goal, day) {
            self.issued.insert(key.clone(), own.unwrap_or(target));
            if own.is_some() || self.is_soft(day.prev()) {
                self.locked.insert(key);
            }
        }
    }

    fn target_for(&self, goal: &str, day: Day) -> Option<i64> {
        let shape = self.goals[goal].on(day)?;
        self.target_of(goal, shape, day)
    }

    /// What an adaptive shape would get for a day now.
    pub fn target_of(&self, goal: &str, shape: &Shape, day: Day) -> Option<i64> {
        let Kind::Adaptive(figures) = &shape.parts[0].kind else {
            return None;
        };
        if self.is_idle(goal, day) {
            return None;
        }
        let window = self.window(goal, shape, day).into_iter();
        let amounts: Vec<i64> = window.map(|(_, amount)| amount).collect();
        let of = |day: Day| (goal.to_owned(), day);
        // A day that was paused after its beginning is as if it had never been asked for.
        let issued = self.issued.range(of(Day(i32::MIN))..of(day));
        let mut asked = issued.filter(|((_, on), _)| !self.is_paused(*on));
        let yesterday = asked.next_back().map(|(_, target)| *target);
        Some(figures.goal(&amounts, yesterday))
    }
}
