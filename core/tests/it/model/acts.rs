//! What can happen to a user, and what the model does with it. Refusals of protocol.md 3 that need the user are decided here.

use streakline_core::{
    civil::{DAY_MS, Day},
    id::DeviceId,
    sample::DeviceClass,
};

use super::{
    goals::{Goal, Kind, Shape},
    merge,
    milestones::Stage,
    records::{self, Copy, Sample, Winner},
    world::World,
};

const FUTURE_MS: i64 = 120_000;
const TOO_OLD_MS: i64 = 30 * DAY_MS;

/// An input, as its sender means it.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    Hello {
        device: u8,
        class: DeviceClass,
        zone: Option<&'static str>,
    },
    Records {
        device: u8,
        skewed: bool,
        samples: Vec<Sample>,
    },
    /// A change of zone, with its instant.
    Travel(&'static str, i64),
    /// Days end so many minutes after midnight, from tomorrow on.
    DayStart(i64),
    SundayWeeks(bool),
    PutGoal {
        goal: &'static str,
        shape: Shape,
        from: Option<Day>,
    },
    DeleteGoal(&'static str),
    /// What the streak of a goal allows.
    Allow {
        goal: &'static str,
        freezes: usize,
        weekend_pass: bool,
        repair: bool,
    },
    BuyFreeze(&'static str),
    Repair {
        goal: &'static str,
        day: Day,
        paid: bool,
    },
    Rest(Day),
    Pause(Day, Day),
    EndPause,
    Verdict(Vec<Day>),
    /// What becomes of the verdict with that number.
    Decide(usize, Stage),
    Tick,
}

pub fn device(number: u8) -> DeviceId {
    DeviceId([number; 16])
}

impl World {
    pub fn act(&mut self, at_ms: i64, act: &Act) {
        self.run_until(at_ms);
        match act {
            Act::Hello {
                device: number,
                class,
                zone,
            } => self.hello(device(*number), *class, *zone),
            Act::Records {
                device: number,
                skewed,
                samples,
            } => {
                let device = device(*number);
                let words = samples
                    .iter()
                    .map(|sample| self.record(device, *skewed, sample));
                self.said = words.collect();
            }
            Act::Travel(zone, effective_ms) => self.travel(zone, *effective_ms),
            Act::DayStart(minutes) => self.start_days_at(*minutes),
            Act::SundayWeeks(sunday) => self.sunday_weeks = *sunday,
            Act::PutGoal { goal, shape, from } => {
                let changed = self.unchanged(goal, shape, *from).is_none();
                if let Some(from) = self.first_day_of(goal, shape, *from) {
                    if changed && self.goals.contains_key(*goal) {
                        let changes = self.changes.entry((*goal).to_owned()).or_default();
                        changes.push(self.now_ms);
                    }
                    let held: &mut Goal = self.goals.entry((*goal).to_owned()).or_default();
                    held.revise(from, Some(shape.clone()));
                    let today = self.today();
                    if from == today && !self.issued.contains_key(&((*goal).to_owned(), today)) {
                        self.issue_one(goal, today);
                    }
                }
            }
            Act::DeleteGoal(goal) => self.delete_goal(goal),
            Act::Allow { .. } | Act::BuyFreeze(_) | Act::Repair { .. } => self.instrument(act),
            Act::Rest(day) => drop(self.rest(*day)),
            Act::Pause(from, to) => drop(self.pause(*from, *to)),
            Act::EndPause => self.end_pause(),
            Act::Verdict(days) => self.give_verdict(days),
            Act::Decide(verdict, stage) => self.verdicts[*verdict].stage = *stage,
            Act::Tick => {}
        }
        self.forget_derived();
        self.run_until(at_ms);
        self.settle(false);
    }

    fn instrument(&mut self, act: &Act) {
        let today = self.today();
        match act {
            Act::Allow {
                goal,
                freezes,
                weekend_pass,
                repair,
            } => {
                let held = self.instruments.entry((*goal).to_owned()).or_default();
                (held.freezes, held.weekend_pass, held.repair) = (*freezes, *weekend_pass, *repair);
            }
            Act::BuyFreeze(goal) => {
                let held = self.instruments.entry((*goal).to_owned()).or_default();
                if held.held.len() < held.freezes {
                    held.acquire(today);
                }
            }
            Act::Repair { goal, day, paid } if self.may_repair(goal, *day, *paid) => {
                self.repair(goal, *day);
            }
            _ => {}
        }
    }

    fn hello(&mut self, device: DeviceId, class: DeviceClass, zone: Option<&'static str>) {
        match zone {
            Some(zone) if self.bound.is_empty() => self.begin_in(zone),
            Some(zone) => self.travel(zone, self.now_ms),
            None => {}
        }
        if !self.bound.iter().any(|(held, _)| *held == device) {
            self.bound.push((device, class));
        }
    }

    /// Whether a record's end is neither ahead nor too old (domain.md 1.5). A deletion is judged by what it deletes.
    fn is_in_time(&self, held: Option<&Winner>, sample: &Sample) -> bool {
        let held = held
            .filter(|_| sample.deleted)
            .and_then(|winner| winner.sample.span);
        let in_time = |(_, end_ms): (i64, i64)| {
            end_ms - self.now_ms <= FUTURE_MS && self.now_ms - end_ms <= TOO_OLD_MS
        };
        held.or(sample.span).is_none_or(in_time)
    }

    /// Takes a record or not, and says so in the words of protocol.md 3.
    pub fn record(&mut self, device: DeviceId, skewed: bool, sample: &Sample) -> &'static str {
        let own = |copy: &&Copy| copy.device == device && copy.sample.id == sample.id;
        let held = records::all_winners(self.copies.iter().filter(own)).pop();
        if !self.is_in_time(held.as_ref(), sample) {
            return "rejected";
        }
        self.copies.push(Copy {
            at_ms: self.now_ms,
            device,
            skewed,
            sample: sample.clone(),
        });
        let wins = |held: &Winner| records::rank(sample) > records::rank(&held.sample);
        match held {
            Some(held) if held.sample == *sample && (skewed || !held.quarantined) => "duplicate",
            Some(held) if held.sample != *sample && !wins(&held) => "stale_version",
            _ if skewed => "quarantined",
            _ if merge::exceeds_a_minute(sample) => "clamped",
            _ => "accepted",
        }
    }

    /// The first day of a new shape (domain.md 3.1, protocol.md 7); `None`: refused.
    pub fn first_day_of(&self, goal: &str, shape: &Shape, from: Option<Day>) -> Option<Day> {
        let today = self.today();
        if from.is_some_and(|from| from < today) {
            return None;
        }
        let static_target = |shape: &Shape| match shape.parts[0].kind {
            Kind::Static(target) => Some(target),
            _ => None,
        };
        if let Some(unchanged) = self.unchanged(goal, shape, from) {
            return Some(unchanged);
        }
        let changes = self.changes.get(goal).into_iter().flatten();
        if changes.filter(|at| self.now_ms - **at < 7 * DAY_MS).count() >= 3 {
            return None;
        }
        let held = self.goals.get(goal).and_then(|held| held.on(today));
        let (before, after) = (held.and_then(static_target), static_target(shape));
        let raised = before.is_some() && after > before;
        let lowered = before.is_some() && after < before;
        let wanted = from.unwrap_or(if raised { today } else { today.next() });
        let lowest = [before, after]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(i64::MAX);
        let eligible: i64 = self
            .eligible_series(today, shape.parts[0].metric)
            .values()
            .sum();
        let met = eligible >= lowest;
        let waits = wanted == today && (lowered || met);
        Some(if waits { today.next() } else { wanted })
    }

    /// Since when a goal asks for the same already, where nothing else is planned.
    fn unchanged(&self, goal: &str, shape: &Shape, from: Option<Day>) -> Option<Day> {
        let today = self.today();
        let (since, newest) = self.goals.get(goal)?.revisions.last()?;
        let same = newest.as_ref() == Some(shape) && *since <= today;
        (same && from.is_none_or(|from| from == today)).then_some(*since)
    }

    fn delete_goal(&mut self, goal: &str) {
        let tomorrow = self.today().next();
        if let Some(held) = self.goals.get_mut(goal) {
            held.revise(tomorrow, None);
        }
    }
}
