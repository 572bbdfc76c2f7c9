//! `/v1/users/{user}/verdicts`: fraud that people have confirmed, appeals and acquittals. Admins give and decide; the user may
//! read.

use actix_web::web::Payload;
use serde_json::Value;
use streakline_core::{civil::Day, limits::VERDICT_DAYS_MAX, streak::Stage, view::VerdictView};
use utoipa::ToSchema;

use super::{
    answer,
    ask::{Ask, Search},
    body,
    fault::{Faults, Wrong},
    fields::{Fields, date, word},
    idempotency::Once,
    problem::Answer,
};
use crate::{
    actors::message::IdempotentOf,
    protocol::{
        body::{Page, Verdict},
        error_code::{Code, Refusal},
    },
};

/// Days for which fraud is confirmed.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
struct VerdictBody {
    /// 1 to 31 soft-closed days.
    #[schema(min_items = 1, max_items = 31)]
    days: Vec<String>,
}

/// What becomes of a verdict.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
struct DecisionBody {
    /// `appealed`: an appeal waits for its outcome; `confirmed`: it is final; `acquitted`: it is taken back.
    #[schema(example = "acquitted")]
    decision: String,
}

/// List the verdicts on a user, oldest first
#[utoipa::path(get, path = "/v1/users/{user}/verdicts", tag = "streaks",
    operation_id = "list_verdicts",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page of verdicts", body = Page<Verdict>)))]
pub(super) async fn list(Search { ask, mut query }: Search) -> Answer {
    let user = ask.own_user()?;
    let page = query.page(format!("verdicts/{user}"), &ask.api.cursors);
    query.done()?;
    let verdicts = ask.api.directory.verdicts(&user).await?;
    // Keys compare as texts.
    let (verdicts, last) = page.cut(verdicts, |view| format!("{:03}", view.verdict));
    let next = ask.api.cursors.next(&page, last)?;
    answer::list(verdicts.iter().map(Verdict::from).collect(), next)
}

/// Confirm fraud: the days are missed, and milestones that rest on them are taken back
#[utoipa::path(post, path = "/v1/users/{user}/verdicts", tag = "streaks",
    operation_id = "give_verdict",
    request_body(content = inline(VerdictBody), example = json!({"days": ["2016-04-14"]})),
    responses((status = 201, description = "The verdict", body = Verdict)))]
pub(super) async fn give(ask: Ask, payload: Payload) -> Answer {
    ask.principal.must_be_admin()?;
    let user = ask.user()?;
    let body = body::read(&ask.request, payload).await?;
    let once = Once::of(&ask, &body)?;
    let days = parse(&body.json)?;
    let (directory, caller) = (ask.api.directory.clone(), ask.caller());
    let told = stored(&once, 201);
    once.run(ask, async move {
        directory.give_verdict(&user, days, caller, told).await
    })
    .await
}

/// Say what becomes of a verdict; an acquittal gives back exactly what was taken
#[utoipa::path(post, path = "/v1/users/{user}/verdicts/{verdict}/decision", tag = "streaks",
    operation_id = "decide_verdict",
    request_body(content = inline(DecisionBody)),
    responses((status = 200, description = "The verdict", body = Verdict)))]
pub(super) async fn decide(ask: Ask, payload: Payload) -> Answer {
    ask.principal.must_be_admin()?;
    let user = ask.user()?;
    let body = body::read(&ask.request, payload).await?;
    let once = Once::of(&ask, &body)?;
    let decision = (ask.verdict()?, decision(&body.json)?);
    let (directory, caller) = (ask.api.directory.clone(), ask.caller());
    let told = stored(&once, 200);
    once.run(ask, async move {
        directory
            .decide_verdict(&user, decision, caller, told)
            .await
    })
    .await
}

fn stored(once: &Once, status: u16) -> IdempotentOf<VerdictView> {
    let told = once.clone();
    IdempotentOf {
        key: once.key.clone(),
        answer: Box::new(move |view| {
            // Numbers and dates always have a JSON.
            let body = answer::json(&Verdict::from(view)).unwrap_or_default();
            told.record(status, None, None, body)
        }),
    }
}

fn dates(value: &Value) -> Result<Vec<Day>, Wrong> {
    let items = value.as_array();
    let items = items.ok_or_else(|| Wrong::shape("must be a list of dates"))?;
    if items.is_empty() || items.len() > VERDICT_DAYS_MAX {
        return Err(Wrong::range("must have 1 to 31 dates"));
    }
    items.iter().map(date).collect()
}

pub(super) fn parse(body: &Value) -> Result<Vec<Day>, Refusal> {
    let faults = Faults::default();
    let mut top = Fields::of(body, &faults);
    let days = top.required("days", dates);
    top.done(&[]);
    faults.none()?;
    Ok(days.unwrap_or_default())
}

pub(super) fn decision(body: &Value) -> Result<Stage, Refusal> {
    let faults = Faults::default();
    let mut top = Fields::of(body, &faults);
    let known = word(&["appealed", "confirmed", "acquitted"]);
    let decision = top.required("decision", known);
    top.done(&[]);
    faults.none()?;
    match decision {
        Some("appealed") => Ok(Stage::Appealed),
        Some("confirmed") => Ok(Stage::Final),
        Some("acquitted") => Ok(Stage::Acquitted),
        _ => Err(Refusal::new(
            Code::Internal,
            "a required member was not read",
        )),
    }
}
