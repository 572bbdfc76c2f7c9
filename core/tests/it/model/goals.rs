//! Goals: which target holds in which period, and when it is met (domain.md 3.1).

use std::collections::BTreeMap;

use streakline_core::civil::{Day, MINUTE_MS};

use super::{adaptive::Adaptive, world::World};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    Day,
    Week,
    Month,
}

/// Where the target of a part comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The same for every period.
    Static(i64),
    /// A target for each weekday, Monday first.
    Weekdays([i64; 7]),
    /// The percentile schedule.
    Adaptive(Adaptive),
    /// So many days of the period with so much each.
    DaysOf { days: i64, each: i64 },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub metric: &'static str,
    pub kind: Kind,
}

/// What a goal asks for. One part: a plain goal; several: all of them, or any of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    pub period: Period,
    pub any: bool,
    pub parts: Vec<Part>,
}

impl Shape {
    pub fn daily(target: i64) -> Self {
        Self::of(Period::Day, Kind::Static(target))
    }

    pub fn of(period: Period, kind: Kind) -> Self {
        let part = Part {
            metric: "steps",
            kind,
        };
        Self {
            period,
            any: false,
            parts: vec![part],
        }
    }
}

/// A goal as it was put over time, by rising first day; `None`: not in force from there on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Goal {
    pub revisions: Vec<(Day, Option<Shape>)>,
}

/// One part of a goal in one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub target: i64,
    pub progress: i64,
    /// Start of the minute that reached it.
    pub met_at_ms: Option<i64>,
}

impl Goal {
    pub fn revise(&mut self, from: Day, shape: Option<Shape>) {
        self.revisions.retain(|(held, _)| *held < from);
        self.revisions.push((from, shape));
    }

    pub fn on(&self, day: Day) -> Option<&Shape> {
        let passed = self.revisions.iter().rev().find(|(from, _)| *from <= day);
        passed?.1.as_ref()
    }

    pub fn first_day(&self) -> Option<Day> {
        let in_force = self.revisions.iter().find(|(_, shape)| shape.is_some());
        in_force.map(|(from, _)| *from)
    }

    /// Since when it has been in force without a gap, on a day.
    fn in_force_since(&self, day: Day) -> Day {
        let mut since = day;
        while self.on(since.prev()).is_some() {
            since = since.prev();
        }
        since
    }
}

/// The dates of the period that holds a day: first and last.
pub fn period_of(period: Period, day: Day, sunday_weeks: bool) -> (Day, Day) {
    match period {
        Period::Day => (day, day),
        Period::Week => {
            // 1970-01-01 was a Thursday.
            let since = (day.0 + if sunday_weeks { 4 } else { 3 }).rem_euclid(7);
            (day.plus(-since), day.plus(6 - since))
        }
        Period::Month => {
            let (year, month, _) = day.ymd();
            let first = Day::from_ymd(year, month, 1).unwrap();
            let mut last = day;
            while last.next().ymd().1 == month {
                last = last.next();
            }
            (first, last)
        }
    }
}

/// Monday is 0.
pub fn weekday(day: Day) -> usize {
    (day.0 + 3).rem_euclid(7) as usize
}

impl World {
    /// What each part of a goal comes to in the period that ends with `last`.
    pub fn progress(&self, goal: &str, (first, last): (Day, Day)) -> Option<Vec<Progress>> {
        let held = &self.goals[goal];
        let shape = held.on(last)?;
        let from = held.in_force_since(last).max(first);
        let scaled = |whole: i64| {
            let (days, all) = (
                i64::from(last.since(from)) + 1,
                i64::from(last.since(first)) + 1,
            );
            (whole * days + all - 1) / all
        };
        let part = |part: &Part| {
            let days = || (from.0..=last.0).map(Day);
            let amounts = days().map(|day| (day, self.eligible_series(day, part.metric)));
            let (target, series) = match &part.kind {
                Kind::Static(target) => (scaled(*target), joined(amounts)),
                Kind::Weekdays(targets) => (targets[weekday(last)], joined(amounts)),
                Kind::Adaptive(_) => (*self.issued.get(&(goal.to_owned(), last))?, joined(amounts)),
                Kind::DaysOf { days, each } => {
                    let reached = amounts.filter_map(|(_, series)| reached_at(&series, *each));
                    (scaled(*days), reached.map(|minute| (minute, 1)).collect())
                }
            };
            Some(Progress {
                target,
                progress: series.values().sum(),
                met_at_ms: reached_at(&series, target).map(|minute| minute * MINUTE_MS),
            })
        };
        shape.parts.iter().map(part).collect()
    }

    /// When the whole goal was met in a period: `all` with its latest part, `any` with its earliest.
    pub fn met_at_ms(&self, goal: &str, (first, last): (Day, Day)) -> Option<i64> {
        let parts = self.progress(goal, (first, last))?;
        let any = self.goals[goal].on(last)?.any;
        let met = parts.iter().map(|part| part.met_at_ms);
        if any {
            met.flatten().min()
        } else {
            met.collect::<Option<Vec<i64>>>()?.into_iter().max()
        }
    }
}

fn joined(days: impl Iterator<Item = (Day, BTreeMap<i64, i64>)>) -> BTreeMap<i64, i64> {
    days.flat_map(|(_, series)| series).collect()
}

/// The minute in which a running sum reaches a target.
pub fn reached_at(series: &BTreeMap<i64, i64>, target: i64) -> Option<i64> {
    let mut sum = 0;
    let reached = series.iter().find(|(_, value)| {
        sum += **value;
        sum >= target
    });
    reached.map(|(minute, _)| *minute)
}
