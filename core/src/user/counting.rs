//! Which minutes of a user count in a challenge, and what its days come to under the cap of a day (domain.md 2.2, 5.1).
//!
//! On each member's own clock a day of the user is a day of the challenge. On a clock that all share a date holds minutes of
//! several days of a user, and a day those of several dates: what each of them gives to a date is kept, so that a later day is
//! capped by what the earlier ones have used up (ADR 0060). What a score comes to is `score`'s.

use alloc::{collections::BTreeMap, vec::Vec};

use super::{Enrolment, User, exertion, fold::Fold, plan, progress, rebuild, score};
use crate::{
    civil::{Day, MINUTE_MS},
    day::DayState,
    definition::{DateSpan, Definition, LateJoin},
    id::ChallengeId,
    input::UserInput,
    manual::Total,
    metric::Metric,
};

/// What each day of a user gives to each date of a clock that all share, by (day, date), store units.
pub(super) type Shares = BTreeMap<(Day, Day), i64>;

/// First minute that counts and the first that no longer does, POSIX ms.
#[must_use]
pub(super) fn counted_span(user: &User, held: &Enrolment) -> (i64, i64) {
    span(user, &held.definition, held.joined_ms)
}

/// The same for somebody who joins at an instant: on the member's own clock an n-day competition counts only 1,440n + 120
/// minutes after the member's own start (domain.md 2.2).
fn span(user: &User, of: &Definition, joined_ms: i64) -> (i64, i64) {
    let start = of.starts_for(user.calendar());
    let from = of.counts_from(start, joined_ms);
    if of.clock.is_shared() {
        return (from, of.ends_at_ms());
    }
    let days = i64::from(of.ends.since(of.starts)).saturating_add(1);
    let longest = days
        .saturating_mul(1_440)
        .saturating_add(120)
        .saturating_mul(MINUTE_MS);
    let end = user.calendar().end_ms(of.ends);
    (from, end.min(start.saturating_add(longest)))
}

/// First and last day of a user that may have minutes that count, for somebody who joins at an instant.
pub(super) fn days(user: &User, of: &Definition, joined_ms: i64) -> (Day, Day) {
    if of.clock.is_shared() {
        let (from_ms, to_ms) = span(user, of, joined_ms);
        return (user.day_of(from_ms), user.day_of(to_ms.saturating_sub(1)));
    }
    if of.late == LateJoin::Prorated {
        return (of.starts, of.ends);
    }
    (user.day_of(joined_ms).max(of.starts), of.ends)
}

/// First and last day of a user that a later end adds minutes to.
pub(super) fn added_days(user: &User, held: &Enrolment, ends: Day) -> (Day, Day) {
    let of = &held.definition;
    if of.clock.is_shared() {
        let last_ms = of.clock.last_end_ms(ends).saturating_sub(1);
        return (user.day_of(of.ends_at_ms()), user.day_of(last_ms));
    }
    (of.ends.next(), ends)
}

/// The total of a day whose minutes count.
pub(super) fn total(user: &User, of: &Definition) -> Total {
    let total = of.evidence.total(user.manual_policy);
    total.unwrap_or(Total::Eligible)
}

/// What a day has of the total whose minutes count, store units.
pub(super) fn amount(user: &User, of: &Definition, state: &DayState) -> i64 {
    match total(user, of) {
        Total::Goals => state.goal_amount(of.metric),
        _ => state.amount(of.metric).eligible,
    }
}

/// The minutes of a day that a challenge believes, of one of the metrics that it counts.
pub(super) fn believed(
    user: &User,
    (of, metric): (&Definition, Metric),
    day: Day,
) -> Vec<(i32, u32)> {
    let mut series = progress::minutes(user, (metric, total(user, of)), day);
    exertion::keep(user, of, day, &mut series);
    series
}

/// The minutes of a day for a score: of a hard-closed one, which somebody who joins late may bring along, no more than it had
/// then. That is known of steps alone (ADR 0061).
pub(super) fn minutes(user: &User, of: &Definition, day: Day) -> Vec<(i32, u32)> {
    let metric = of.metric;
    let mut series = believed(user, (of, metric), day);
    if day > user.hard_closed {
        return series;
    }
    let scored = user.days.get(&day).and_then(|state| state.scored);
    let mut left = scored.filter(|_| metric == Metric::STEPS).unwrap_or(0);
    for (_, value) in &mut series {
        let taken = left.clamp(0, i64::from(*value));
        left = left.saturating_sub(taken);
        *value = u32::try_from(taken).unwrap_or(*value);
    }
    series
}

/// Whether a day of the user may have minutes that count.
pub(super) fn counts_day(user: &User, held: &Enrolment, day: Day) -> bool {
    let of = &held.definition;
    if !of.clock.is_shared() {
        return (of.starts..=of.ends).contains(&day);
    }
    let (from_ms, to_ms) = counted_span(user, held);
    user.calendar().start_ms(day) < to_ms && user.calendar().end_ms(day) > from_ms
}

/// What a minute gives to a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// POSIX ms.
    pub at_ms: i64,
    /// What the cap of its day has left of it, store units.
    pub amount: i64,
    /// The date that it has on a clock that all share, where that has a cap.
    pub date: Option<Day>,
}

impl Enrolment {
    /// What the minutes of a day of the user give under the cap of a day, each that gives anything: on a shared clock, of each date as
    /// much as earlier days have left of it. `span`: the minutes that count, POSIX ms.
    pub(super) fn taken<'a>(
        &'a self,
        day: Day,
        (from_ms, to_ms): (i64, i64),
        series: &'a [(i32, u32)],
    ) -> impl Iterator<Item = Taken> + 'a {
        let of = &self.definition;
        let cap = of.per_day_cap.unwrap_or(i64::MAX);
        let by_dates = of.per_day_cap.is_some() && of.clock.is_shared();
        let (mut date, mut room): (Option<DateSpan>, i64) = (None, cap);
        series.iter().filter_map(move |(minute, value)| {
            let at_ms = i64::from(*minute).saturating_mul(MINUTE_MS);
            if *value == 0 || at_ms < from_ms || at_ms >= to_ms {
                return None;
            }
            if by_dates && date.is_none_or(|date| at_ms >= date.end_ms) {
                date = of.clock.date_at(at_ms);
                let used = date.map_or(0, |date| self.used_before(day, date.date));
                room = cap.saturating_sub(used);
            }
            let amount = i64::from(*value).min(room);
            room = room.saturating_sub(amount);
            let date = date.map(|date| date.date);
            (amount > 0).then_some(Taken {
                at_ms,
                amount,
                date,
            })
        })
    }

    /// Keeps what a day gives to each date.
    pub(super) fn share(&mut self, day: Day, given: BTreeMap<Day, i64>) {
        let before = (day, Day(i32::MIN))..=(day, Day(i32::MAX));
        let before: Vec<(Day, Day)> = self.shares.range(before).map(|(key, _)| *key).collect();
        for key in before {
            self.shares.remove(&key);
        }
        for (date, share) in given {
            self.shares.insert((day, date), share);
        }
    }

    /// What days before one have given to a date.
    fn used_before(&self, day: Day, date: Day) -> i64 {
        let earlier = self.shares.range(..(day, Day(i32::MIN))).rev();
        // Dates do not fall from one day to the next.
        let near = earlier.take_while(|((_, held), _)| *held >= date);
        near.filter(|((_, held), _)| *held == date)
            .fold(0_i64, |sum, (_, share)| sum.saturating_add(*share))
    }

    /// Whether the cap of a day has kept minutes of a day of the user from counting.
    pub(super) fn reaches_cap(&self, day: Day) -> bool {
        let Some(cap) = self.definition.per_day_cap else {
            return false;
        };
        if !self.definition.clock.is_shared() {
            return self
                .days
                .get(&day)
                .is_some_and(|(scored, _)| *scored == cap);
        }
        let own = (day, Day(i32::MIN))..=(day, Day(i32::MAX));
        let full = |((_, date), share): (&(Day, Day), &i64)| {
            self.used_before(day, *date).saturating_add(*share) >= cap
        };
        self.shares.range(own).any(full)
    }
}

/// The last instant of the dates that a day of the user shares with later days, where these are capped by what it gives, POSIX ms.
fn shared_until(user: &User, of: &Definition, day: Day) -> Option<i64> {
    of.per_day_cap.filter(|_| of.clock.is_shared())?;
    let last_ms = user.calendar().end_ms(day).saturating_sub(1);
    let date = of.clock.date_at(last_ms)?;
    Some(date.end_ms.saturating_sub(1))
}

/// A day has been scored anew: those that share a date with it follow, since it leaves them more or less of the cap.
pub(super) fn follow(user: &mut User, fold: &Fold<'_>, id: ChallengeId, day: Day) {
    let Some(held) = user.enrolments.get(&id) else {
        return;
    };
    let Some(until_ms) = shared_until(user, &held.definition, day) else {
        return;
    };
    let last = user.day_of(until_ms);
    if last <= day {
        return;
    }
    let definition = held.definition.clone();
    rebuild::warm(user, fold, day.next(), last);
    let later: Vec<Day> = user
        .days
        .range(day.next()..=last)
        .map(|(day, _)| *day)
        .collect();
    for later in later {
        let series = minutes(user, &definition, later);
        score::score_day(user, id, later, &series);
    }
}

/// Cold days that follow one that an input changes, each for itself.
pub(super) fn needs(user: &User, input: &UserInput, changed: &[(Day, Day)]) -> Vec<(Day, Day)> {
    let UserInput::Ingest(batch) = input else {
        return Vec::new();
    };
    let active = user
        .enrolments
        .values()
        .filter(|held| held.awaits_boundary());
    let own = || {
        let records = batch.records.iter();
        records.map(|(_, record)| user.day_of(record.end_ms))
    };
    let mut spans = Vec::new();
    for held in active {
        for day in changed.iter().map(|(_, last)| *last).chain(own()) {
            if let Some(until_ms) = shared_until(user, &held.definition, day) {
                spans.extend(plan::cold(user, day.next(), user.day_of(until_ms)));
            }
        }
    }
    spans
}
