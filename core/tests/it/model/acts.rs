//! What can happen to a user, and what the model does with it. Refusals of protocol.md 3 that need the user are decided here.

use streakline_core::{
    civil::{DAY_MS, Day},
    id::DeviceId,
    sample::DeviceClass,
};

use super::{
    goals::{Goal, Period, Shape, met_of, period_of},
    merge,
    milestones::Stage,
    records::{self, Copy, Sample, Winner},
    streaks::Allowed,
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
    /// The user's own target of an adaptive goal for a day.
    Own {
        goal: &'static str,
        target: i64,
        from: Option<Day>,
    },
    /// What the streak of a goal allows.
    Allow(&'static str, Allowed),
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

/// From which days what is asked for, and the user's own target of a day.
type Put = (Vec<(Day, Shape)>, Option<(Day, i64)>);

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
                if let Some(revisions) = self.revisions(goal, shape, *from) {
                    self.put(goal, shape.period, (revisions, None));
                }
            }
            Act::Own { goal, target, from } => {
                if let Some((revisions, own)) = self.own_from(goal, *target, *from) {
                    let period = self.goals[*goal].period;
                    self.put(goal, period, (revisions, own));
                }
            }
            Act::DeleteGoal(goal) => self.delete_goal(goal),
            Act::Allow(goal, allowed) => {
                let today = self.today();
                let held = self.instruments.entry((*goal).to_owned()).or_default();
                held.allow(allowed, today);
            }
            Act::BuyFreeze(goal) => self.buy(goal),
            Act::Repair { goal, day, paid } => {
                if self.may_repair(goal, *day, *paid) {
                    self.repair(goal, *day, *paid);
                }
            }
            Act::Rest(day) => self.rest(*day),
            Act::Pause(from, to) => self.pause(*from, *to),
            Act::EndPause => self.end_pause(),
            Act::Verdict(days) => self.give_verdict(days),
            Act::Decide(verdict, stage) => {
                if self.may_decide(*verdict, *stage) {
                    self.verdicts[*verdict].stage = *stage;
                }
            }
            Act::Tick => {}
        }
        self.forget_derived();
        self.lock_begun();
        self.run_until(at_ms);
        self.settle(false);
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

    fn changed_lately(&self, goal: &str) -> usize {
        let changes = self.changes.get(goal).into_iter().flatten();
        changes.filter(|at| self.now_ms - **at < 7 * DAY_MS).count()
    }

    /// From which days a goal asks for what, when a shape is put (domain.md 3.1, protocol.md 7); `None`: refused.
    pub fn revisions(
        &self,
        goal: &str,
        shape: &Shape,
        from: Option<Day>,
    ) -> Option<Vec<(Day, Shape)>> {
        let today = self.today();
        if from.is_some_and(|from| from < today) {
            return None;
        }
        let new = Goal {
            period: shape.period,
            sunday: self.sunday_weeks,
            ..Goal::default()
        };
        let held = self.goals.get(goal).unwrap_or(&new);
        let running = held.period_of(today);
        let later = from.map(|from| held.period_of(from).0);
        let revisions = match held.on(running.1) {
            None => vec![(self.first_day_of(goal, shape, from), shape.clone())],
            Some(_) if later.is_some_and(|later| later > running.0) => {
                let later = (later.unwrap(), Some(shape.clone()));
                let planned = held.revisions.last() == Some(&later);
                (!planned)
                    .then(|| (later.0, shape.clone()))
                    .into_iter()
                    .collect()
            }
            Some(old) => {
                let raise = shape.raise_of(old).filter(|_| !self.is_met(goal, running));
                let planned = held.revisions.iter().any(|(from, _)| *from > running.1);
                let differs = raise.as_ref().unwrap_or(old) != shape;
                let newest = (running.1.next(), Some(shape.clone()));
                let said = raise.is_none() && held.revisions.last() == Some(&newest);
                let next = (differs || (planned && raise.is_none())) && !said;
                let next = next.then(|| (running.1.next(), shape.clone()));
                let counted = held.counted(running).next().unwrap();
                raise
                    .map(|raise| (counted, raise))
                    .into_iter()
                    .chain(next)
                    .collect()
            }
        };
        let often = self.changed_lately(goal) >= 3;
        (revisions.is_empty() || !often).then_some(revisions)
    }

    /// The first day of a goal that is not in force: today stands only while it is unmet.
    fn first_day_of(&self, goal: &str, shape: &Shape, from: Option<Day>) -> Day {
        let today = self.today();
        let wanted = from.unwrap_or(today.next());
        let issued = self.target_of(goal, shape, today);
        let period = period_of(shape.period, today, self.sunday_weeks);
        let parts = self.progress_of(shape, today, period, issued);
        let met = parts.is_some_and(|parts| met_of(&parts, shape.any).is_some());
        if wanted == today && met {
            today.next()
        } else {
            wanted
        }
    }

    fn put(&mut self, goal: &str, period: Period, (revisions, own): Put) {
        let (today, sunday) = (self.today(), self.sunday_weeks);
        if self.goals.contains_key(goal) && (own.is_some() || !revisions.is_empty()) {
            let changes = self.changes.entry(goal.to_owned()).or_default();
            changes.push(self.now_ms);
        }
        let new = || Goal {
            period,
            sunday,
            ..Goal::default()
        };
        let held = self.goals.entry(goal.to_owned()).or_insert_with(new);
        let now = revisions.iter().any(|(from, _)| *from <= today);
        for (from, shape) in revisions {
            held.revise(from, Some(shape));
        }
        if let Some((day, target)) = own {
            let key = (goal.to_owned(), day);
            if let Some(issued) = self.issued.get_mut(&key) {
                *issued = target;
                self.locked.insert(key);
            } else {
                held.own = own;
            }
        }
        if now && !self.issued.contains_key(&(goal.to_owned(), today)) {
            self.issue_one(goal, today);
        }
    }

    /// A goal that is put again as it is, with the user's own target: for which day that is. More than today's holds today while
    /// that is unmet, everything else tomorrow. `None`: refused.
    pub fn own_from(&self, goal: &str, target: i64, from: Option<Day>) -> Option<Put> {
        let today = self.today();
        let held = self.goals.get(goal)?;
        let (_, shape) = held.revisions.last()?;
        let revisions = self.revisions(goal, shape.as_ref()?, from)?;
        let issued = self.issued.get(&(goal.to_owned(), today)).copied();
        let later = from.filter(|from| *from > today);
        let day = match (later, issued) {
            (Some(later), _) => Some(later),
            (None, Some(issued)) if issued == target => None,
            (None, Some(issued)) => {
                let unmet = target > issued && !self.is_met(goal, held.period_of(today));
                Some(if unmet { today } else { today.next() })
            }
            (None, None) => Some(from.unwrap_or(today.next())),
        };
        let own = day.map(|day| (day, target));
        (own.is_none() || self.changed_lately(goal) < 3).then_some((revisions, own))
    }

    fn delete_goal(&mut self, goal: &str) {
        let today = self.today();
        if let Some(held) = self.goals.get_mut(goal).filter(|held| held.is_open()) {
            let next = held.period_of(today).1.next();
            let from = held.first_day().map_or(next, |first| first.max(next));
            held.revise(from, None);
        }
    }
}
