//! Goals: which target holds in which period, and when it is met (domain.md 3.1).

use std::collections::BTreeMap;

use streakline_core::civil::{Day, MINUTE_MS};

use super::{adaptive::Adaptive, world::World};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Period {
    #[default]
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

impl Kind {
    /// What it asks of a day of each weekday.
    fn by_weekday(&self) -> Option<[i64; 7]> {
        match self {
            Self::Static(target) => Some([*target; 7]),
            Self::Weekdays(targets) => Some(*targets),
            Self::Adaptive(_) | Self::DaysOf { .. } => None,
        }
    }

    /// The larger of both, where they are of one kind.
    fn larger(&self, held: &Self) -> Option<Self> {
        Some(match (self, held) {
            (Self::Static(new), Self::Static(old)) => Self::Static(*new.max(old)),
            (Self::DaysOf { days, each }, Self::DaysOf { days: d, each: e }) => Self::DaysOf {
                days: *days.max(d),
                each: *each.max(e),
            },
            _ => {
                let (new, old) = (self.by_weekday()?, held.by_weekday()?);
                Self::Weekdays(std::array::from_fn(|at| new[at].max(old[at])))
            }
        })
    }
}

impl Shape {
    /// What of it is a raise of what holds: part by part the larger; `None`: nothing is raised.
    pub fn raise_of(&self, held: &Self) -> Option<Self> {
        let alike = self.any == held.any && self.parts.len() == held.parts.len();
        let part = |(new, old): (&Part, &Part)| {
            let kind = new.kind.larger(&old.kind)?;
            (new.metric == old.metric).then_some(Part { kind, ..*new })
        };
        let parts = self.parts.iter().zip(&held.parts).map(part);
        let raised = Self {
            parts: parts.collect::<Option<_>>()?,
            ..*self
        };
        (alike && raised != *held).then_some(raised)
    }
}

/// A goal as it was put over time, by rising first day; `None`: not in force from there on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Goal {
    pub period: Period,
    /// Whether its weeks start on Sunday, as the user's did when it was first put.
    pub sunday: bool,
    pub revisions: Vec<(Day, Option<Shape>)>,
    /// Adaptive: the user's own target of a day to come.
    pub own: Option<(Day, i64)>,
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

    /// First and last day of the period that holds a day.
    pub fn period_of(&self, day: Day) -> (Day, Day) {
        period_of(self.period, day, self.sunday)
    }

    /// The days of a period that count: from the day on that the goal is in force.
    pub fn counted(&self, (first, last): (Day, Day)) -> impl Iterator<Item = Day> + use<> {
        (self.in_force_since(last).max(first).0..=last.0).map(Day)
    }

    /// Whether it was not deleted.
    pub fn is_open(&self) -> bool {
        self.revisions
            .last()
            .is_some_and(|(_, shape)| shape.is_some())
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
        let shape = held.on(last).filter(|_| !self.rests(goal, first))?;
        let from = held.in_force_since(last).max(first);
        let issued = self.issued.get(&(goal.to_owned(), last)).copied();
        self.progress_of(shape, from, (first, last), issued)
    }

    /// What each part of a shape comes to, counted from a day on.
    pub fn progress_of(
        &self,
        shape: &Shape,
        from: Day,
        (first, last): (Day, Day),
        issued: Option<i64>,
    ) -> Option<Vec<Progress>> {
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
                Kind::Adaptive(_) => (issued?, joined(amounts)),
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
        met_of(&parts, self.goals[goal].on(last)?.any)
    }

    /// What has been reached of a target in per cent: of several parts that of the one which decides.
    pub fn percent(&self, goal: &str, (first, last): (Day, Day)) -> i64 {
        let parts = self.progress(goal, (first, last)).unwrap_or_default();
        let shares = parts.iter().map(|part| part.progress * 100 / part.target);
        let any = self.goals[goal].on(last).is_some_and(|shape| shape.any);
        if any { shares.max() } else { shares.min() }.unwrap_or(0)
    }
}

/// When parts are met: `all` with the latest, `any` with the earliest.
pub fn met_of(parts: &[Progress], any: bool) -> Option<i64> {
    let met = parts.iter().map(|part| part.met_at_ms);
    if any {
        met.flatten().min()
    } else {
        met.collect::<Option<Vec<i64>>>()?.into_iter().max()
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
