//! Pauses and rest days: when a user may take one (domain.md 3.1, 4.2).

use streakline_core::civil::Day;

use super::{goals::Period, statuses::Status, world::World};

/// Days on which no streak moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    pub from: Day,
    pub to: Day,
    /// Began on the day it was asked for.
    pub at_once: bool,
}

impl Pause {
    /// One that was ended early counts as three days.
    fn counts(&self) -> i32 {
        (self.to.since(self.from) + 1).max(3)
    }
}

impl World {
    pub fn is_paused(&self, day: Day) -> bool {
        self.pauses
            .iter()
            .any(|pause| (pause.from..=pause.to).contains(&day))
    }

    /// Takes a pause, or not.
    pub fn pause(&mut self, from: Day, to: Day) -> bool {
        let today = self.today();
        let pause = Pause {
            from,
            to,
            at_once: from == today,
        };
        let apart = self
            .pauses
            .iter()
            .all(|held| held.to < from || to < held.from);
        let lasts = (3..=90).contains(&(to.since(from) + 1));
        let taken =
            from >= today && lasts && apart && self.may_begin(pause) && self.leaves_enough(pause);
        if taken {
            self.pauses.push(pause);
        }
        taken
    }

    /// Today: twice in 90 days, and not when a daily goal is met already.
    fn may_begin(&self, pause: Pause) -> bool {
        let met = |goal: &String| {
            let shape = self.goals[goal].on(pause.from);
            shape.is_some_and(|shape| shape.period == Period::Day)
                && self.status(goal, pause.from) == Some(Status::Met)
        };
        let lately = |held: &&Pause| held.at_once && pause.from.since(held.from) < 90;
        let often = self.pauses.iter().filter(lately).count() >= 2;
        !pause.at_once || (!often && !self.goals.keys().any(met))
    }

    /// At most 120 paused days in any 365.
    fn leaves_enough(&self, pause: Pause) -> bool {
        let near = |held: &&Pause| pause.to.since(held.to) < 365 && held.to.since(pause.from) < 365;
        let held: i32 = self.pauses.iter().filter(near).map(Pause::counts).sum();
        held + pause.counts() <= 120
    }

    /// Ends the pause that is running with today, one begun at once not before its third day; one to come never begins.
    pub fn end_pause(&mut self) {
        let today = self.today();
        self.pauses.retain(|pause| pause.from <= today);
        for pause in self.pauses.iter_mut().filter(|pause| pause.to > today) {
            let earliest = if pause.at_once {
                pause.from.plus(2)
            } else {
                today
            };
            pause.to = pause.to.min(earliest.max(today));
        }
    }

    /// A day without daily goals: before it begins, two in an ISO week.
    pub fn rest(&mut self, day: Day) -> bool {
        let (monday, sunday) = super::goals::period_of(Period::Week, day, false);
        let taken = day > self.today() && self.rests.range(monday..=sunday).count() < 2;
        if taken {
            self.rests.insert(day);
        }
        taken
    }
}
