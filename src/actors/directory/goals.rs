//! The doors to a user's goals and rest days.

use streakline_core::{
    civil::Day,
    id::{GoalId, UserId},
    input::UserInput,
    streak::Definition,
    user::{
        User,
        goals::admit::{self, GoalRefusal},
    },
    view::GoalView,
};
use tokio::sync::oneshot;

use super::{Directory, Outcome, check, fault, unknown_user};
use crate::{
    actors::message::{Caller, Precondition, PutGoal, Written},
    protocol::error_code::{Code, Refusal},
};

impl Directory {
    /// Every goal of a user, deleted ones too.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn goals(&self, user: &UserId) -> Outcome<Vec<GoalView>> {
        self.read(user, |user, now_ms| Ok(user.goal_views(now_ms)))
            .await
    }

    /// Sets what a goal asks for from a day on.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` for a day in the past or another period, `Limit`, or the precondition's.
    pub async fn put_goal(
        &self,
        user: &UserId,
        put: PutGoal,
        pre: Precondition,
        caller: Caller,
    ) -> Outcome<Written<GoalView>> {
        let id = put.goal.clone();
        let amounts = self.shared.settings.milestones;
        let admit = move |user: &User, now_ms: i64| {
            if user.created.is_none() {
                return Err(unknown_user());
            }
            check(pre, user.goals.get(&put.goal).map(|goal| goal.version))?;
            let input = admit::goal(user, &put.goal, &put.wish, now_ms).map_err(refused)?;
            let held = user.streak_definition(&put.goal);
            let wanted = put.streak.unwrap_or(held);
            let wanted = Definition { amounts, ..wanted };
            // What milestones pay is journaled with the goal, so that no replay asks the settings (ADR 0022).
            let changed = (wanted != held).then_some(wanted);
            Ok(Some(input.with_streak(changed)))
        };
        let view = move |user: &User, now_ms: i64| {
            let goals = user.goal_views(now_ms);
            let value = goals.into_iter().find(|goal| goal.goal == id);
            let value = value.ok_or_else(|| Refusal::new(Code::NotFound, "no such goal"))?;
            let created = value.version == 1;
            Ok(Written { value, created })
        };
        self.write(user, caller, admit, view).await
    }

    /// Ends a goal with today.
    ///
    /// # Errors
    /// `NotFound`, also for one that is deleted already.
    pub async fn delete_goal(&self, user: &UserId, goal: GoalId, caller: Caller) -> Outcome<()> {
        let admit = move |user: &User, _: i64| {
            let open = user.goals.get(&goal).filter(|goal| goal.until().is_none());
            match open {
                Some(_) => Ok(Some(UserInput::DeleteGoal(goal))),
                None => Err(Refusal::new(Code::NotFound, "there is no such goal")),
            }
        };
        self.write(user, caller, admit, |_, _| Ok(())).await
    }

    /// The rest days of a user.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn rest_days(&self, user: &UserId) -> Outcome<Vec<Day>> {
        self.read(user, |user, _| Ok(user.rest_days.iter().copied().collect()))
            .await
    }

    /// Chooses a rest day.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` for a day that has begun, `Limit`.
    pub async fn put_rest_day(
        &self,
        user: &UserId,
        day: Day,
        caller: Caller,
    ) -> Outcome<Written<Day>> {
        let (reply, new) = oneshot::channel();
        let admit = move |user: &User, now_ms: i64| {
            if user.created.is_none() {
                return Err(unknown_user());
            }
            let input = admit::rest_day(user, day, now_ms).map_err(refused)?;
            let _ = reply.send(input.is_some());
            Ok(input)
        };
        self.write(user, caller, admit, |_, _| Ok(())).await?;
        let created = new.await.unwrap_or(false);
        let value = day;
        Ok(Written { value, created })
    }

    /// Takes a rest day back.
    ///
    /// # Errors
    /// `NotFound`, also for a day that is none; `Invalid` for one that has begun.
    pub async fn delete_rest_day(&self, user: &UserId, day: Day, caller: Caller) -> Outcome<()> {
        let admit = move |user: &User, now_ms: i64| {
            let input = admit::work_day(user, day, now_ms).map_err(refused)?;
            match input {
                Some(input) => Ok(Some(input)),
                None => Err(Refusal::new(Code::NotFound, "it is no rest day")),
            }
        };
        self.write(user, caller, admit, |_, _| Ok(())).await
    }
}

fn refused(refusal: GoalRefusal) -> Refusal {
    let detail = refusal.to_string();
    match refusal {
        GoalRefusal::Past(..) => fault("/from", "past", detail),
        GoalRefusal::Fixed(member) => fault(&format!("/{member}"), "fixed", detail),
        GoalRefusal::Day(..) => fault("/path/date", "range", detail),
        GoalRefusal::Limit(_) => Refusal::new(Code::Limit, detail),
    }
}
