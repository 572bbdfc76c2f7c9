//! `/v1/users/{user}/pause`: illness or travel stops every streak of a user, for a while.

use actix_web::web::Payload;
use serde_json::Value;
use streakline_core::civil::Day;
use utoipa::ToSchema;

use super::{
    answer,
    ask::Ask,
    body, etag,
    fault::Faults,
    fields::{Fields, date},
    problem::Answer,
};
use crate::protocol::{
    body::Pause,
    error_code::{Code, Refusal},
};

/// Members of the answer that a PUT may send back; they change nothing.
const READ_ONLY: &[&str] = &["running"];

/// A pause to be planned: 3 to 90 days, at most 120 in 365.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the body, which is read member by member"
)]
struct PauseBody {
    /// First day; absent: tomorrow. Today at most twice in 90 days.
    #[schema(format = Date, example = "2016-05-01")]
    from: Option<String>,
    /// Last day.
    #[schema(format = Date, example = "2016-05-14")]
    to: String,
}

/// Read the pause that is planned or running
#[utoipa::path(get, path = "/v1/users/{user}/pause", tag = "streaks",
    operation_id = "read_pause",
    responses((status = 200, description = "The pause", body = Pause)))]
pub(super) async fn read(ask: Ask) -> Answer {
    let user = ask.own_user()?;
    let view = ask.api.directory.pause(&user).await?;
    answer::one(&ask.request, Some(view.version), &Pause::from(&view))
}

/// Plan a pause, or another instead of one that has not begun
#[utoipa::path(put, path = "/v1/users/{user}/pause", tag = "streaks",
    operation_id = "write_pause",
    request_body(content = inline(PauseBody)),
    responses(
        (status = 200, description = "The pause as changed", body = Pause),
        (status = 201, description = "The pause as made", body = Pause),
    ))]
pub(super) async fn write(ask: Ask, payload: Payload) -> Answer {
    let user = ask.own_user()?;
    let body = body::read(&ask.request, payload).await?;
    let days = parse(&body.json)?;
    let precondition = etag::precondition(ask.request.headers())?;
    let directory = &ask.api.directory;
    let written = directory
        .put_pause(&user, days, precondition, ask.caller())
        .await?;
    let version = Some(written.value.version);
    answer::written(written.created, version, &Pause::from(&written.value))
}

/// End the pause with today, or cancel it before it has begun
#[utoipa::path(delete, path = "/v1/users/{user}/pause", tag = "streaks",
    operation_id = "end_pause",
    responses((status = 204, description = "Ended")))]
pub(super) async fn end(ask: Ask) -> Answer {
    let user = ask.own_user()?;
    ask.api.directory.end_pause(&user, ask.caller()).await?;
    answer::gone()
}

pub(super) fn parse(body: &Value) -> Result<(Option<Day>, Day), Refusal> {
    let faults = Faults::default();
    let mut top = Fields::of(body, &faults);
    let from = top.nullable("from", date).flatten();
    let to = top.required("to", date);
    top.done(READ_ONLY);
    faults.none()?;
    let to = to.ok_or_else(|| Refusal::new(Code::Internal, "a required member was not read"))?;
    Ok((from, to))
}
