//! Milestones of streaks, and what a verdict of fraud does to them (domain.md 4.3).

use streakline_core::civil::{DAY_MS, Day};

use super::{statuses::Status, streaks::Run, world::World};

/// A milestone that a run was paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    pub milestone: u32,
    pub first: Day,
    pub event: Day,
    pub micro: i64,
}

/// How far a verdict has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Given,
    Appealed,
    Final,
    Acquitted,
}

/// Confirmed fraud on some days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub days: Vec<Day>,
    pub given: Day,
    pub given_ms: i64,
    pub stage: Stage,
}

/// A verdict without appeal is final after this.
pub const FINAL_AFTER_MS: i64 = 14 * DAY_MS;

const FIRST: [u32; 7] = [3, 7, 14, 30, 50, 100, 180];

fn milestones(count: u32) -> impl Iterator<Item = u32> {
    FIRST
        .into_iter()
        .chain((1..).map(|year| year * 365))
        .take_while(move |m| *m <= count)
}

/// Whether a run may not be paid for a milestone because of an earlier grant.
fn blocks(held: &Grant, run: Run, (milestone, event): (u32, Day)) -> bool {
    let inside = |day: Day| (run.from..=run.to).contains(&day);
    let overlap = held.first <= event && run.from <= held.event;
    held.milestone == milestone && (inside(held.first) || inside(held.event) || overlap)
}

impl World {
    pub fn frauds_on(&self, day: Day) -> bool {
        let open = |stage| matches!(stage, Stage::Given | Stage::Appealed);
        let stands = |verdict: &&Verdict| {
            verdict.stage != Stage::Acquitted && !(self.acquitting.get() && open(verdict.stage))
        };
        self.verdicts
            .iter()
            .filter(stands)
            .any(|verdict| verdict.days.contains(&day))
    }

    /// Whether a verdict may be given: on soft-closed days of the user's life.
    pub fn may_give_verdict(&self, days: &[Day]) -> bool {
        let closed = self.first_day()..=self.last_soft();
        !days.is_empty() && days.iter().all(|day| closed.contains(day))
    }

    /// Whether a verdict may come to a stage.
    pub fn may_decide(&self, verdict: usize, stage: Stage) -> bool {
        let held = self.verdicts.get(verdict).map(|held| held.stage);
        held.is_some_and(|held| match stage {
            Stage::Given => false,
            Stage::Appealed => held == Stage::Given,
            Stage::Final => matches!(held, Stage::Given | Stage::Appealed),
            Stage::Acquitted => held != Stage::Acquitted,
        })
    }

    pub fn give_verdict(&mut self, days: &[Day]) {
        if !self.may_give_verdict(days) {
            return;
        }
        self.verdicts.push(Verdict {
            days: days.to_vec(),
            given: self.today(),
            given_ms: self.now_ms,
            stage: Stage::Given,
        });
    }

    /// Verdicts that become final by themselves, and when.
    pub fn finals(&self) -> impl Iterator<Item = (i64, Day)> {
        let given = self
            .verdicts
            .iter()
            .filter(|verdict| verdict.stage == Stage::Given);
        given.map(|verdict| (verdict.given_ms + FINAL_AFTER_MS, verdict.given))
    }

    pub fn make_final(&mut self) {
        for verdict in self
            .verdicts
            .iter_mut()
            .filter(|verdict| verdict.stage == Stage::Given)
        {
            if verdict.given_ms + FINAL_AFTER_MS <= self.now_ms {
                verdict.stage = Stage::Final;
            }
        }
    }

    /// Every run of a streak, with its met days.
    fn runs(&self, goal: &str) -> Vec<(Run, Vec<Day>)> {
        let mut runs: Vec<Vec<Day>> = vec![Vec::new()];
        for day in self.periods(goal, self.last_soft()) {
            match self.status(goal, day) {
                Some(Status::Met) => runs.last_mut().unwrap().push(day),
                Some(Status::Missed) => runs.push(Vec::new()),
                _ => {}
            }
        }
        let whole = |met: Vec<Day>| {
            let run = Run {
                count: met.len() as u32,
                from: *met.first()?,
                to: *met.last()?,
            };
            Some((run, met))
        };
        runs.into_iter().filter_map(whole).collect()
    }

    /// Every milestone that a run has reached, and that no earlier grant stands in the way of.
    fn due(&self, goal: &str) -> Vec<(Run, u32, Day)> {
        let grants = self.grants.get(goal);
        let of = |(run, met): (Run, Vec<Day>)| {
            let hits = milestones(run.count).map(move |m| (m, met[m as usize - 1]));
            hits.map(move |(milestone, event)| (run, milestone, event))
        };
        let free = |(run, milestone, event): &(Run, u32, Day)| {
            let mut held = grants.into_iter().flatten();
            !held.any(|held| blocks(held, *run, (*milestone, *event)))
        };
        self.runs(goal)
            .into_iter()
            .flat_map(of)
            .filter(free)
            .collect()
    }

    /// Pays what is due, unless a verdict holds it back, or an acquittal would have to take it back.
    pub fn grant(&mut self, goal: &str) {
        for (run, milestone, event) in self.due(goal) {
            let hit = (milestone, event);
            let mut held = self.grants.get(goal).into_iter().flatten();
            let blocked = held.any(|held| blocks(held, run, hit));
            let allowed = self.verdicts.iter().all(|verdict| allows(verdict, event));
            if blocked || !allowed {
                continue;
            }
            self.acquitting.set(true);
            let mut acquitted = self.due(goal).into_iter();
            let stands = acquitted.any(|(_, milestone, event)| (milestone, event) == hit);
            self.acquitting.set(false);
            if stands {
                let pays = self.instruments.get(goal).map(|held| held.allowed.pays);
                let at = FIRST
                    .iter()
                    .position(|known| *known == milestone)
                    .unwrap_or(7);
                let tokens = pays.map_or(0, |pays| pays[at]);
                self.grants.entry(goal.to_owned()).or_default().push(Grant {
                    milestone,
                    first: run.from,
                    event,
                    micro: tokens * 1_000_000,
                });
            }
        }
    }

    /// Whether a verdict that stands takes a day of a grant's run.
    pub fn is_reversed(&self, goal: &str, grant: &Grant) -> bool {
        let held = &self.goals[goal];
        let periods = (grant.first.0..=grant.event.0).map(Day);
        let mut ends = periods.filter_map(|day| self.ending_with(goal, day));
        ends.any(|period| held.counted(period).any(|day| self.frauds_on(day)))
    }

    /// Tokens in hand, or owed where below zero (domain.md 8.3).
    pub fn balance_micro(&self) -> i64 {
        let posted: i64 = self.posted.values().sum();
        let granted = |(goal, grants): (&String, &Vec<Grant>)| {
            let kept = grants.iter().filter(|grant| !self.is_reversed(goal, grant));
            kept.map(|grant| grant.micro).sum::<i64>()
        };
        let granted: i64 = self.grants.iter().map(granted).sum();
        posted + granted - self.charged_micro
    }
}

/// While a verdict may still fall, event days from it on wait; of a final one those up to its date are lost.
fn allows(verdict: &Verdict, event: Day) -> bool {
    match verdict.stage {
        Stage::Given | Stage::Appealed => event < verdict.given,
        Stage::Final => event > verdict.given,
        Stage::Acquitted => true,
    }
}
