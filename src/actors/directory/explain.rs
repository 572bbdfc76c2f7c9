//! The doors to explanations: why a day, goal, streak, score or tokens are what they are.

use std::{collections::BTreeSet, sync::Arc};

use streakline_core::{
    change::Change,
    civil::Day,
    event::{Fact, Transfer},
    id::{ChallengeId, GoalId, UserId},
    limits,
    metric::Metric,
    retention::Detail,
    user::{
        User,
        explain::{
            DayWhy, Evidence, GoalWhy, Hour, Minute, Question, RecordWhy, ScoreWhy, StreakWhy,
            TokenWhy,
        },
        fold::Loaded,
    },
};
use tokio::sync::oneshot;

use super::{Directory, Outcome, answered, fault, unknown_user};
use crate::{
    actors::{
        host::send_user,
        user::{Found, Inquiry, TrailPage, UserCommand},
    },
    protocol::error_code::{Code, Refusal},
};

/// A page of what was told and changed, in order of time.
pub struct TrailRows {
    /// Facts and changes.
    pub rows: Vec<TrailRow>,
    /// Where the next page goes on.
    pub next: Option<(u64, u64)>,
}

/// A fact, or a change.
pub enum TrailRow {
    /// What was told.
    Fact(Arc<Fact>),
    /// What was changed.
    Change(Box<Change>),
}

impl TrailRow {
    fn at_ms(&self) -> i64 {
        match self {
            Self::Fact(fact) => fact.at_ms,
            Self::Change(change) => change.at_ms,
        }
    }
}

impl From<Found> for TrailRows {
    fn from(found: Found) -> Self {
        let changes = found
            .changes
            .into_iter()
            .map(Box::new)
            .map(TrailRow::Change);
        let facts = found.facts.into_iter().map(TrailRow::Fact);
        let mut rows: Vec<TrailRow> = changes.chain(facts).collect();
        // What was changed comes before what was told of it.
        rows.sort_by_key(TrailRow::at_ms);
        Self {
            rows,
            next: found.next,
        }
    }
}

fn no_goal() -> Refusal {
    Refusal::new(Code::NotFound, "no such goal")
}

/// That so much of a day is still kept (ADR 0034).
fn kept(user: &User, (day, least): (Day, Detail)) -> Outcome<()> {
    if user.detail(day, user.now_ms) >= least {
        return Ok(());
    }
    let what = match least {
        Detail::Records => "samples",
        Detail::Minutes | Detail::Totals => "minutes",
    };
    let words = format!("the {what} of {} are no longer kept", day.iso());
    Err(Refusal::new(Code::NotKept, words))
}

/// A date that the user's calendar reaches: nothing is known of what is yet to come.
fn known(user: &User, (pointer, day): (&str, Option<Day>), now_ms: i64) -> Outcome<Day> {
    let today = user.day_of(now_ms);
    let day = day.unwrap_or(today);
    if day > today {
        let detail = format!("{} is after the user's today, {}", day.iso(), today.iso());
        return Err(fault(pointer, "range", detail));
    }
    Ok(day)
}

impl Directory {
    /// Asks the state and the stored records of some days.
    pub(super) async fn inquire<T: Send + 'static>(
        &self,
        user: &UserId,
        need: impl FnOnce(&User) -> BTreeSet<Day> + Send + 'static,
        answer: impl FnOnce(&User, &Loaded, i64) -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        let (reply, told) = oneshot::channel();
        let tell = move |state: Outcome<(&User, &Loaded, i64)>| {
            let outcome = state.and_then(|(user, loaded, now_ms)| {
                if user.created.is_none() {
                    return Err(unknown_user());
                }
                answer(user, loaded, now_ms)
            });
            let _ = reply.send(outcome);
        };
        let inquiry = Inquiry::Records {
            need: Box::new(need),
            answer: Box::new(tell),
        };
        send_user(&self.shared, user.clone(), UserCommand::Inquire(inquiry))?;
        answered(&self.shared, told).await
    }

    /// Asks the evidence of one day of which so much must be kept.
    async fn of_day<T: Send + 'static>(
        &self,
        user: &UserId,
        (day, least): (Day, Detail),
        answer: impl FnOnce(&Evidence<'_>, i64) -> T + Send + 'static,
    ) -> Outcome<T> {
        let need = move |user: &User| Question::Day(day).need(user);
        self.inquire(user, need, move |user, loaded, now_ms| {
            kept(user, (day, least))?;
            Ok(answer(&Evidence::new(user, loaded), now_ms))
        })
        .await
    }

    /// Why a day is what it is; today where none is asked for.
    ///
    /// # Errors
    /// `NotFound`, `NotKept`.
    pub async fn explain_day(&self, user: &UserId, day: Day) -> Outcome<DayWhy> {
        let asked = (day, Detail::Records);
        self.of_day(user, asked, move |evidence, now_ms| {
            evidence.day(day, now_ms)
        })
        .await
    }

    /// Stored copies that reach into a day, and what became of each.
    ///
    /// # Errors
    /// `NotFound`, `NotKept`.
    pub async fn day_records(
        &self,
        user: &UserId,
        day: Day,
        metric: Option<Metric>,
    ) -> Outcome<Vec<RecordWhy>> {
        let asked = (day, Detail::Records);
        self.of_day(user, asked, move |evidence, _| {
            evidence.records(day, metric)
        })
        .await
    }

    /// The minutes of a day, each with the device that is believed.
    ///
    /// # Errors
    /// `NotFound`, `NotKept`.
    pub async fn minutes(&self, user: &UserId, day: Day, metric: Metric) -> Outcome<Vec<Minute>> {
        let asked = (day, Detail::Minutes);
        self.of_day(user, asked, move |evidence, _| {
            evidence.minutes(day, metric)
        })
        .await
    }

    /// The hours of a day.
    ///
    /// # Errors
    /// `NotFound`, `NotKept`.
    pub async fn hours(&self, user: &UserId, day: Day, metric: Metric) -> Outcome<Vec<Hour>> {
        let asked = (day, Detail::Minutes);
        self.of_day(user, asked, move |evidence, _| evidence.hours(day, metric))
            .await
    }

    /// Why a goal stands where it stands in the period of a day, today where none is asked for; with that day.
    ///
    /// # Errors
    /// `NotFound` for an unknown goal.
    pub async fn explain_goal(
        &self,
        user: &UserId,
        goal: GoalId,
        day: Option<Day>,
    ) -> Outcome<(Day, GoalWhy)> {
        let today = self
            .read(user, |user, now_ms| Ok(user.day_of(now_ms)))
            .await?;
        let day = day.unwrap_or(today);
        let asked = Question::Goal(goal.clone(), day);
        let need = move |user: &User| asked.need(user);
        self.inquire(user, need, move |user, loaded, now_ms| {
            let why = Evidence::new(user, loaded).goal(&goal, day, now_ms);
            why.map(|why| (day, why)).ok_or_else(no_goal)
        })
        .await
    }

    /// Why a streak is as long as it is, by default over the last 30 days; with the days.
    ///
    /// # Errors
    /// `NotFound` for an unknown goal, `Invalid` for days that are to come or too many.
    pub async fn explain_streak(
        &self,
        user: &UserId,
        goal: GoalId,
        (from, to): (Option<Day>, Option<Day>),
    ) -> Outcome<((Day, Day), StreakWhy)> {
        self.read(user, move |user, now_ms| {
            let to = known(user, ("/query/to", to), now_ms)?;
            let from = from.unwrap_or(to.plus(-29));
            if from > to {
                let detail = format!("{} is before {}", to.iso(), from.iso());
                return Err(fault("/query/to", "before_start", detail));
            }
            if to.since(from) >= limits::DAYS_PER_ANSWER_MAX {
                let detail = "at most 400 days at a time".to_owned();
                return Err(fault("/query/to", "range", detail));
            }
            let why = user.streak_why(&goal, (from, to), now_ms);
            why.map(|why| ((from, to), why)).ok_or_else(no_goal)
        })
        .await
    }

    /// Why the score in a challenge is what it is.
    ///
    /// # Errors
    /// `NotEnrolled` where the user never joined it.
    pub async fn explain_score(&self, user: &UserId, challenge: ChallengeId) -> Outcome<ScoreWhy> {
        self.read(user, move |user, _| {
            let words = "the user never joined this challenge, or joined it too long ago";
            let why = user.score_why(challenge);
            why.ok_or_else(|| Refusal::new(Code::NotEnrolled, words))
        })
        .await
    }

    /// Why a day has its tokens.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn explain_tokens(&self, user: &UserId, day: Day) -> Outcome<TokenWhy> {
        self.read(user, move |user, now_ms| Ok(user.token_why(day, now_ms)))
            .await
    }

    /// Transfers that `wanted` picks, oldest first, at most [`limits::PAGE_ROWS_MAX`].
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn transfers_where(
        &self,
        user: &UserId,
        wanted: impl Fn(&Transfer) -> bool,
    ) -> Outcome<Vec<Transfer>> {
        let (mut found, mut after) = (Vec::new(), 0);
        loop {
            let (page, more) = self.ledger(user, after, limits::TRAIL_ROWS_MAX).await?;
            after = page.last().map_or(after, |transfer| transfer.event_seq);
            found.extend(page.into_iter().filter(|transfer| wanted(transfer)));
            if !more || found.len() >= limits::PAGE_ROWS_MAX as usize {
                return Ok(found);
            }
        }
    }

    /// A page of what was told of a question and who changed what.
    ///
    /// # Errors
    /// `StoreUnavailable` where a row cannot be read.
    pub async fn trail(
        &self,
        user: &UserId,
        question: Question,
        (after, limit): ((u64, u64), usize),
    ) -> Outcome<TrailRows> {
        let (reply, told) = oneshot::channel();
        let inquiry = Inquiry::Trail {
            question,
            page: TrailPage { after, limit },
            reply,
        };
        send_user(&self.shared, user.clone(), UserCommand::Inquire(inquiry))?;
        answered(&self.shared, told).await.map(TrailRows::from)
    }
}
