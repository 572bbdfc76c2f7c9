//! `/v1/users/{user}/adjustments`: a balance that is set right by hand, with a reason. Admins only.

use actix_web::web::Payload;
use serde_json::Value;
use streakline_core::{
    event,
    input::Adjustment,
    limits::{ADJUSTMENT_MICRO_MAX, TITLE_CHARS_MAX},
};
use utoipa::ToSchema;

use super::{
    answer,
    ask::Ask,
    body,
    fault::{Faults, Wrong},
    fields::{Fields, integer, line},
    idempotency::Once,
    problem::Answer,
};
use crate::{
    actors::message::IdempotentOf,
    protocol::{
        body::Transfer,
        error_code::{Code, Refusal},
    },
};

/// By how much, and why.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
struct AdjustmentBody {
    /// What it changes the balance by, 10^-6 token: below 0 it is taken. At most a million tokens, and not 0.
    #[schema(example = -5_000_000, minimum = -1_000_000_000_000_i64, maximum = 1_000_000_000_000_i64)]
    amount_micro: i64,
    /// 1 to 200 characters; kept with who asked for it.
    #[schema(example = "Paid twice by support", min_length = 1, max_length = 200)]
    reason: String,
}

/// Give tokens to a user or take some, with a reason
#[utoipa::path(post, path = "/v1/users/{user}/adjustments", tag = "ledger",
    operation_id = "adjust_balance",
    request_body(content = inline(AdjustmentBody)),
    responses(
        (status = 201, description = "The transfer", body = Transfer),
        (status = 409, description = "`limit`: less can be taken",
            body = crate::protocol::problem::Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn adjust(ask: Ask, payload: Payload) -> Answer {
    ask.principal.must_be_admin()?;
    let user = ask.user()?;
    let body = body::read(&ask.request, payload).await?;
    let once = Once::of(&ask, &body)?;
    let adjustment = parse(&body.json)?;
    let (directory, caller) = (ask.api.directory.clone(), ask.caller());
    let told = stored(&once);
    once.run(ask, async move {
        directory.adjust(&user, adjustment, caller, told).await
    })
    .await
}

fn stored(once: &Once) -> IdempotentOf<event::Transfer> {
    let told = once.clone();
    IdempotentOf {
        key: once.key.clone(),
        answer: Box::new(move |transfer| {
            // Numbers and names always have a JSON.
            let body = answer::json(&Transfer::from(transfer)).unwrap_or_default();
            told.record(201, None, None, body)
        }),
    }
}

fn amount(value: &Value) -> Result<i64, Wrong> {
    match integer(-ADJUSTMENT_MICRO_MAX..=ADJUSTMENT_MICRO_MAX)(value)? {
        0 => Err(Wrong::range("must not be 0")),
        amount_micro => Ok(amount_micro),
    }
}

pub(super) fn parse(body: &Value) -> Result<Adjustment, Refusal> {
    let faults = Faults::default();
    let mut top = Fields::of(body, &faults);
    let amount_micro = top.required("amount_micro", amount);
    let reason = top.required("reason", line(1..=TITLE_CHARS_MAX));
    top.done(&[]);
    faults.none()?;
    match (amount_micro, reason) {
        (Some(amount_micro), Some(reason)) => Ok(Adjustment {
            amount_micro,
            reason,
        }),
        _ => Err(Refusal::new(
            Code::Internal,
            "a required member was not read",
        )),
    }
}
