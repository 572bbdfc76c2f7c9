//! Sums and best days of each person over all dates, computed again from the server's days.

use std::collections::BTreeMap;

use anyhow::Result;
use streakline_core::civil::Day;

use super::compare::{eligible, people};
use super::fetched::{Fetched, FetchedPerson};
use super::report::Report;
use crate::cli::folder::Window;
use crate::cli::folder::expected::{Best7, BestDay, Expected, Stats, day};

const WEEK: i32 = 7;

/// What is told of one person.
#[derive(Debug, PartialEq, Eq)]
struct Totals {
    first: String,
    last: String,
    days: i64,
    total: i64,
    window_total: i64,
    best7: Best7,
    best_day: BestDay,
    /// By goal: dates met, and dates met in the window.
    met: BTreeMap<String, (i64, i64)>,
}

pub(super) fn compare(report: &mut Report, expected: &Expected, fetched: &Fetched) -> Result<()> {
    let window = expected.window()?;
    report.kind("people's totals");
    for (user, person, got) in people(expected, fetched) {
        let Some(stats) = person.stats() else {
            continue;
        };
        let found = got.and_then(|got| totals_of(&series(got), window, &expected.goals));
        report.compare(|| format!("{user}: totals"), &wanted(stats), found.as_ref());
    }
    Ok(())
}

fn wanted(stats: &Stats) -> Totals {
    let met = |(goal, g): (&String, &crate::cli::folder::expected::GoalStats)| {
        (goal.clone(), (g.days_met, g.window_days_met))
    };
    Totals {
        first: stats.first.clone(),
        last: stats.last.clone(),
        days: stats.days,
        total: stats.total,
        window_total: stats.window_total,
        best7: stats.best7.clone(),
        best_day: stats.best_day.clone(),
        met: stats.goals.iter().map(met).collect(),
    }
}

/// Steps by date, for the dates of which the server has records.
fn series(person: &FetchedPerson) -> BTreeMap<Day, i64> {
    let dates = person.days.keys();
    dates
        .filter_map(|date| Some((day(date).ok()?, eligible(Some(person), date)?)))
        .collect()
}

fn totals_of(series: &BTreeMap<Day, i64>, window: Window, goals: &[u32]) -> Option<Totals> {
    let (first, last) = (*series.keys().next()?, *series.keys().next_back()?);
    let in_window = || {
        series
            .range(window.starts..=window.ends)
            .map(|(_, steps)| *steps)
    };
    let best_day = series.iter().max_by_key(|(day, steps)| (**steps, -day.0))?;
    let met = |goal: &u32| {
        let reached = |steps: &i64| *steps >= i64::from(*goal);
        let all = series.values().filter(|steps| reached(steps)).count();
        let within = in_window().filter(reached).count();
        Some((
            goal.to_string(),
            (i64::try_from(all).ok()?, i64::try_from(within).ok()?),
        ))
    };
    Some(Totals {
        first: first.iso(),
        last: last.iso(),
        days: i64::try_from(series.len()).ok()?,
        total: series.values().sum(),
        window_total: in_window().sum(),
        best7: best7(series, first, last)?,
        best_day: BestDay {
            steps: *best_day.1,
            date: best_day.0.iso(),
        },
        met: goals.iter().filter_map(met).collect(),
    })
}

/// The most on seven dates in a row between the first and the last, the earliest of equals.
fn best7(series: &BTreeMap<Day, i64>, first: Day, last: Day) -> Option<Best7> {
    let sum = |from: Day, to: Day| -> i64 { series.range(from..=to).map(|(_, steps)| steps).sum() };
    if last.since(first) < WEEK {
        return Some(Best7 {
            steps: sum(first, last),
            from: first.iso(),
            to: last.iso(),
        });
    }
    let starts = (0..=last.since(first) - WEEK + 1).map(|days| first.plus(days));
    let spans = starts.map(|from| (from, from.plus(WEEK - 1)));
    let best = spans.max_by_key(|(from, to)| (sum(*from, *to), -from.0))?;
    Some(Best7 {
        steps: sum(best.0, best.1),
        from: best.0.iso(),
        to: best.1.iso(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series_of(steps: &[(i32, i64)]) -> BTreeMap<Day, i64> {
        steps
            .iter()
            .map(|(day, steps)| (Day(*day), *steps))
            .collect()
    }

    fn best(steps: &[(i32, i64)]) -> (i64, String, String) {
        let series = series_of(steps);
        let ends = (
            *series.keys().next().unwrap(),
            *series.keys().next_back().unwrap(),
        );
        let best = best7(&series, ends.0, ends.1).unwrap();
        (best.steps, best.from, best.to)
    }

    #[test]
    fn the_best_seven_dates_are_the_earliest_of_equals() {
        let day = |n| Day(n).iso();
        assert_eq!(
            best(&[(0, 5), (3, 6)]),
            (11, day(0), day(3)),
            "a short span is taken whole"
        );
        assert_eq!(best(&[(0, 5), (6, 6)]), (11, day(0), day(6)));
        assert_eq!(
            best(&[(0, 5), (7, 5)]),
            (5, day(0), day(6)),
            "the earliest of equals"
        );
        assert_eq!(best(&[(0, 1), (7, 5), (9, 5)]), (10, day(3), day(9)));
    }

    #[test]
    fn totals_count_dates_goals_and_the_window() {
        let window = Window {
            starts: Day(1),
            ends: Day(2),
        };
        let totals =
            totals_of(&series_of(&[(0, 90), (1, 50), (2, 90)]), window, &[50, 60]).unwrap();
        assert_eq!(
            (totals.days, totals.total, totals.window_total),
            (3, 230, 140)
        );
        assert_eq!(
            totals.best_day,
            BestDay {
                steps: 90,
                date: Day(0).iso()
            }
        );
        assert_eq!((totals.met["50"], totals.met["60"]), ((3, 2), (2, 1)));
        assert_eq!(totals_of(&BTreeMap::new(), window, &[]), None);
    }
}
