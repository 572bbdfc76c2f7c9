//! The doors to what belongs to streaks: freezes, repairs, pauses, verdicts.

use std::sync::{Arc, OnceLock};

use streakline_core::{
    civil::Day,
    id::{GoalId, UserId},
    input::UserInput,
    streak::{PauseRefusal, Stage},
    user::{User, streaks::StreakRefusal},
    view::{PauseView, StreakView, VerdictView},
};

use super::{Directory, Outcome, check, fault, unknown_user};
use crate::{
    actors::message::{Caller, IdempotentOf, Precondition, Written},
    protocol::error_code::{Code, Refusal},
    storage::IdempotencyRecord,
};

fn refused(refusal: StreakRefusal) -> Refusal {
    let code = match refusal {
        StreakRefusal::NoGoal => Code::NotFound,
        StreakRefusal::NotAllowed
        | StreakRefusal::NotMissed
        | StreakRefusal::NotOne
        | StreakRefusal::NotEarned => Code::Phase,
        StreakRefusal::Late => Code::Closed,
        StreakRefusal::Full
        | StreakRefusal::Price(..)
        | StreakRefusal::Repaired
        | StreakRefusal::Verdicts => Code::Limit,
        StreakRefusal::Days => return fault("/days", "range", refusal.to_string()),
    };
    Refusal::new(code, refusal.to_string())
}

fn not_paused(refusal: PauseRefusal) -> Refusal {
    let code = match refusal {
        PauseRefusal::Length => return fault("/to", "range", refusal.to_string()),
        PauseRefusal::Past => return fault("/from", "past", refusal.to_string()),
        PauseRefusal::Running | PauseRefusal::Met | PauseRefusal::TooEarly => Code::Phase,
        PauseRefusal::AtOnce | PauseRefusal::Year => Code::Limit,
        PauseRefusal::None => Code::NotFound,
    };
    Refusal::new(code, refusal.to_string())
}

fn absent(what: &str) -> Refusal {
    Refusal::new(Code::NotFound, format!("there is no such {what}"))
}

impl Directory {
    /// Buys a freeze for a streak.
    ///
    /// # Errors
    /// `NotFound`, `Phase` where the streak has no freezes, `Limit` where no more can be held or paid.
    pub async fn buy_freeze(
        &self,
        user: &UserId,
        goal: GoalId,
        caller: Caller,
        once: IdempotentOf<StreakView>,
    ) -> Outcome<IdempotencyRecord> {
        let of = goal.clone();
        let admit = move |user: &User, _: i64| {
            user.may_buy_freeze(&goal).map_err(refused)?;
            Ok(UserInput::BuyFreeze(goal))
        };
        self.write_once((user, caller), admit, streak_of(of), once)
            .await
    }

    /// Repairs a missed day of a streak.
    ///
    /// # Errors
    /// `NotFound`, `Phase`, `Closed` after its time, `Limit`.
    pub async fn repair(
        &self,
        user: &UserId,
        (goal, day, paid): (GoalId, Day, bool),
        caller: Caller,
        once: IdempotentOf<StreakView>,
    ) -> Outcome<IdempotencyRecord> {
        let of = goal.clone();
        let admit = move |user: &User, now_ms: i64| {
            let may = user.may_repair(&goal, (day, paid), now_ms);
            may.map_err(refused)?;
            Ok(UserInput::Repair { goal, day, paid })
        };
        self.write_once((user, caller), admit, streak_of(of), once)
            .await
    }

    /// The pause that is planned or running.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn pause(&self, user: &UserId) -> Outcome<PauseView> {
        self.read(user, |user, now_ms| {
            user.pause_view(now_ms).ok_or_else(|| absent("pause"))
        })
        .await
    }

    /// Plans a pause; without a first day it begins tomorrow.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`, `Phase`, `Limit`, or the precondition's.
    pub async fn put_pause(
        &self,
        user: &UserId,
        (from, to): (Option<Day>, Day),
        pre: Precondition,
        caller: Caller,
    ) -> Outcome<Written<PauseView>> {
        let existed = Arc::new(OnceLock::new());
        let found = Arc::clone(&existed);
        let admit = move |user: &User, now_ms: i64| {
            if user.created.is_none() {
                return Err(unknown_user());
            }
            let held = user.pause_view(now_ms);
            let _ = found.set(held.is_some());
            check(pre, held.map(|held| held.version))?;
            let from = from.unwrap_or_else(|| user.day_of(now_ms).next());
            if held.is_some_and(|held| (held.from, held.to) == (from, to)) {
                return Ok(None);
            }
            user.may_pause((from, to), now_ms).map_err(not_paused)?;
            Ok(Some(UserInput::Pause { from, to }))
        };
        let view = move |user: &User, now_ms: i64| {
            let value = user.pause_view(now_ms).ok_or_else(|| absent("pause"))?;
            let created = existed.get() == Some(&false);
            Ok(Written { value, created })
        };
        self.write(user, caller, admit, view).await
    }

    /// Ends the pause with today, or cancels it before it has begun.
    ///
    /// # Errors
    /// `NotFound`, `Phase` for one that must go on.
    pub async fn end_pause(&self, user: &UserId, caller: Caller) -> Outcome<()> {
        let admit = move |user: &User, now_ms: i64| {
            let ended = user.pauses.ended(user.day_of(now_ms));
            ended.map_err(not_paused)?;
            Ok(Some(UserInput::EndPause))
        };
        self.write(user, caller, admit, |_, _| Ok(())).await
    }

    /// Every verdict on a user, oldest first.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn verdicts(&self, user: &UserId) -> Outcome<Vec<VerdictView>> {
        self.read(user, |user, _| Ok(user.verdict_views())).await
    }

    /// Confirms fraud for some days.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` for days that are not closed, `Limit`.
    pub async fn give_verdict(
        &self,
        user: &UserId,
        days: Vec<Day>,
        caller: Caller,
        once: IdempotentOf<VerdictView>,
    ) -> Outcome<IdempotencyRecord> {
        let admit = move |user: &User, _: i64| {
            let days = days.into_iter().collect();
            user.may_give_verdict(&days).map_err(refused)?;
            Ok(UserInput::Verdict(days))
        };
        let view = |user: &User, _: i64| {
            let last = user.verdict_views().pop();
            last.ok_or_else(|| absent("verdict"))
        };
        self.write_once((user, caller), admit, view, once).await
    }

    /// An appeal against a verdict, its outcome, or an acquittal.
    ///
    /// # Errors
    /// `NotFound`, `Phase` where it can no longer become that.
    pub async fn decide_verdict(
        &self,
        user: &UserId,
        (verdict, stage): (u32, Stage),
        caller: Caller,
        once: IdempotentOf<VerdictView>,
    ) -> Outcome<IdempotencyRecord> {
        let admit = move |user: &User, _: i64| {
            let held = user.verdicts.get(verdict);
            held.ok_or_else(|| absent("verdict"))?;
            if !user.verdicts.may_advance(verdict, stage) {
                let words = "the verdict cannot become that any more";
                return Err(Refusal::new(Code::Phase, words));
            }
            Ok(UserInput::Decide { verdict, stage })
        };
        let view = move |user: &User, _: i64| {
            let mut all = user.verdict_views().into_iter();
            let held = all.find(|held| held.verdict == verdict);
            held.ok_or_else(|| absent("verdict"))
        };
        self.write_once((user, caller), admit, view, once).await
    }
}

fn streak_of(goal: GoalId) -> impl FnOnce(&User, i64) -> Outcome<StreakView> + Send {
    move |user, now_ms| {
        let view = user.streak_view(&goal, None, now_ms);
        view.ok_or_else(|| absent("goal"))
    }
}
