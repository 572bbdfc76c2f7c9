//! Why a goal asks for what it asks for in a period, and what met it (domain.md 3).

use alloc::vec::Vec;

use super::{Evidence, TargetWhy};
use crate::{
    civil::{Day, Local, MINUTE_MS},
    day::{DayState, GoalDay},
    goal::{Revision, Terms, share},
    id::{DeviceId, GoalId, RecordId},
    merge,
    metric::Metric,
    record::Record,
    user::{User, progress, rebuild},
    view::GoalProgress,
};

/// What one part of the terms asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartWhy {
    /// What it counts.
    pub metric: Metric,
    /// Its target for a whole period, store units.
    pub whole: i64,
    /// Whether that is the target of this day of the week.
    pub weekday: bool,
    /// Its target for the days that are counted.
    pub target: i64,
    /// What goals read of these days.
    pub progress: i64,
}

/// The minute in which a goal was met, for one metric that it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// Which.
    pub metric: Metric,
    /// What goals read of the period before that minute, store units.
    pub before: i64,
    /// What the minute added.
    pub added: i64,
    /// The samples that gave it: device, id, version, and how much of the minute before its cap.
    pub records: Vec<(DeviceId, RecordId, u32, i64)>,
}

/// Why a goal stands where it stands in a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoalWhy {
    /// Which.
    pub goal: GoalId,
    /// First and last day of the period.
    pub period: (Day, Day),
    /// What holds in it; `None`: the goal is not in force.
    pub terms: Option<Terms>,
    /// The first day that counts: later than the period's where the goal began, or was revised, within it.
    pub counted_from: Option<Day>,
    /// Days that count and days of the whole period.
    pub share: (i32, i32),
    /// It is a rest day.
    pub rest: bool,
    /// Where it stands; `None`: it asks for nothing.
    pub progress: Option<GoalProgress>,
    /// By part of the terms; none of an adaptive goal.
    pub parts: Vec<PartWhy>,
    /// How the target of an adaptive goal came about.
    pub target: Option<TargetWhy>,
    /// What each day of the period gives, by metric that the goal counts, store units.
    pub days: Vec<(Day, Vec<(Metric, i64)>)>,
    /// The minute that met it: POSIX ms, and on the wall.
    pub met_at: Option<(i64, Local)>,
    /// What that minute added.
    pub crossing: Vec<Crossing>,
    /// What was told of the period.
    pub told: GoalDay,
    /// Every revision, by rising day.
    pub revisions: Vec<Revision>,
    /// Changes by hand within the last 7 days.
    pub changes_lately: usize,
}

impl Evidence<'_> {
    /// Why a goal stands where it stands in the period that a day lies in; `None`: there is no such goal.
    #[must_use]
    pub fn goal(&self, id: &GoalId, day: Day, now_ms: i64) -> Option<GoalWhy> {
        let user = self.user;
        let goal = user.goals.get(id)?;
        let first = goal.period_of(day);
        let last = goal.period.last_day(first);
        let held = goal.terms_of(first);
        let counted_from = held.map(|(_, from)| from);
        let share = (
            last.next().since(counted_from.unwrap_or(first)),
            goal.period.length(first),
        );
        let terms = held.map(|(terms, _)| terms.clone());
        let metrics: Vec<Metric> = terms
            .iter()
            .flat_map(|terms| terms.metrics().collect::<Vec<_>>())
            .collect();
        let told = user.days.get(&first).and_then(|state| state.goals.get(id));
        let met_at = told.and_then(|told| told.met_at_ms);
        let from = counted_from.unwrap_or(first);
        Some(GoalWhy {
            goal: id.clone(),
            period: (first, last),
            counted_from,
            share,
            rest: user.is_rest(goal, first),
            progress: user.goal_progress(id, first),
            parts: terms.as_ref().map_or_else(Vec::new, |terms| {
                user.parts_why(terms, (first, from, last), share)
            }),
            target: self.user.target_why(id, first),
            days: user.days_why(&metrics, (from, last)),
            met_at: met_at.map(|at_ms| (at_ms, user.calendar().local(at_ms))),
            crossing: met_at.map_or_else(Vec::new, |at_ms| self.crossings(&metrics, (from, at_ms))),
            told: told.copied().unwrap_or_default(),
            revisions: goal.revisions.clone(),
            changes_lately: goal.changes_lately(now_ms),
            terms,
        })
    }

    fn crossings(&self, metrics: &[Metric], (from, met_ms): (Day, i64)) -> Vec<Crossing> {
        let day = self.user.day_of(met_ms);
        let crossing = |metric: &Metric| self.crossing(*metric, (from, day), met_ms);
        metrics.iter().map(crossing).collect()
    }

    fn crossing(&self, metric: Metric, (from, day): (Day, Day), met_ms: i64) -> Crossing {
        let minute = i32::try_from(met_ms.div_euclid(MINUTE_MS)).unwrap_or(i32::MAX);
        let earlier = self.user.days.range(from.min(day)..day);
        let mut before = earlier.fold(0_i64, |sum, (_, state)| {
            sum.saturating_add(state.goal_amount(metric))
        });
        let mut added = 0;
        let (head, standings) = (self.head(day), self.user.standings(day));
        let calendar = self.user.calendar();
        let span = (calendar.start_ms(day), calendar.end_ms(day));
        for (at, value) in progress::series(
            &head,
            &standings,
            metric,
            (span, self.user.manual_policy.goals()),
        ) {
            let value = i64::from(value);
            if at < minute {
                before = before.saturating_add(value);
            } else if at == minute {
                added = value;
            }
        }
        Crossing {
            metric,
            before,
            added,
            records: self.records_of(day, metric, minute),
        }
    }

    /// The samples that give a minute of the total that goals read.
    fn records_of(
        &self,
        day: Day,
        metric: Metric,
        minute: i32,
    ) -> Vec<(DeviceId, RecordId, u32, i64)> {
        let (head, standings) = (self.head(day), self.user.standings(day));
        let policy = self.user.manual_policy;
        let won = merge::winners(&head.bidders(&standings, metric, policy.goals()));
        let Some((_, binding)) = won.into_iter().find(|(cell, _)| cell.minute == minute) else {
            return Vec::new();
        };
        let winners = rebuild::winners(&self.known);
        let own = winners.iter().filter(|winner| {
            let record = &winner.copy.record;
            winner.copy.binding == binding
                && record.metric == metric
                && winner.is_in(policy.goals(), policy)
        });
        let own: Vec<&Record> = own.map(|winner| &winner.copy.record).collect();
        let mut found = Vec::new();
        for (id, cells) in merge::device_parts(&own) {
            let cell = cells
                .iter()
                .find(|cell| cell.minute == minute && cell.value > 0);
            let version = own.iter().find(|record| record.id == id);
            let version = version.map_or(1, |record| record.version);
            let device = self.user.device_of(binding).map(|(device, _)| device);
            if let (Some(cell), Some(device)) = (cell, device) {
                found.push((device, id, version, i64::from(cell.value)));
            }
        }
        found
    }
}

impl User {
    /// The day in which a goal was met, of the period that a day lies in.
    pub(super) fn met_day(&self, id: &GoalId, day: Day) -> Option<Day> {
        let first = self.goals.get(id)?.period_of(day);
        let told = self.days.get(&first)?.goals.get(id)?;
        told.met_at_ms.map(|at_ms| self.day_of(at_ms))
    }

    fn parts_why(
        &self,
        terms: &Terms,
        (first, from, last): (Day, Day, Day),
        (left, days): (i32, i32),
    ) -> Vec<PartWhy> {
        let part = |part: &crate::goal::Part| {
            let whole = part.target_on(first);
            let counted = self.days.range(from..=last.max(from));
            PartWhy {
                metric: part.metric,
                whole,
                weekday: !part.weekdays.is_empty() && whole != part.target,
                // Each day of a days-of goal has its whole target; their number is what is shared.
                target: if terms.fits(crate::period::Period::Day)
                    || !matches!(terms.kind, crate::goal::Kind::DaysOf { .. })
                {
                    share(whole, left, days)
                } else {
                    whole
                },
                progress: counted.fold(0_i64, |sum, (_, state)| {
                    sum.saturating_add(state.goal_amount(part.metric))
                }),
            }
        };
        terms.parts().iter().map(part).collect()
    }

    fn days_why(
        &self,
        metrics: &[Metric],
        (from, last): (Day, Day),
    ) -> Vec<(Day, Vec<(Metric, i64)>)> {
        let known = self.days.range(from..=last.max(from));
        let amounts = |state: &DayState| {
            metrics
                .iter()
                .map(|metric| (*metric, state.goal_amount(*metric)))
                .collect()
        };
        known.map(|(day, state)| (*day, amounts(state))).collect()
    }
}
