//! `/v1/users/{user}/goals`: daily goals, each with its streak.

use actix_web::web::Payload;
use serde_json::Value;
use streakline_core::{id::GoalId, metric::Metric};
use utoipa::ToSchema;

use super::{
    answer,
    ask::{Ask, Search},
    body, etag,
    fault::{Faults, Wrong},
    fields::{Fields, date, integer, text, word},
    problem::Answer,
};
use crate::{
    actors::message::PutGoal,
    protocol::{
        body::{Goal, Page},
        error_code::{Code, Refusal},
    },
    registry,
};

/// Members of the answer that a PUT may send back; they change nothing.
const READ_ONLY: &[&str] = &["goal", "until"];
/// More than any day can hold.
const TARGET_MAX: i64 = 1_000_000_000;

/// A goal to be set.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
struct GoalBody {
    /// A metric whose amounts add up.
    #[schema(example = "steps")]
    metric: String,
    /// Only `day`.
    #[schema(example = "day")]
    period: String,
    /// Only `static`.
    #[schema(example = "static")]
    kind: String,
    /// In the metric's unit.
    #[schema(example = 7500, minimum = 1, maximum = 1_000_000_000)]
    target: i64,
    /// First day of this target. Absent: today while that is an open question, else tomorrow.
    #[schema(format = Date)]
    from: Option<String>,
    /// Instruments of its streak.
    #[schema(inline)]
    streak: Option<StreakBody>,
}

#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
struct StreakBody {
    /// Only 0.
    freezes: Option<u32>,
}

/// List the goals of a user, by name
#[utoipa::path(get, path = "/v1/users/{user}/goals", tag = "goals", operation_id = "list_goals",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page of goals", body = Page<Goal>)))]
pub(super) async fn list(Search { ask, mut query }: Search) -> Answer {
    let user = ask.own_user()?;
    let page = query.page(format!("goals/{user}"), &ask.api.cursors);
    query.done()?;
    let goals = ask.api.directory.goals(&user).await?;
    let (goals, last) = page.cut(goals, |view| view.goal.to_string());
    let next = ask.api.cursors.next(&page, last)?;
    answer::list(goals.iter().map(Goal::from).collect(), next)
}

/// Read a goal
#[utoipa::path(get, path = "/v1/users/{user}/goals/{goal}", tag = "goals",
    operation_id = "read_goal",
    responses((status = 200, description = "The goal", body = Goal)))]
pub(super) async fn read(ask: Ask) -> Answer {
    let (user, goal) = (ask.own_user()?, ask.goal()?);
    let goals = ask.api.directory.goals(&user).await?;
    let view = goals.into_iter().find(|view| view.goal == goal);
    let view = view.ok_or_else(|| Refusal::new(Code::NotFound, "no such goal"))?;
    answer::one(&ask.request, Some(view.version), &Goal::from(&view))
}

/// Set a goal; the answer shows from which day it holds
#[utoipa::path(put, path = "/v1/users/{user}/goals/{goal}", tag = "goals",
    operation_id = "write_goal",
    request_body(content = inline(GoalBody), example = json!({"metric": "steps", "period": "day",
        "kind": "static", "target": 7500, "from": "2016-04-13", "streak": {"freezes": 0}})),
    responses(
        (status = 200, description = "The goal as changed", body = Goal),
        (status = 201, description = "The goal as made", body = Goal),
    ))]
pub(super) async fn write(ask: Ask, payload: Payload) -> Answer {
    let (user, goal) = (ask.own_user()?, ask.goal()?);
    let body = body::read(&ask.request, payload).await?;
    let put = parse(goal, &body.json)?;
    let precondition = etag::precondition(ask.request.headers())?;
    let directory = &ask.api.directory;
    let written = directory
        .put_goal(&user, put, precondition, ask.caller())
        .await?;
    answer::written(
        written.created,
        Some(written.value.version),
        &Goal::from(&written.value),
    )
}

/// Delete a goal; its history stays
#[utoipa::path(delete, path = "/v1/users/{user}/goals/{goal}", tag = "goals",
    operation_id = "delete_goal",
    responses((status = 204, description = "Deleted")))]
pub(super) async fn remove(ask: Ask) -> Answer {
    let (user, goal) = (ask.own_user()?, ask.goal()?);
    ask.api
        .directory
        .delete_goal(&user, goal, ask.caller())
        .await?;
    answer::gone()
}

pub(super) fn parse(goal: GoalId, body: &Value) -> Result<PutGoal, Refusal> {
    let faults = Faults::default();
    let mut top = Fields::of(body, &faults);
    let metric = top.required("metric", metric);
    top.required("period", word(&["day"]));
    top.required("kind", word(&["static"]));
    let target = top.required("target", integer(1..=TARGET_MAX));
    let from = top.nullable("from", date).flatten();
    let mut streak = top.object("streak");
    streak.optional("freezes", integer(0..=0));
    streak.done(&[]);
    top.done(READ_ONLY);
    faults.none()?;
    let (Some(metric), Some(target)) = (metric, target) else {
        return Err(Refusal::new(
            Code::Internal,
            "a required member was not read",
        ));
    };
    Ok(PutGoal {
        goal,
        metric,
        target,
        from,
    })
}

/// A metric by its name.
pub(super) fn metric(value: &Value) -> Result<Metric, Wrong> {
    let words = "must be a metric whose amounts add up, such as steps";
    let name = text(value)?;
    let known = registry::metrics().named(&name);
    let counted = known.filter(|of| of.adds_up());
    counted
        .map(|of| of.metric)
        .ok_or_else(|| Wrong::new("unknown_metric", words))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use streakline_core::civil::Day;

    use super::*;

    fn parsed(body: &Value) -> Result<PutGoal, Refusal> {
        parse(GoalId::parse("steps-7500").unwrap(), body)
    }

    fn body() -> Value {
        json!({"metric": "steps", "period": "day", "kind": "static", "target": 7500,
            "from": "2016-04-13", "streak": {"freezes": 0}})
    }

    #[test]
    fn a_goal_is_read_and_its_answer_can_be_put_back() {
        let put = parsed(&body()).unwrap();
        assert_eq!((put.target, put.from), (7_500, Day::parse("2016-04-13")));
        let mut answer = body();
        answer["goal"] = json!("steps-7500");
        answer["until"] = json!(null);
        assert_eq!(parsed(&answer).unwrap(), put);
    }

    #[test]
    fn a_goal_of_another_metric_is_told_so_by_the_problems_own_code() {
        let mut other = body();
        other["metric"] = json!("sleep");
        let refusal = parsed(&other).unwrap_err();
        assert_eq!(refusal.faults[0].code, "unknown_metric");
        assert_eq!(
            crate::protocol::problem::Problem::of(&refusal, "").code,
            "unknown_metric"
        );
    }

    #[test]
    fn every_fault_of_a_goal_is_found() {
        let bad = json!({"metric": "steps", "period": "week", "kind": "adaptive", "target": 0,
            "from": "13.4.2016", "streak": {"freezes": 2, "repair": true}, "tarket": 1});
        let refusal = parsed(&bad).unwrap_err();
        let pointers: Vec<_> = refusal
            .faults
            .iter()
            .map(|fault| fault.pointer.as_str())
            .collect();
        let wanted = [
            "/period",
            "/kind",
            "/target",
            "/from",
            "/streak/freezes",
            "/streak/repair",
            "/tarket",
        ];
        assert_eq!(pointers, wanted);
    }
}
