//! `/v1/challenges`: drafts, and their way to being published or cancelled.

use actix_web::web::Payload;
use serde_json::Value;
use streakline_core::{
    id::ChallengeId, limits::TITLE_CHARS_MAX, view::ChallengePhase, view::ChallengeView,
};
use utoipa::ToSchema;

use super::{
    answer,
    ask::{Ask, Search},
    body,
    challenge_body::{self, ChallengeBody, Known, READ_ONLY},
    etag,
    fault::{Faults, Wrong},
    fields::{Fields, line},
    idempotency::Once,
    problem::Answer,
};
use crate::{
    actors::{directory::Ending, message::Idempotent},
    protocol::{
        body::{Challenge, Page},
        error_code::Refusal,
    },
    storage::IdempotencyRecord,
};

/// Why a challenge is cancelled or annulled.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
struct CancelBody {
    /// 1 to 200 characters; its participants are told.
    #[schema(example = "The sponsor withdrew", min_length = 1, max_length = 200)]
    reason: String,
}

/// List challenges, oldest first
#[utoipa::path(get, path = "/v1/challenges", tag = "challenges",
    operation_id = "list_challenges",
    params(
        ("phase" = Option<String>, Query, description = "Only challenges in this phase"),
        ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, description = "A page of challenges", body = Page<Challenge>)))]
pub(super) async fn list(Search { ask, mut query }: Search) -> Answer {
    let phase = query.read("phase", phase);
    let page = query.page("challenges".to_owned(), &ask.api.cursors);
    query.done()?;
    let after = page
        .after
        .as_deref()
        .and_then(|id| ChallengeId::parse(id).ok());
    let (views, more) = ask
        .api
        .directory
        .challenges(after, page.limit, phase)
        .await?;
    let last = views
        .last()
        .filter(|_| more)
        .map(|view| view.challenge.to_string());
    let next = ask.api.cursors.next(&page, last)?;
    answer::list(views.iter().map(Challenge::from).collect(), next)
}

/// Make a draft
#[utoipa::path(post, path = "/v1/challenges", tag = "challenges",
    operation_id = "create_challenge",
    request_body(content = ChallengeBody, example = json!({"title": "April steps", "type": "most",
        "metric": "steps", "window": {"clock": "user_local", "starts": "2016-04-13",
        "ends": "2016-05-11"}})),
    responses((status = 201, description = "The draft", body = Challenge,
        headers(("Location" = String), ("ETag" = String)))))]
pub(super) async fn create(ask: Ask, payload: Payload) -> Answer {
    ask.principal.must_be_admin()?;
    let body = body::read(&ask.request, payload).await?;
    let once = Once::of(&ask, &body)?;
    let definition = challenge_body::parse(&body.json, &[], &known(&ask))?;
    let (directory, caller, stored) = (
        ask.api.directory.clone(),
        ask.caller(),
        idempotent(&once, 201),
    );
    let told = once.clone();
    once.run(ask, async move {
        let view = directory
            .create_challenge(definition, caller, stored)
            .await?;
        record(&told, 201, &view)
    })
    .await
}

/// Read a challenge
#[utoipa::path(get, path = "/v1/challenges/{id}", tag = "challenges",
    operation_id = "read_challenge",
    responses((status = 200, description = "The challenge", body = Challenge)))]
pub(super) async fn read(ask: Ask) -> Answer {
    let view = ask.api.directory.challenge(ask.challenge()?).await?;
    answer::one(&ask.request, Some(view.version), &Challenge::from(&view))
}

/// Change a challenge: a draft in everything, one that is open in what may still change; members that only answers have may be sent
/// back and change nothing
#[utoipa::path(put, path = "/v1/challenges/{id}", tag = "challenges",
    operation_id = "replace_challenge",
    request_body(content = ChallengeBody),
    responses(
        (status = 200, description = "The challenge as changed", body = Challenge),
        (status = 409, description = "`phase`: what the errors point to is fixed by now",
            body = crate::protocol::problem::Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn replace(ask: Ask, payload: Payload) -> Answer {
    ask.principal.must_be_admin()?;
    let id = ask.challenge()?;
    let body = body::read(&ask.request, payload).await?;
    let definition = challenge_body::parse(&body.json, READ_ONLY, &known(&ask))?;
    let precondition = etag::precondition(ask.request.headers())?;
    let directory = &ask.api.directory;
    let view = directory
        .replace_challenge(id, definition, precondition, ask.caller())
        .await?;
    answer::written(false, Some(view.version), &Challenge::from(&view))
}

/// Delete a draft
#[utoipa::path(delete, path = "/v1/challenges/{id}", tag = "challenges",
    operation_id = "delete_challenge",
    responses(
        (status = 204, description = "Deleted"),
        (status = 409, description = "`phase`: it is no draft any more",
            body = crate::protocol::problem::Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn remove(ask: Ask) -> Answer {
    ask.principal.must_be_admin()?;
    ask.api
        .directory
        .delete_challenge(ask.challenge()?, ask.caller())
        .await?;
    answer::gone()
}

/// Publish a draft; repeating it answers the same
#[utoipa::path(post, path = "/v1/challenges/{id}/publish", tag = "challenges",
    operation_id = "publish_challenge",
    responses((status = 200, description = "The challenge", body = Challenge)))]
pub(super) async fn publish(ask: Ask, payload: Payload) -> Answer {
    ask.principal.must_be_admin()?;
    let id = ask.challenge()?;
    let body = body::read_optional(&ask.request, payload).await?;
    let once = Once::of(&ask, &body)?;
    let faults = Faults::default();
    Fields::of(&body.json, &faults).done(&[]);
    faults.none()?;
    let (directory, caller, stored) = (
        ask.api.directory.clone(),
        ask.caller(),
        idempotent(&once, 200),
    );
    let told = once.clone();
    once.run(ask, async move {
        let view = directory.publish(id, caller, stored).await?;
        record(&told, 200, &view)
    })
    .await
}

/// Cancel a challenge; repeating it answers the same
#[utoipa::path(post, path = "/v1/challenges/{id}/cancel", tag = "challenges",
    operation_id = "cancel_challenge",
    request_body(content = inline(CancelBody)),
    responses((status = 200, description = "The challenge", body = Challenge)))]
pub(super) async fn cancel(ask: Ask, payload: Payload) -> Answer {
    end(ask, payload, Ending::Cancel).await
}

/// Annul a settlement: its prizes go back to the campaign; repeating it answers the same
#[utoipa::path(post, path = "/v1/challenges/{id}/void", tag = "challenges",
    operation_id = "void_challenge",
    request_body(content = inline(CancelBody)),
    responses((status = 200, description = "The challenge", body = Challenge)))]
pub(super) async fn void(ask: Ask, payload: Payload) -> Answer {
    end(ask, payload, Ending::Void).await
}

async fn end(ask: Ask, payload: Payload, ending: Ending) -> Answer {
    ask.principal.must_be_admin()?;
    let id = ask.challenge()?;
    let body = body::read(&ask.request, payload).await?;
    let once = Once::of(&ask, &body)?;
    let reason = reason(&body.json)?;
    let (directory, caller, stored) = (
        ask.api.directory.clone(),
        ask.caller(),
        idempotent(&once, 200),
    );
    let told = once.clone();
    once.run(ask, async move {
        let ended = directory.end(id, (ending, reason), caller, stored);
        let view = ended.await?;
        record(&told, 200, &view)
    })
    .await
}

/// What the body of a challenge is judged by besides itself.
pub(super) fn known(ask: &Ask) -> Known<'_> {
    Known {
        zones: &*ask.api.zones,
        manual_policy: ask.api.directory.manual_policy(),
    }
}

/// The admin's words in the body of a cancellation or an annulment.
pub(super) fn reason(body: &Value) -> Result<String, Refusal> {
    let faults = Faults::default();
    let mut top = Fields::of(body, &faults);
    let reason = top.required("reason", line(1..=TITLE_CHARS_MAX));
    top.done(&[]);
    faults.none()?;
    Ok(reason.unwrap_or_default())
}

/// What the actor stores with the effect.
pub(super) fn idempotent(once: &Once, status: u16) -> Idempotent {
    let told = once.clone();
    let answer = move |view: &ChallengeView| {
        // A body of strings and numbers always has a JSON; the stored one and the answered one are made alike.
        record(&told, status, view)
            .unwrap_or_else(|_| told.record(status, None, None, String::new()))
    };
    Idempotent {
        key: once.key.clone(),
        answer: Box::new(answer),
    }
}

pub(super) fn record(
    once: &Once,
    status: u16,
    view: &ChallengeView,
) -> Result<IdempotencyRecord, Refusal> {
    let body = answer::json(&Challenge::from(view))?;
    let location = (status == 201).then(|| format!("/v1/challenges/{}", view.challenge));
    Ok(once.record(status, location, Some(view.version), body))
}

fn phase(text: &str) -> Result<ChallengePhase, Wrong> {
    let words = "must be draft, published, open, finalising, settled, cancelled or voided";
    match text {
        "draft" => Ok(ChallengePhase::Draft),
        "published" => Ok(ChallengePhase::Published),
        "open" => Ok(ChallengePhase::Open),
        "finalising" => Ok(ChallengePhase::Finalising),
        "settled" => Ok(ChallengePhase::Settled),
        "cancelled" => Ok(ChallengePhase::Cancelled),
        "voided" => Ok(ChallengePhase::Voided),
        _ => Err(Wrong::new("unsupported", words)),
    }
}
