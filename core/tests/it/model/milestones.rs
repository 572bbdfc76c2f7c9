//! Milestones of streaks, and what a verdict of fraud does to them (domain.md 4.3).

use streakline_core::civil::{DAY_MS, Day};

use super::{statuses::Status, streaks::Run, world::World};

/// A milestone that a run was paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    pub milestone: u32,
    pub first: Day,
    pub event: Day,
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

fn milestones(count: u32) -> impl Iterator<Item = u32> {
    let first = [3, 7, 14, 30, 50, 100, 180];
    first
        .into_iter()
        .chain((1..).map(|year| year * 365))
        .take_while(move |m| *m <= count)
}

impl World {
    pub fn frauds_on(&self, day: Day) -> bool {
        let stands = |verdict: &&Verdict| verdict.stage != Stage::Acquitted;
        self.verdicts
            .iter()
            .filter(stands)
            .any(|verdict| verdict.days.contains(&day))
    }

    pub fn give_verdict(&mut self, days: &[Day]) {
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

    /// Pays every milestone that a run has reached and that no earlier grant stands in the way of.
    pub fn grant(&mut self, goal: &str) {
        for (run, met) in self.runs(goal) {
            for milestone in milestones(run.count) {
                let event = met[milestone as usize - 1];
                let blocks = |held: &Grant| {
                    let inside = |day: Day| (run.from..=run.to).contains(&day);
                    let overlap = held.first <= event && run.from <= held.event;
                    held.milestone == milestone
                        && (inside(held.first) || inside(held.event) || overlap)
                };
                let held = self.grants.entry(goal.to_owned()).or_default();
                if !held.iter().any(blocks) && self.verdicts.iter().all(|v| allows(v, event)) {
                    held.push(Grant {
                        milestone,
                        first: run.from,
                        event,
                    });
                }
            }
        }
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
