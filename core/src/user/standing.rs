//! Scores of boards that stand (domain.md 6.2, ADR 0072): one of the last days alone is made anew at each start of a day, one without
//! an end keeps what its hard-closed days came to as a sum.

use minicbor::{Decode, Encode};

use super::{Enrolment, EnrolmentState, User, closing::Kind, fold::Fold, score};
use crate::{calendar::Calendar, civil::Day, definition::Definition, id::ChallengeId};

/// What hard-closed days of a window without an end came to; they never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Past {
    /// The last of them.
    #[n(0)]
    pub through: Day,
    /// Their sum, store units, above 0.
    #[n(1)]
    pub score: i64,
    /// The minute in which that was reached, POSIX ms.
    #[n(2)]
    pub achieved_at_ms: i64,
}

/// The last day that counts at an instant, of a score of the last days alone.
pub(super) fn last_day(user: &User, of: &Definition, at_ms: i64) -> Option<Day> {
    let today = user.day_of(at_ms).min(of.ends);
    of.rolling_days.map(|_| today)
}

/// When the next day begins to count, POSIX ms.
pub(super) fn next(calendar: &Calendar, id: ChallengeId, held: &Enrolment) -> Option<(i64, Kind)> {
    let active = held.state == EnrolmentState::Active;
    let last = held
        .last_day
        .filter(|last| active && *last < held.definition.ends)?;
    Some((calendar.start_ms(last.next()), Kind::ChallengeRoll(id)))
}

/// A day begins to count, and the first one does no longer.
pub(super) fn roll(user: &mut User, fold: &mut Fold<'_>, id: ChallengeId) {
    if let Some(held) = user.enrolments.get_mut(&id) {
        held.last_day = held.last_day.map(Day::next);
        let first = held.first_day();
        held.days.retain(|day, _| *day >= first);
    }
    score::sum_up(user, fold, id, false);
}

/// A day is hard closed: what it gave to scores without an end is a part of their sums from now on.
pub(super) fn hard_closed(user: &mut User, day: Day) {
    for held in user.enrolments.values_mut() {
        let keeps = held.definition.is_endless && held.last_day.is_none();
        let Some((score, achieved_at_ms)) = keeps.then(|| held.days.remove(&day)).flatten() else {
            continue;
        };
        let before = held.past.map_or(0, |past| past.score);
        held.past = Some(Past {
            through: day,
            score: before.saturating_add(score),
            achieved_at_ms,
        });
    }
}

impl Enrolment {
    /// The first day whose minutes are told apart: those before it are a sum, or do not count any more.
    #[must_use]
    pub fn first_day(&self) -> Day {
        let rolled = self
            .last_day
            .and_then(|last| self.definition.rolls_from(last));
        let past = self.past.map(|past| past.through.next());
        rolled.or(past).unwrap_or(Day(i32::MIN))
    }

    /// What its days come to, and the last minute that gave anything.
    pub(super) fn sum_of_days(&self) -> (i64, Option<i64>) {
        let past = self.past.map_or(0, |past| past.score);
        let last_day = self.last_day.unwrap_or(Day(i32::MAX));
        let days = self.days.range(self.first_day()..=last_day);
        let (mut sum, mut last) = (past, self.past.map(|past| past.achieved_at_ms));
        for (_, (score, at_ms)) in days {
            sum = sum.saturating_add(*score);
            last = Some(*at_ms);
        }
        (sum, last)
    }
}
