//! Streaks: a fold over statuses, and the instruments that cover a missed day (domain.md 4.1, 4.2).

use std::collections::{BTreeMap, BTreeSet};

use streakline_core::civil::{Day, HOUR_MS};

use super::{
    goals::{Goal, Period, weekday},
    statuses::Status,
    world::World,
};

const MET_DAYS_PER_FREEZE: usize = 7;
const PASSES_PER_28_DAYS: usize = 2;
const REPAIR_WITHIN_MS: i64 = 72 * HOUR_MS;
const DAYS_BETWEEN_REPAIRS: i32 = 30;

const MICRO: i64 = 1_000_000;
const FREEZE_MICRO: i64 = 200 * MICRO;
const REPAIR_MICRO: i64 = 500 * MICRO;

/// What a streak's definition allows, and what milestones pay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// How many freezes may be held.
    pub freezes: usize,
    pub weekend_pass: bool,
    pub near_miss: bool,
    /// Whether days may be repaired, and whether for tokens too.
    pub repair: Option<bool>,
    /// Tokens for each milestone, in their order.
    pub pays: [i64; 8],
}

/// What a streak allows, what is held, and what covers which day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instruments {
    pub allowed: Allowed,
    /// The day on which that was said; passes and repairs are for days from then on.
    pub since: Option<Day>,
    /// By the day on which each was acquired.
    pub held: Vec<Day>,
    pub covers: BTreeMap<Day, Status>,
    /// When a freeze in use was acquired, so that it can return.
    pub used: BTreeMap<Day, Day>,
    /// The civil days of repairs.
    pub repaired_on: Vec<Day>,
    /// Days that were once known met and closed, and how many of them while freezes were held at all.
    pub counted: BTreeSet<Day>,
    pub met: usize,
    pub earned: usize,
    pub bought: usize,
    pub lost: usize,
    pub returned: usize,
    pub spent: usize,
}

impl Instruments {
    pub fn acquire(&mut self, day: Day) {
        if self.held.len() < self.allowed.freezes {
            self.held.push(day);
            self.held.sort_unstable();
        } else {
            self.lost += 1;
        }
    }

    /// From a day on something else is allowed; of what is held beyond it the newest is lost.
    pub fn allow(&mut self, allowed: &Allowed, today: Day) {
        if self.allowed != *allowed {
            self.allowed = allowed.clone();
            self.since = Some(today);
            while self.held.len() > self.allowed.freezes {
                self.held.pop();
                self.lost += 1;
            }
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
                if !met {
                    continue;
                }
                // A repair is spent, and stays the day's.
                if held.covers.get(day) != Some(&Status::Repaired)
                    && held.covers.remove(day) == Some(Status::Frozen)
                {
                    let acquired = held.used.remove(day).unwrap();
                    held.returned += 1;
                    held.acquire(acquired);
                }
                if held.counted.insert(*day) && held.allowed.freezes > 0 {
                    held.met += 1;
                    if held.met.is_multiple_of(MET_DAYS_PER_FREEZE) {
                        held.earned += 1;
                        held.acquire(today);
                    }
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
        let closed = self.periods(goal, self.last_soft()).into_iter();
        for day in closed.filter(|day| self.is_hard(*day)).collect::<Vec<_>>() {
            let period = self.ending_with(goal, day).unwrap();
            let kept = if self.is_met(goal, period) {
                Status::Met
            } else if self.status(goal, day) == Some(Status::Void) {
                Status::Void
            } else {
                continue;
            };
            self.kept.insert((goal.to_owned(), day), kept);
        }
    }

    fn cover(&mut self, goal: &str, day: Day, with: fn(&mut Self, &str, Day) -> Option<Status>) {
        let missed = self.status(goal, day) == Some(Status::Missed);
        let period = self.ending_with(goal, day).unwrap();
        let fraud = self.goals[goal]
            .counted(period)
            .any(|day| self.frauds_on(day));
        if !missed || self.is_hard(day) || fraud || self.count_before(goal, day) == 0 {
            return;
        }
        if let Some(status) = with(self, goal, day) {
            let held = self.instruments.get_mut(goal).unwrap();
            held.covers.insert(day, status);
        }
    }

    /// Tokens that are there.
    pub fn available_micro(&self) -> i64 {
        self.balance_micro().max(0)
    }

    pub fn may_buy(&self, goal: &str) -> bool {
        let held = self.instruments.get(goal);
        self.goals.get(goal).is_some_and(Goal::is_open)
            && held.is_some_and(|held| held.held.len() < held.allowed.freezes)
            && self.available_micro() >= FREEZE_MICRO
    }

    pub fn buy(&mut self, goal: &str) {
        if self.may_buy(goal) {
            let today = self.today();
            let held = self.instruments.get_mut(goal).unwrap();
            held.bought += 1;
            held.acquire(today);
            self.charged_micro += FREEZE_MICRO;
        }
    }

    /// Whether a missed day may be repaired now: one missed day alone, within 72 h of its soft close, once in 30 days; paid
    /// for, or earned back by both next days with 120 % of their targets.
    pub fn may_repair(&self, goal: &str, day: Day, paid: bool) -> bool {
        let open = self.goals.get(goal).filter(|held| held.is_open());
        let daily = open.is_some_and(|held| held.period == Period::Day);
        let Some(held) = self.instruments.get(goal).filter(|_| daily) else {
            return false;
        };
        let way = held.allowed.repair.is_some_and(|tokens| tokens || !paid);
        let until_ms = self.days().end_ms(day) + 3 * HOUR_MS + REPAIR_WITHIN_MS;
        let today = self.today();
        let recent = held
            .repaired_on
            .iter()
            .any(|on| today.since(*on) < DAYS_BETWEEN_REPAIRS);
        let missed = |day: Day| self.status(goal, day) == Some(Status::Missed);
        let mut later = (day.0 + 1..=self.last_soft().0).map(Day);
        let alone = day <= self.last_soft()
            && self.count_before(goal, day) > 0
            && missed(day)
            && !later.any(missed);
        let plenty = |day: Day| self.percent(goal, (day, day)) >= 120;
        way && held.since.is_some_and(|since| since <= day)
            && self.now_ms <= until_ms
            && !self.frauds_on(day)
            && !recent
            && alone
            && if paid {
                self.available_micro() >= REPAIR_MICRO
            } else {
                plenty(day.next()) && plenty(day.plus(2))
            }
    }

    /// Whether a daily goal asks for nothing on a day because it rests.
    pub fn rests(&self, goal: &str, day: Day) -> bool {
        self.goals[goal].period == Period::Day && self.rests.contains(&day)
    }

    pub fn repair(&mut self, goal: &str, day: Day, paid: bool) {
        let today = self.today();
        let held = self.instruments.get_mut(goal).unwrap();
        held.covers.insert(day, Status::Repaired);
        held.repaired_on.push(today);
        if paid {
            self.charged_micro += REPAIR_MICRO;
        }
    }

    fn pass(&mut self, goal: &str, day: Day) -> Option<Status> {
        let daily = self.goals[goal].period == Period::Day;
        let near = self.percent(goal, (day, day)) >= 95;
        let held = &self.instruments[goal];
        let allowed = &held.allowed;
        let may = allowed.weekend_pass && weekday(day) >= 5 || allowed.near_miss && near;
        let since = held.since.is_some_and(|since| since <= day);
        // No 28 days may hold more, whichever way the days came in.
        let within = |first: Day| {
            let near = held.covers.range(first..=first.plus(27));
            near.filter(|(_, status)| **status == Status::Pass).count()
        };
        let crowded = (day.0 - 27..=day.0)
            .map(Day)
            .any(|first| within(first) >= PASSES_PER_28_DAYS);
        (daily && may && since && !crowded).then_some(Status::Pass)
    }

    fn freeze(&mut self, goal: &str, day: Day) -> Option<Status> {
        let held = self.instruments.get_mut(goal).unwrap();
        let at = held.held.iter().position(|acquired| *acquired <= day)?;
        let acquired = held.held.remove(at);
        held.used.insert(day, acquired);
        held.spent += 1;
        Some(Status::Frozen)
    }
}
