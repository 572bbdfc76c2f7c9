//! `.../streaks/{goal}/freezes` and `.../repairs`: what is bought for a streak, or earned back.

use actix_web::web::Payload;
use serde_json::Value;
use streakline_core::{civil::Day, view::StreakView};
use utoipa::ToSchema;

use super::{
    answer,
    ask::Ask,
    body,
    fault::Faults,
    fields::{Fields, date, word},
    idempotency::Once,
    problem::Answer,
};
use crate::{
    actors::message::IdempotentOf,
    protocol::{
        body::Streak,
        error_code::{Code, Refusal},
    },
};

/// A day to be repaired.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
struct RepairBody {
    /// The missed day.
    #[schema(format = Date, example = "2016-04-14")]
    day: String,
    /// `earn_back`: both next days reached 120 %; `tokens`: for 500 tokens.
    #[schema(example = "earn_back")]
    by: String,
}

/// Buy a freeze for 200 tokens
#[utoipa::path(post, path = "/v1/users/{user}/streaks/{goal}/freezes", tag = "streaks",
    operation_id = "buy_freeze",
    responses((status = 200, description = "The streak with the freeze", body = Streak)))]
pub(super) async fn buy_freeze(ask: Ask, payload: Payload) -> Answer {
    let (user, goal) = (ask.own_user()?, ask.goal()?);
    let body = body::read_optional(&ask.request, payload).await?;
    let once = Once::of(&ask, &body)?;
    let faults = Faults::default();
    Fields::of(&body.json, &faults).done(&[]);
    faults.none()?;
    let (directory, caller, told) = (ask.api.directory.clone(), ask.caller(), stored(&once));
    once.run(ask, async move {
        directory.buy_freeze(&user, goal, caller, told).await
    })
    .await
}

/// Repair the one missed day that ended a streak
#[utoipa::path(post, path = "/v1/users/{user}/streaks/{goal}/repairs", tag = "streaks",
    operation_id = "repair_streak",
    request_body(content = inline(RepairBody)),
    responses((status = 200, description = "The streak as repaired", body = Streak)))]
pub(super) async fn repair(ask: Ask, payload: Payload) -> Answer {
    let (user, goal) = (ask.own_user()?, ask.goal()?);
    let body = body::read(&ask.request, payload).await?;
    let once = Once::of(&ask, &body)?;
    let (day, paid) = parse(&body.json)?;
    let (directory, caller, told) = (ask.api.directory.clone(), ask.caller(), stored(&once));
    once.run(ask, async move {
        let repair = (goal, day, paid);
        directory.repair(&user, repair, caller, told).await
    })
    .await
}

fn stored(once: &Once) -> IdempotentOf<StreakView> {
    let told = once.clone();
    IdempotentOf {
        key: once.key.clone(),
        answer: Box::new(move |view| {
            // Names, numbers and dates always have a JSON.
            let body = answer::json(&Streak::from(view)).unwrap_or_default();
            told.record(200, None, None, body)
        }),
    }
}

pub(super) fn parse(body: &Value) -> Result<(Day, bool), Refusal> {
    let faults = Faults::default();
    let mut top = Fields::of(body, &faults);
    let day = top.required("day", date);
    let by = top.required("by", word(&["earn_back", "tokens"]));
    top.done(&[]);
    faults.none()?;
    let (Some(day), Some(by)) = (day, by) else {
        return Err(Refusal::new(
            Code::Internal,
            "a required member was not read",
        ));
    };
    Ok((day, by == "tokens"))
}
