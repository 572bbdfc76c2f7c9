//! The comparison itself: pure, from what was expected and what was fetched to a report.
//!
//! Totals are the server's `eligible` ones, which are what scores and tokens read, and goals wherever nothing is typed in.

use std::collections::BTreeSet;

use anyhow::Result;
use serde_json::Value;

use super::fetched::{Fetched, FetchedPerson, int, text};
use super::report::Report;
use super::{boards, ledger, totals};
use crate::cli::folder::expected::{Expected, Person};

/// Compares everything of the `minute` series.
///
/// # Errors
/// When `expected` has a date that is none.
pub fn compare(expected: &Expected, fetched: &Fetched) -> Result<Report> {
    let mut report = Report::default();
    person_days(&mut report, expected, fetched);
    goal_minutes(&mut report, expected, fetched);
    longest_streaks(&mut report, expected, fetched);
    current_streaks(&mut report, expected, fetched)?;
    totals::compare(&mut report, expected, fetched)?;
    boards::compare(&mut report, expected, fetched)?;
    ledger::compare(&mut report, expected, fetched);
    Ok(report)
}

/// People with a minute series, and what the server has of them.
pub(super) fn people<'a>(
    expected: &'a Expected,
    fetched: &'a Fetched,
) -> impl Iterator<Item = (&'a str, &'a Person, Option<&'a FetchedPerson>)> {
    let with_minutes = expected
        .users
        .iter()
        .filter(|(_, person)| person.stats().is_some());
    with_minutes.map(|(user, person)| (user.as_str(), person, fetched.people.get(user)))
}

/// The server's total of a date, where it has records of it.
pub(super) fn eligible(person: Option<&FetchedPerson>, date: &str) -> Option<i64> {
    let day = person?.days.get(date)?;
    int(day, "records").filter(|records| *records > 0)?;
    int(day, "eligible")
}

fn person_days(report: &mut Report, expected: &Expected, fetched: &Fetched) {
    report.kind("person-days");
    let mut without = 0_u64;
    for (user, person, got) in people(expected, fetched) {
        for daily in &person.daily {
            let Some(steps) = daily.minute else {
                without += 1;
                continue;
            };
            let place = || format!("{user} on {}: steps", daily.date);
            report.compare(place, &steps, eligible(got, &daily.date).as_ref());
        }
    }
    let nobody = expected
        .users
        .values()
        .filter(|person| person.stats().is_none())
        .count();
    report.note(format!(
        " (skipped: {without} dates without minutes, {nobody} people without any)"
    ));
}

fn goal_minutes(report: &mut Report, expected: &Expected, fetched: &Fetched) {
    report.kind("goal minutes");
    let mut met = 0_u64;
    for (user, person, got) in people(expected, fetched) {
        for daily in person.daily.iter().filter(|daily| daily.minute.is_some()) {
            let day = got.and_then(|person| person.days.get(&daily.date));
            for goal in &expected.goals {
                let wanted = daily.goal_met_at(*goal).map(str::to_owned);
                let found = day.and_then(|day| goal_of(day.get("goals")?.as_array()?, *goal));
                let found = found.map(|goal| {
                    let is_met = text(goal, "status") == "met";
                    is_met.then(|| text(goal, "met_at_local").to_owned())
                });
                met += u64::from(wanted.is_some() && found.as_ref() == Some(&wanted));
                let place = || format!("{user} on {}: goal {goal} met at", daily.date);
                report.compare(place, &wanted, found.as_ref());
            }
        }
    }
    report.note(format!(" ({met} met)"));
}

/// The entry of the goal for `target` steps, in a list of goals' progress or of streaks.
fn goal_of(list: &[Value], target: u32) -> Option<&Value> {
    let id = format!("steps-{target}");
    list.iter().find(|entry| text(entry, "goal") == id)
}

fn longest_streaks(report: &mut Report, expected: &Expected, fetched: &Fetched) {
    report.kind("longest streaks");
    for (user, person, got) in people(expected, fetched) {
        for goal in &expected.goals {
            let wanted = person
                .stats()
                .and_then(|stats| stats.goals.get(&goal.to_string()));
            let wanted = wanted.map(|stats| {
                (
                    stats.longest_streak,
                    stats.longest_from.as_deref(),
                    stats.longest_to.as_deref(),
                )
            });
            let found = got.and_then(|person| goal_of(&person.streaks, *goal)?.get("longest"));
            let found = found.and_then(|longest| {
                let date = |name| longest.get(name).and_then(Value::as_str);
                Some((int(longest, "count")?, date("from"), date("to")))
            });
            let place = || format!("{user}: longest streak of goal {goal}");
            report.compare(place, &wanted, Some(&found).filter(|found| found.is_some()));
        }
    }
}

fn current_streaks(report: &mut Report, expected: &Expected, fetched: &Fetched) -> Result<()> {
    let end = expected.window()?.ends;
    let (end, before) = (end.iso(), end.prev().iso());
    let count = |got: Option<&FetchedPerson>, date: &str, goal| {
        int(goal_of(got?.streaks_as_of.get(date)?, goal)?, "count")
    };
    report.kind("current streaks at the last day");
    for (user, person, got) in people(expected, fetched) {
        for goal in &expected.goals {
            let Some(stats) = person.stats() else {
                continue;
            };
            let wanted = stats
                .goals
                .get(&goal.to_string())
                .map(|g| g.current_at_last_day);
            let found = count(got, &stats.last, *goal);
            let place = || format!("{user}: streak of goal {goal} at {}", stats.last);
            report.compare(place, &wanted, Some(&found).filter(|found| found.is_some()));
        }
    }
    report.kind("current streaks at the window's end");
    for (user, person, got) in people(expected, fetched) {
        for goal in &expected.goals {
            let stats = person
                .stats()
                .and_then(|stats| stats.goals.get(&goal.to_string()));
            let wanted = stats.map(|g| (g.current_at_window_end, g.current_at_window_end_grace));
            let at_end = count(got, &end, *goal);
            let with_grace = at_end
                .filter(|n| *n > 0)
                .or_else(|| count(got, &before, *goal));
            let found = at_end.zip(with_grace);
            let place =
                || format!("{user}: streak of goal {goal} at {end}, and with a day's grace");
            report.compare(place, &wanted, Some(&found).filter(|found| found.is_some()));
        }
    }
    Ok(())
}

/// Users that are expected anywhere.
pub(super) fn everybody(expected: &Expected) -> BTreeSet<&str> {
    expected.users.keys().map(String::as_str).collect()
}
