//! `/v1/users/{user}/goals`: goals, each with its streak. What a PUT may say is in `goal_body`.

use actix_web::web::Payload;

use super::{
    answer,
    ask::{Ask, Search},
    body, etag,
    goal_body::{self, GoalBody},
    problem::Answer,
};
use crate::protocol::{
    body::{Goal, Page},
    error_code::{Code, Refusal},
};

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
    let put = goal_body::parse(goal, &body.json)?;
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
