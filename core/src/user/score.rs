//! From the minutes of a user's days to its score in a challenge, and when that was reached (domain.md 5.2, 6.1).
//!
//! Which minutes are counted is `counting`'s.

use alloc::{collections::BTreeMap, vec::Vec};
use minicbor::{Decode, Encode};

use super::{
    Enrolment, User,
    counting::{self, Taken, counted_span},
    enrolment::EnrolmentState,
    fold::Fold,
    marks, plan, rebuild,
};
use crate::{
    civil::{Day, MINUTE_MS},
    definition::{
        Definition, Kind,
        kind::{
            duel::{self, Ring},
            survival,
        },
    },
    event::{Event, Topic},
    id::ChallengeId,
    limits,
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
    let of = &held.definition;
    if !of.evidence.is_proof() && counting::total(user, of) == Total::Eligible {
        score_day(user, id, day, eligible);
    } else {
        let own = counting::minutes(user, of, day);
        score_day(user, id, day, &own);
    }
}

/// A day's part of the score.
pub(super) fn score_day(user: &mut User, id: ChallengeId, day: Day, series: &[(i32, u32)]) {
    let Some(held) = user.enrolments.get(&id) else {
        return;
    };
    let span = counted_span(user, held);
    if let Kind::Duel { rings } = &held.definition.kind {
        let cap = held.definition.per_day_cap.unwrap_or(i64::MAX);
        let filled = fill(user, (&held.definition, rings), (day, span), cap);
        return keep(user, id, day, filled);
    }
    let mut given = BTreeMap::new();
    let counted = held.taken(day, span, series).inspect(|taken| {
        if let Some(date) = taken.date {
            let share: &mut i64 = given.entry(date).or_default();
            *share = share.saturating_add(taken.amount);
        }
    });
    let (score, achieved_ms) = walk(counted, i64::MAX);
    let Some(held) = user.enrolments.get_mut(&id) else {
        return;
    };
    held.share(day, given);
    keep(user, id, day, (score, achieved_ms));
}

/// Keeps a day's part of the score.
fn keep(user: &mut User, id: ChallengeId, day: Day, (score, achieved_ms): (i64, i64)) {
    let Some(held) = user.enrolments.get_mut(&id) else {
        return;
    };
    if score == 0 {
        held.days.remove(&day);
    } else {
        held.days.insert(day, (score, achieved_ms));
    }
    // Its minutes are others now, though they may come to the same.
    held.crossing = held.crossing.filter(|crossing| crossing.day != day);
}

/// What minutes come to up to an amount, and in which of them.
fn walk(counted: impl Iterator<Item = Taken>, most: i64) -> (i64, i64) {
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

/// The points that the rings of a duel come to in a day, and in which minute.
fn fill(
    user: &User,
    (of, rings): (&Definition, &[Ring]),
    (day, span): (Day, (i64, i64)),
    most: i64,
) -> (i64, i64) {
    let mut minutes: Vec<(i32, usize, u32)> = Vec::new();
    for (place, ring) in rings.iter().enumerate() {
        let own = counting::believed(user, (of, ring.metric), day);
        minutes.extend(
            own.into_iter()
                .map(|(minute, value)| (minute, place, value)),
        );
    }
    minutes.sort_unstable();
    let mut amounts: Vec<i64> = rings.iter().map(|_| 0).collect();
    let (mut score, mut achieved_ms) = (0_i64, 0_i64);
    for (minute, place, value) in minutes {
        let at_ms = i64::from(minute).saturating_mul(MINUTE_MS);
        if at_ms < span.0 || at_ms >= span.1 {
            continue;
        }
        if let Some(amount) = amounts.get_mut(place) {
            *amount = amount.saturating_add(i64::from(value));
        }
        let points = duel::points(rings, &amounts).min(most);
        if points > score {
            (score, achieved_ms) = (points, at_ms);
        }
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
    let (score, achieved_ms) = held.reached(crossing);
    let achieved_at_ms = achieved_ms.unwrap_or(begin);
    let same = (held.score, held.achieved_at_ms) == (score, achieved_at_ms);
    if let Some(held) = user.enrolments.get_mut(&id) {
        held.crossing = crossing;
        // Days that come to the same sum may still be others.
        let in_rounds = held.definition.eliminates().is_some();
        if same && !always && !in_rounds {
            return;
        }
        (held.score, held.achieved_at_ms, held.version) =
            (score, achieved_at_ms, fold.header.position);
    }
    marks::tell_stages(user, fold, id);
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
    let (reached, at_ms) = walk(held.taken(day, span, &series), rest);
    // Of a day whose minutes are no longer kept the last one that counted is known.
    let at_ms = if reached < rest { last_ms } else { at_ms };
    Some(Crossing { day, rest, at_ms })
}

impl Enrolment {
    /// The score, and the minute in which it first reached that, if it is anything.
    fn reached(&self, crossing: Option<Crossing>) -> (i64, Option<i64>) {
        let of = &self.definition;
        if let Kind::LastStanding { bar } = of.kind {
            return survival::rounds(bar, (of.starts, of.ends), &self.days);
        }
        if let (Some(line), Some(crossing)) = (of.line(), crossing) {
            return (line, Some(crossing.at_ms));
        }
        self.sum_of_days()
    }

    /// What each day of a challenge with rounds came to, from the first on; those behind them nothing.
    pub(super) fn rounds(&self) -> Vec<i64> {
        let of = &self.definition;
        let last = self.days.keys().next_back();
        let last = last.filter(|_| of.eliminates().is_some());
        let days = last.map_or(0, |last| last.since(of.starts).saturating_add(1));
        let days = days.min(limits::ELIMINATION_DAYS_MAX);
        let amount = |day: Day| self.days.get(&day).map_or(0, |(amount, _)| *amount);
        (0..days).map(|at| amount(of.starts.plus(at))).collect()
    }

    /// The day in which the sum of the days reaches the amount with which one has finished, and what is left for it.
    fn crossed(&self) -> Option<(Day, i64)> {
        let mut rest = self.definition.line()?;
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
        match (self.definition.line(), self.crossing) {
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
        if active && held.definition.line().is_some() {
            let (first, last) = counting::days(user, &held.definition, held.joined_ms);
            let first = user.hard_closed.next().max(first);
            spans.extend(plan::cold(user, first, last));
        }
    }
    spans
}
