//! From the minutes of a user's days to its score in a challenge, and when that was reached (domain.md 5.2, 6.1).
//!
//! Which minutes are counted is `counting`'s.

use alloc::vec::Vec;
use minicbor::{Decode, Encode};

use super::{
    Enrolment, User,
    counting::{self, Taken, counted_span},
    enrolment::EnrolmentState,
    fold::Fold,
    plan, rebuild,
};
use crate::{
    civil::Day,
    event::{Event, Topic},
    id::ChallengeId,
    manual::Total,
};

/// Where a score reached the amount with which one has finished. It is a function of the days, kept because minutes of a day are
/// not always at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Crossing {
    /// In which day.
    #[n(0)]
    pub day: Day,
    /// What the days before it left to be reached, store units.
    #[n(1)]
    pub rest: i64,
    /// The minute, POSIX ms.
    #[n(2)]
    pub at_ms: i64,
}

/// Scores a day whose minutes have changed; `eligible` are those that nearly every challenge counts.
pub(super) fn score_changed(user: &mut User, id: ChallengeId, day: Day, eligible: &[(i32, u32)]) {
    let Some(held) = user.enrolments.get(&id) else {
        return;
    };
    if counting::total(user, &held.definition) == Total::Eligible {
        score_day(user, id, day, eligible);
    } else {
        let own = counting::minutes(user, &held.definition, day);
        score_day(user, id, day, &own);
    }
}

/// A day's part of the score.
pub(super) fn score_day(user: &mut User, id: ChallengeId, day: Day, series: &[(i32, u32)]) {
    let Some(held) = user.enrolments.get(&id) else {
        return;
    };
    let counted = held.taken(day, counted_span(user, held), series);
    let (score, achieved_ms) = walk(&counted, i64::MAX);
    let Some(held) = user.enrolments.get_mut(&id) else {
        return;
    };
    held.share(day, &counted);
    if score == 0 {
        held.days.remove(&day);
    } else {
        held.days.insert(day, (score, achieved_ms));
    }
    // Its minutes are others now, though they may come to the same.
    held.crossing = held.crossing.filter(|crossing| crossing.day != day);
}

/// What minutes come to up to an amount, and in which of them.
fn walk(counted: &[Taken], most: i64) -> (i64, i64) {
    let (mut score, mut achieved_ms) = (0_i64, 0_i64);
    for taken in counted {
        if score >= most {
            break;
        }
        score = score.saturating_add(taken.amount).min(most);
        achieved_ms = taken.at_ms;
    }
    (score, achieved_ms)
}

/// The total, and the minute in which it first reached its final value; sends it on when it is new.
pub(super) fn sum_up(user: &mut User, fold: &mut Fold<'_>, id: ChallengeId, always: bool) {
    let crossing = cross(user, fold, id);
    let Some(held) = user.enrolments.get(&id) else {
        return;
    };
    let begin = counted_span(user, held).0;
    let score = match held.definition.kind.line().filter(|_| crossing.is_some()) {
        Some(line) => line,
        None => held
            .days
            .values()
            .fold(0_i64, |sum, (score, _)| sum.saturating_add(*score)),
    };
    let last = || held.days.values().next_back().map_or(begin, |(_, at)| *at);
    let achieved_at_ms = crossing.map_or_else(last, |crossing| crossing.at_ms);
    let same = (held.score, held.achieved_at_ms) == (score, achieved_at_ms);
    if let Some(held) = user.enrolments.get_mut(&id) {
        held.crossing = crossing;
        if same && !always {
            return;
        }
        (held.score, held.achieved_at_ms, held.version) =
            (score, achieved_at_ms, fold.header.position);
    }
    announce(user, fold, id);
}

/// Tells the challenge what this user's score is now.
pub(super) fn announce(user: &mut User, fold: &mut Fold<'_>, id: ChallengeId) {
    user.unwritten_standings.insert(id);
    fold.changed(Topic::Rank(id));
    if let Some(contribution) = user.contribution(id) {
        fold.emit(Event::Contribution(contribution));
    }
}

/// Where the days reach the amount with which one has finished, if there is one and they do.
fn cross(user: &mut User, fold: &Fold<'_>, id: ChallengeId) -> Option<Crossing> {
    let held = user.enrolments.get(&id)?;
    let (day, rest) = held.crossed()?;
    let known = held.crossing;
    if let Some(known) = known.filter(|known| (known.day, known.rest) == (day, rest)) {
        return Some(known);
    }
    let span = counted_span(user, held);
    let last_ms = held.days.get(&day).map_or(span.0, |(_, at_ms)| *at_ms);
    rebuild::warm(user, fold, day, day);
    let held = user.enrolments.get(&id)?;
    let series = counting::minutes(user, &held.definition, day);
    let (reached, at_ms) = walk(&held.taken(day, span, &series), rest);
    // Of a day whose minutes are no longer kept the last one that counted is known.
    let at_ms = if reached < rest { last_ms } else { at_ms };
    Some(Crossing { day, rest, at_ms })
}

impl Enrolment {
    /// The day in which the sum of the days reaches the amount with which one has finished, and what is left for it.
    fn crossed(&self) -> Option<(Day, i64)> {
        let mut rest = self.definition.kind.line()?;
        for (day, (score, _)) in &self.days {
            if *score >= rest {
                return Some((*day, rest));
            }
            rest = rest.saturating_sub(*score);
        }
        None
    }

    /// By what the board orders it; `begin_ms`: the first minute that counts.
    pub(super) fn key(&self, begin_ms: i64) -> i64 {
        let kind = &self.definition.kind;
        match (kind.line(), self.crossing) {
            (Some(line), Some(crossing)) => kind.finished_key(line, (begin_ms, crossing.at_ms)),
            _ => self.score,
        }
    }
}

/// Days whose minutes must be at hand to say in which of them a score has reached its amount: those that may still change and
/// those behind them, of challenges that ask.
pub(super) fn cold_days(user: &User) -> Vec<(Day, Day)> {
    let mut spans = Vec::new();
    for held in user.enrolments.values() {
        let active = held.state == EnrolmentState::Active;
        if active && held.definition.kind.line().is_some() {
            let (first, last) = counting::days(user, &held.definition, held.joined_ms);
            let first = user.hard_closed.next().max(first);
            spans.extend(plan::cold(user, first, last));
        }
    }
    spans
}
