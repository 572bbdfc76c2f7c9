//! Cold days whose minutes a goal must look at: the minute in which a week or month is met may lie in a later day than the one
//! that an input changes, and moves with it.

use alloc::{collections::BTreeSet, vec::Vec};

use super::super::{User, plan::cold};
use crate::{civil::Day, goal::Revision, input::UserInput, period::Period};

/// Spans of cold days, each for itself. `changed`: days that the input may change.
pub(in crate::user) fn needs(
    user: &User,
    input: &UserInput,
    (changed, stamp_ms): (&[(Day, Day)], i64),
) -> Vec<(Day, Day)> {
    let today = user.day_of(stamp_ms);
    let mut spans = begun(user, today);
    match input {
        UserInput::PutGoal { revisions, own, .. } => {
            spans.extend(revised(user, (revisions, *own), today));
        }
        UserInput::Ingest(batch) => {
            let records = batch.records.iter().map(|(_, record)| record);
            let own =
                records.map(|record| (user.day_of(record.start_ms), user.day_of(record.end_ms)));
            spans.extend(later(user, own.chain(changed.iter().copied())));
        }
        _ => {}
    }
    spans
}

/// Days whose targets this fold issues: what came ahead of time may meet them.
fn begun(user: &User, today: Day) -> Vec<(Day, Day)> {
    let issues = user.goals.values().filter_map(|goal| goal.next_issue());
    let first = issues.min().filter(|first| *first <= today);
    first.map_or_else(Vec::new, |first| cold(user, first, today))
}

/// What a change of a goal is judged by: the days that its running period counts.
fn revised(
    user: &User,
    (revisions, own): (&[Revision], Option<(Day, i64)>),
    today: Day,
) -> Vec<(Day, Day)> {
    let days = revisions.iter().map(|revision| revision.from);
    let first = days.chain(own.map(|(day, _)| day)).min();
    let begun = first.filter(|first| *first <= today);
    begun.map_or_else(Vec::new, |first| cold(user, first, today))
}

/// Days after a changed one in the same week or month of a goal.
fn later(user: &User, changed: impl Iterator<Item = (Day, Day)>) -> Vec<(Day, Day)> {
    let longer = user
        .goals
        .values()
        .filter(|goal| goal.period != Period::Day);
    let longer: Vec<_> = longer.collect();
    if longer.is_empty() {
        return Vec::new();
    }
    let changed: BTreeSet<(Day, Day)> = changed.collect();
    let mut spans = BTreeSet::new();
    for (first, last) in changed {
        for goal in &longer {
            let end = goal.period.last_day(goal.period_of(last));
            spans.extend(cold(user, first.next(), end));
        }
    }
    spans.into_iter().collect()
}
