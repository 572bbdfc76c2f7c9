//! `/v1/users/{user}/explain/...`: why a day, goal, streak, score or tokens are what they are, for a support desk and for the
//! user itself (docs/explain.md).

use streakline_core::{
    event::Transfer,
    id::{GoalId, UserId},
    user::explain::Question,
};

use super::{
    Api, answer, ask::Search, fault::Wrong, fields::challenge_name, page::Page, problem::Answer,
    query::Query,
};
use crate::{
    actors::directory::TrailRow,
    protocol::{
        body::explain::{
            DayExplained, GoalExplained, ScoreExplained, StreakExplained, TokensExplained, Trail,
            TrailItem,
        },
        error_code::{Code, Refusal},
    },
};

/// Explain a civil day: zones, closes, what its totals differ by, which device gave what
#[utoipa::path(get, path = "/v1/users/{user}/explain/day", tag = "explain",
    operation_id = "explain_day",
    params(
        ("day" = String, Query, description = "The date", example = "2016-04-13"),
        ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, description = "Why it is what it is", body = DayExplained),
        (status = 410, description = "`not_kept`: the samples of the day are no longer kept",
            body = crate::protocol::problem::Problem, content_type = "application/problem+json")))]
pub(super) async fn day(Search { ask, mut query }: Search) -> Answer {
    let user = ask.own_user()?;
    let day = needed(&mut query, "day", Query::date);
    let page = query.page(format!("explain/day/{user}"), &ask.api.cursors);
    query.done()?;
    let day = read(day)?;
    let why = ask.api.directory.explain_day(&user, day).await?;
    let trail = trail(&ask.api, &user, Question::Day(day), &page).await?;
    answer::plain(&DayExplained::new(&why, trail))
}

/// Explain a goal in one period: its target and what it was made of, progress, the sample that met it
#[utoipa::path(get, path = "/v1/users/{user}/explain/goal", tag = "explain",
    operation_id = "explain_goal",
    params(
        ("goal" = String, Query, description = "Which goal", example = "steps-7500"),
        ("day" = Option<String>, Query, description = "A day of the period; today by default",
            example = "2016-04-13"),
        ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, description = "Why it stands where it stands", body = GoalExplained)))]
pub(super) async fn goal(Search { ask, mut query }: Search) -> Answer {
    let user = ask.own_user()?;
    let goal = needed(&mut query, "goal", goal_name);
    let day = query.date("day");
    let page = query.page(format!("explain/goal/{user}"), &ask.api.cursors);
    query.done()?;
    let goal = read(goal)?;
    let directory = &ask.api.directory;
    let (day, why) = directory.explain_goal(&user, goal.clone(), day).await?;
    let trail = trail(&ask.api, &user, Question::Goal(goal, day), &page).await?;
    answer::plain(&GoalExplained::new(&why, trail))
}

/// Explain a streak: each period's status with its reason
#[utoipa::path(get, path = "/v1/users/{user}/explain/streak", tag = "explain",
    operation_id = "explain_streak",
    params(
        ("goal" = String, Query, description = "Of which goal", example = "steps-7500"),
        ("from" = Option<String>, Query, description = "First day; 30 days by default"),
        ("to" = Option<String>, Query, description = "Last day; today by default"),
        ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, description = "Why it is as long as it is", body = StreakExplained)))]
pub(super) async fn streak(Search { ask, mut query }: Search) -> Answer {
    let user = ask.own_user()?;
    let goal = needed(&mut query, "goal", goal_name);
    let span = (query.date("from"), query.date("to"));
    let page = query.page(format!("explain/streak/{user}"), &ask.api.cursors);
    query.done()?;
    let goal = read(goal)?;
    let directory = &ask.api.directory;
    let ((from, to), why) = directory.explain_streak(&user, goal.clone(), span).await?;
    let trail = trail(&ask.api, &user, Question::Streak(goal, from, to), &page).await?;
    answer::plain(&StreakExplained::new(&why, trail))
}

/// Explain a score: the minutes of a challenge that count, day by day, and what was left out
#[utoipa::path(get, path = "/v1/users/{user}/explain/score", tag = "explain",
    operation_id = "explain_score",
    params(
        ("challenge" = String, Query, description = "In which challenge",
            example = "01960000-0000-7000-8000-000000000001"),
        ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, description = "Why it is what it is", body = ScoreExplained)))]
pub(super) async fn score(Search { ask, mut query }: Search) -> Answer {
    let user = ask.own_user()?;
    let challenge = needed(&mut query, "challenge", |query, name| {
        query.read(name, challenge_name)
    });
    let page = query.page(format!("explain/score/{user}"), &ask.api.cursors);
    query.done()?;
    let challenge = read(challenge)?;
    let why = ask.api.directory.explain_score(&user, challenge).await?;
    let trail = trail(&ask.api, &user, Question::Score(challenge), &page).await?;
    answer::plain(&ScoreExplained::new(&why, trail))
}

/// Explain the tokens of a day, or one transfer: rule, minutes that pay, increments, evidence
#[utoipa::path(get, path = "/v1/users/{user}/explain/token", tag = "explain",
    operation_id = "explain_token",
    params(
        ("day" = Option<String>, Query, description = "The date; this or `transfer`",
            example = "2016-04-13"),
        ("transfer" = Option<String>, Query, description = "Id of a transfer; this or `day`",
            example = "8f0c3a5e2b714d0c9a6e1f2d3c4b5a69"),
        ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, description = "Why they are what they are", body = TokensExplained)))]
pub(super) async fn token(Search { ask, mut query }: Search) -> Answer {
    let user = ask.own_user()?;
    let (day, transfer) = (query.date("day"), query.read("transfer", transfer_id));
    let given = [("day", day.is_some()), ("transfer", transfer.is_some())];
    let faulty = given.iter().any(|(name, _)| query.is_faulty(name));
    if !faulty && given.iter().filter(|(_, given)| *given).count() != 1 {
        query.fault(
            "day",
            Wrong::shape("either `day` or `transfer` is required"),
        );
    }
    let page = query.page(format!("explain/token/{user}"), &ask.api.cursors);
    query.done()?;
    let directory = &ask.api.directory;
    let (day, transfers) = match (day, transfer) {
        (Some(day), _) => {
            let of_day = move |transfer: &Transfer| transfer.day == day;
            (day, directory.transfers_where(&user, of_day).await?)
        }
        (None, id) => {
            let is_it = move |transfer: &Transfer| Some(transfer.id) == id;
            let found = directory.transfers_where(&user, is_it).await?;
            let words = "the user has no such transfer";
            let day = found.first().map(|transfer| transfer.day);
            (
                day.ok_or_else(|| Refusal::new(Code::NotFound, words))?,
                found,
            )
        }
    };
    let why = directory.explain_tokens(&user, day).await?;
    let trail = trail(&ask.api, &user, Question::Tokens(day), &page).await?;
    answer::plain(&TokensExplained::new(&why, &transfers, trail))
}

/// A parameter that must be given.
fn needed<T>(
    query: &mut Query,
    name: &str,
    read: impl FnOnce(&mut Query, &str) -> Option<T>,
) -> Option<T> {
    let value = read(query, name);
    if value.is_none() && !query.is_faulty(name) {
        query.fault(name, Wrong::shape("is required"));
    }
    value
}

/// A parameter that was asked for by [`needed`], once the query has no fault.
fn read<T>(value: Option<T>) -> Result<T, Refusal> {
    let words = "a required parameter was not read";
    value.ok_or_else(|| Refusal::new(Code::Internal, words))
}

fn goal_name(query: &mut Query, name: &str) -> Option<GoalId> {
    query.read(name, |text| {
        GoalId::parse(text).map_err(|why| Wrong::new("name", why.to_string()))
    })
}

/// 32 hexadecimal digits, as transfers are named everywhere.
fn transfer_id(text: &str) -> Result<[u8; 16], Wrong> {
    let wrong = || Wrong::new("name", "must be 32 hexadecimal digits in lower case");
    let digits = text
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let number = u128::from_str_radix(text, 16).ok();
    let number = number.filter(|_| digits && text.len() == 32);
    number.map(u128::to_be_bytes).ok_or_else(wrong)
}

/// A page of what was told and changed.
async fn trail(
    api: &Api,
    user: &UserId,
    question: Question,
    page: &Page,
) -> Result<Trail, Refusal> {
    let after = page.after.as_deref().and_then(|key| {
        let (facts, changes) = key.split_once('-')?;
        Some((facts.parse().ok()?, changes.parse().ok()?))
    });
    let asked = (after.unwrap_or((0, 0)), page.limit);
    let found = api.directory.trail(user, question, asked).await?;
    let key = found
        .next
        .map(|(facts, changes)| format!("{facts}-{changes}"));
    let item = |row: &TrailRow| match row {
        TrailRow::Fact(fact) => TrailItem::from(&**fact),
        TrailRow::Change(change) => TrailItem::from(&**change),
    };
    Ok(Trail {
        items: found.rows.iter().map(item).collect(),
        next: api.cursors.next(page, key)?,
    })
}
