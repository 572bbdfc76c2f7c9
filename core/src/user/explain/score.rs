//! Why a score in a challenge is what it is, day by day (domain.md 5.1, 5.2).

use alloc::vec::Vec;

use crate::{
    civil::Day,
    day::Amount,
    id::{ChallengeId, Position},
    user::{
        Enrolment, EnrolmentState, User,
        counting::{amount, counted_span, counts_day},
        standing::Past,
    },
};

/// Why eligible amounts of a day do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOut {
    /// The cap of a day was reached.
    Cap,
    /// Minutes before the joining, or outside of the window of this user.
    Outside,
    /// They came after the day was hard-closed.
    Late,
    /// They came after the cut-off, or after the user had left.
    Frozen,
    /// Minutes without the evidence that the challenge asks for.
    Evidence,
}

/// One day of a score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoreDay {
    /// Which.
    pub day: Day,
    /// Total of all methods, store units.
    pub display: i64,
    /// Eligible amount; with typed-in samples where the challenge counts them.
    pub eligible: i64,
    /// What counts of it.
    pub scored: i64,
    /// Start of the minute in which it reached that, POSIX ms.
    pub achieved_at_ms: Option<i64>,
    /// Why the rest does not count.
    pub left_out: Vec<LeftOut>,
}

/// Why a score is what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoreWhy {
    /// In which challenge.
    pub challenge: ChallengeId,
    /// The enrolment.
    pub enrolment: Enrolment,
    /// The user's own window: first minute and the first after it, POSIX ms.
    pub window_ms: (i64, i64),
    /// The minutes of it that count, POSIX ms: from the joining, at most 1,440n + 120 of them.
    pub counted_ms: (i64, i64),
    /// What days before these came to, of a window without an end.
    pub before: Option<Past>,
    /// By day, rising.
    pub days: Vec<ScoreDay>,
    /// The input that changed the score last.
    pub version: Position,
}

impl User {
    /// Why the score in a challenge is what it is; `None`: the user never joined it.
    #[must_use]
    pub fn score_why(&self, challenge: ChallengeId) -> Option<ScoreWhy> {
        let held = self.enrolments.get(&challenge)?;
        let of = &held.definition;
        let counted_ms = counted_span(self, held);
        // Of a clock that all share the dates are not the user's: its days may begin two before and end two behind.
        let first = of.starts.plus(-2).max(held.first_day());
        let near = first..=of.ends.plus(2).max(first);
        let known = self.days.range(near).map(|(day, _)| *day);
        let days = known.filter(|day| counts_day(self, held, *day) || held.days.contains_key(day));
        let days = days.map(|day| self.score_day(held, counted_ms, day));
        let calendar = self.calendar();
        let ends_ms = if of.clock.is_shared() {
            of.ends_at_ms()
        } else {
            calendar.end_ms(of.ends)
        };
        Some(ScoreWhy {
            challenge,
            window_ms: (of.starts_for(calendar), ends_ms),
            counted_ms,
            before: held.past,
            days: days.collect(),
            version: held.version,
            enrolment: Enrolment::clone(held),
        })
    }

    fn score_day(&self, held: &Enrolment, (from_ms, to_ms): (i64, i64), day: Day) -> ScoreDay {
        let state = self.days.get(&day);
        let of = &held.definition;
        let amount = state.map(|state| Amount {
            eligible: amount(self, of, state),
            ..state.amount(of.metric)
        });
        let amount = amount.unwrap_or_default();
        let found = held.days.get(&day);
        let scored = found.map_or(0, |(scored, _)| *scored);
        let calendar = self.calendar();
        let whole = calendar.start_ms(day) >= from_ms && calendar.end_ms(day) <= to_ms;
        let reasons = [
            (held.reaches_cap(day), LeftOut::Cap),
            (!whole, LeftOut::Outside),
            (day <= self.hard_closed, LeftOut::Late),
            (held.state != EnrolmentState::Active, LeftOut::Frozen),
            (of.evidence.is_proof(), LeftOut::Evidence),
        ];
        let left =
            |(holds, why): (bool, LeftOut)| (holds && scored < amount.eligible).then_some(why);
        ScoreDay {
            day,
            display: amount.display,
            eligible: amount.eligible,
            scored,
            achieved_at_ms: found.map(|(_, at_ms)| *at_ms),
            left_out: reasons.into_iter().filter_map(left).collect(),
        }
    }
}
