//! Pauses and rest days: when a user may take one (domain.md 3.1, 4.2).

use streakline_core::civil::Day;

use super::{goals::Period, world::World};

/// Days on which no streak moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    pub from: Day,
    pub to: Day,
    /// Began on the day it was asked for.
    pub at_once: bool,
}

impl Pause {
    /// How many of some days it counts for; one that was ended early lasts three days at least.
    fn counts(&self, from: Day, to: Day) -> i32 {
        let last = self.to.max(self.from.plus(2));
        let days = (self.from.0..=last.0).filter(|day| (from.0..=to.0).contains(day));
        days.count() as i32
    }
}

impl World {
    pub fn is_paused(&self, day: Day) -> bool {
        self.pauses
            .iter()
            .any(|pause| (pause.from..=pause.to).contains(&day))
    }

    /// Whether a pause is taken; one that has not begun is replaced, one that runs must end first.
    pub fn may_pause(&self, from: Day, to: Day) -> Option<Pause> {
        let today = self.today();
        let pause = Pause {
            from,
            to,
            at_once: from == today,
        };
        let running = self.begun().any(|held| held.to >= today);
        let lasts = (3..=90).contains(&(to.since(from) + 1));
        let taken = from >= today
            && lasts
            && !running
            && self.may_begin(pause)
            && self.leaves_enough(pause);
        taken.then_some(pause)
    }

    fn begun(&self) -> impl Iterator<Item = &Pause> {
        let today = self.today();
        self.pauses.iter().filter(move |held| held.from <= today)
    }

    pub fn pause(&mut self, from: Day, to: Day) {
        if let Some(pause) = self.may_pause(from, to) {
            let today = self.today();
            self.pauses.retain(|held| held.from <= today);
            self.pauses.push(pause);
        }
    }

    /// Today: twice in 90 days, and not when a daily goal is met already.
    fn may_begin(&self, pause: Pause) -> bool {
        let day = (pause.from, pause.from);
        let met = |goal: &String| {
            let held = &self.goals[goal];
            held.period == Period::Day && self.is_met(goal, day)
        };
        let lately = |held: &&Pause| held.at_once && pause.from.since(held.from) < 90;
        let often = self.begun().filter(lately).count() >= 2;
        !pause.at_once || (!often && !self.goals.keys().any(met))
    }

    /// At most 120 paused days in any 365.
    fn leaves_enough(&self, pause: Pause) -> bool {
        // Later windows hold fewer days of others, earlier ones fewer of this.
        let year = (pause.to.plus(-364), pause.to);
        let held = self.begun().map(|held| held.counts(year.0, year.1));
        held.sum::<i32>() + pause.to.since(pause.from) < 120
    }

    /// Whether a pause can end: one begun at once not before its third day.
    pub fn may_end_pause(&self) -> bool {
        let today = self.today();
        let mut held = self.pauses.iter().filter(|pause| today <= pause.to);
        held.any(|pause| !pause.at_once || today >= pause.from.plus(2))
    }

    /// Ends the pause that is running with today; one to come never begins.
    pub fn end_pause(&mut self) {
        if self.may_end_pause() {
            let today = self.today();
            self.pauses.retain(|pause| pause.from <= today);
            for pause in self.pauses.iter_mut() {
                pause.to = pause.to.min(today);
            }
        }
    }

    /// Whether a day may be one without daily goals: before it begins, two in an ISO week.
    pub fn may_rest(&self, day: Day) -> bool {
        let (monday, sunday) = super::goals::period_of(Period::Week, day, false);
        day > self.today() && self.rests.range(monday..=sunday).count() < 2
    }

    pub fn rest(&mut self, day: Day) {
        if self.may_rest(day) {
            self.rests.insert(day);
        }
    }
}
