//! Streaks: a fold over statuses, and the instruments that cover a missed day (domain.md 4.1, 4.2).

use std::collections::{BTreeMap, BTreeSet};

use streakline_core::civil::{Day, HOUR_MS};

use super::{goals::weekday, statuses::Status, world::World};

const MET_DAYS_PER_FREEZE: usize = 7;
const PASSES_PER_28_DAYS: usize = 2;
const REPAIR_WITHIN_MS: i64 = 72 * HOUR_MS;
const DAYS_BETWEEN_REPAIRS: i32 = 30;

/// What a streak's definition allows, what is held, and what covers which day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instruments {
    /// How many freezes may be held.
    pub freezes: usize,
    pub weekend_pass: bool,
    pub repair: bool,
    /// By the day on which each was acquired.
    pub held: Vec<Day>,
    pub covers: BTreeMap<Day, Status>,
    /// When a freeze in use was acquired, so that it can return.
    pub used: BTreeMap<Day, Day>,
    /// The civil days of repairs.
    pub repaired_on: Vec<Day>,
    /// Days that were once known met and closed.
    pub counted: BTreeSet<Day>,
    pub earned: usize,
    pub lost: usize,
    pub returned: usize,
    pub spent: usize,
}

impl Instruments {
    pub fn acquire(&mut self, day: Day) {
        if self.held.len() < self.freezes {
            self.held.push(day);
            self.held.sort_unstable();
        } else {
            self.lost += 1;
        }
    }
}

/// A run of met periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    pub count: u32,
    pub from: Day,
    pub to: Day,
}

/// Current and longest run; of equals the earliest is the longest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streak {
    pub current: Option<Run>,
    pub longest: Option<Run>,
}

pub fn fold(statuses: impl IntoIterator<Item = (Day, Status)>) -> Streak {
    let mut streak = Streak::default();
    for (day, status) in statuses {
        match status {
            Status::Met => {
                let run = streak.current.unwrap_or(Run {
                    count: 0,
                    from: day,
                    to: day,
                });
                let run = Run {
                    count: run.count + 1,
                    to: day,
                    ..run
                };
                streak.current = Some(run);
                if streak
                    .longest
                    .is_none_or(|longest| longest.count < run.count)
                {
                    streak.longest = Some(run);
                }
            }
            Status::Missed => streak.current = None,
            _ => {}
        }
    }
    streak
}

impl World {
    /// The fold up to a day, that day included.
    pub fn streak(&self, goal: &str, to: Day) -> Streak {
        let periods = self.periods(goal, to).into_iter();
        fold(periods.map(|day| (day, self.status(goal, day).unwrap())))
    }

    fn count_before(&self, goal: &str, day: Day) -> u32 {
        self.streak(goal, day.prev())
            .current
            .map_or(0, |run| run.count)
    }

    /// The last day that is soft-closed.
    pub fn last_soft(&self) -> Day {
        let last = self.soft.last_key_value().map(|(day, _)| *day);
        last.unwrap_or(self.first_day().prev())
    }

    /// After every input and close: what must be kept is kept, what returns returns, what is earned is earned; at a close
    /// what is missed is covered.
    pub fn settle(&mut self, close: bool) {
        for goal in self.goals.keys().cloned().collect::<Vec<_>>() {
            self.keep(&goal);
            let mut held = self.instruments.remove(&goal).unwrap_or_default();
            let closed = self.periods(&goal, self.last_soft());
            let today = self.today();
            for day in &closed {
                let met = self.status(&goal, *day) == Some(Status::Met);
                if met && held.covers.remove(day) == Some(Status::Frozen) {
                    let acquired = held.used.remove(day).unwrap();
                    held.returned += 1;
                    held.acquire(acquired);
                }
                if met
                    && held.freezes > 0
                    && held.counted.insert(*day)
                    && held.counted.len().is_multiple_of(MET_DAYS_PER_FREEZE)
                {
                    held.earned += 1;
                    held.acquire(today);
                }
            }
            self.instruments.insert(goal.clone(), held);
            if close {
                closed
                    .iter()
                    .for_each(|day| self.cover(&goal, *day, Self::pass));
                closed
                    .iter()
                    .for_each(|day| self.cover(&goal, *day, Self::freeze));
            }
            self.grant(&goal);
        }
    }

    /// After the hard close met stays met and void stays void.
    fn keep(&mut self, goal: &str) {
        for day in self.periods(goal, self.last_soft()) {
            let status = self.status(goal, day).unwrap();
            if self.is_hard(day)
                && matches!(status, Status::Met | Status::Void)
                && !self.frauds_on(day)
            {
                self.kept.insert((goal.to_owned(), day), status);
            }
        }
    }

    fn cover(&mut self, goal: &str, day: Day, with: fn(&mut Instruments, Day) -> Option<Status>) {
        let missed = self.status(goal, day) == Some(Status::Missed);
        if !missed || self.is_hard(day) || self.frauds_on(day) || self.count_before(goal, day) == 0
        {
            return;
        }
        let held = self.instruments.get_mut(goal).unwrap();
        if let Some(status) = with(held, day) {
            held.covers.insert(day, status);
        }
    }

    /// Whether a missed day may be repaired now: one missed day alone, within 72 h of its soft close, once in 30 days; paid
    /// for, or earned back by both next days with 120 % of their targets.
    pub fn may_repair(&self, goal: &str, day: Day, paid: bool) -> bool {
        let Some(held) = self.instruments.get(goal).filter(|held| held.repair) else {
            return false;
        };
        let closed = self.soft.get(&day);
        let today = self.today();
        let recent = held
            .repaired_on
            .iter()
            .any(|on| today.since(*on) < DAYS_BETWEEN_REPAIRS);
        let alone = self.count_before(goal, day) > 0
            && self.status(goal, day) == Some(Status::Missed)
            && self.status(goal, day.next()) != Some(Status::Missed);
        let plenty = |day: Day| {
            let parts = self.progress(goal, (day, day)).unwrap_or_default();
            !parts.is_empty()
                && parts
                    .iter()
                    .all(|part| part.progress * 100 >= part.target * 120)
        };
        closed.is_some_and(|at_ms| self.now_ms <= at_ms + REPAIR_WITHIN_MS)
            && !self.frauds_on(day)
            && !recent
            && alone
            && (paid || (plenty(day.next()) && plenty(day.plus(2))))
    }

    pub fn repair(&mut self, goal: &str, day: Day) {
        let today = self.today();
        let held = self.instruments.get_mut(goal).unwrap();
        held.covers.insert(day, Status::Repaired);
        held.repaired_on.push(today);
    }

    fn pass(held: &mut Instruments, day: Day) -> Option<Status> {
        let weekend = held.weekend_pass && weekday(day) >= 5;
        // No 28 days may hold more, whichever way the days came in.
        let within = |first: Day| {
            let near = held.covers.range(first..=first.plus(27));
            near.filter(|(_, status)| **status == Status::Pass).count()
        };
        let crowded = (day.0 - 27..=day.0)
            .map(Day)
            .any(|first| within(first) >= PASSES_PER_28_DAYS);
        (weekend && !crowded).then_some(Status::Pass)
    }

    fn freeze(held: &mut Instruments, day: Day) -> Option<Status> {
        let at = held.held.iter().position(|acquired| *acquired <= day)?;
        let acquired = held.held.remove(at);
        held.used.insert(day, acquired);
        held.spent += 1;
        Some(Status::Frozen)
    }
}
