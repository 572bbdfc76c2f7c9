//! `/v1/users/{user}/export`: everything that is stored of a user, in lines that a person reads and another server takes
//! (docs/export.md).

use actix_web::{HttpResponse, http::header};
use bytes::Bytes;
use futures_util::{Stream, stream};
use streakline_core::limits;

use super::{ask::Ask, problem::Answer};
use crate::{
    actors::directory::Exported,
    clock,
    protocol::{
        error_code::{Code, Refusal},
        export::{Lines, Unreadable},
    },
};

/// Export a user: one JSON object a line, with counts and digests in the last one
#[utoipa::path(get, path = "/v1/users/{user}/export", tag = "users",
    operation_id = "export_user",
    responses((status = 200, description = "Lines of JSON; without a line of type `end` they are not whole",
            body = String, content_type = "application/x-ndjson"),
        (status = 409, description = "`phase`: the user is on hold; `limit`: more is stored than an export takes; `in_progress`: \
            the user is being exported",
            body = crate::protocol::problem::Problem, content_type = "application/problem+json")))]
pub(super) async fn download(ask: Ask) -> Answer {
    let user = ask.own_user()?;
    let Exported { life, slot } = ask.api.directory.export_user(&user, &ask.caller()).await?;
    let lines = Lines::of(life).map_err(|why| {
        tracing::error!(%why, %user, "an export cannot be told");
        Refusal::new(Code::StoreUnavailable, "a row of this user cannot be read")
    })?;
    let file = format!("attachment; filename=\"{user}.streakline.jsonl\"");
    Ok(HttpResponse::Ok()
        .content_type("application/x-ndjson")
        .insert_header((header::CONTENT_DISPOSITION, file))
        .streaming(portions(lines, slot)))
}

/// Why an export ends before its last line; the connection is cut, so that nobody takes it for whole.
#[derive(Debug, thiserror::Error)]
enum Cut {
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error("the client took too long to read it")]
    Late,
}

/// The lines as they are read; `held` is let go after the last.
fn portions<T>(lines: Lines, held: T) -> impl Stream<Item = Result<Bytes, Cut>> {
    let until_ms = clock::monotonic_ms().saturating_add(limits::EXPORT_WITHIN_MS);
    stream::try_unfold((lines, held), move |(mut lines, held)| async move {
        if clock::monotonic_ms() > until_ms {
            return Err(Cut::Late);
        }
        let portion = lines.portion(limits::EXPORT_PORTION_BYTES);
        let portion = portion.inspect_err(|why| tracing::error!(%why, "an export is cut off"))?;
        let next = (!portion.is_empty()).then(|| (Bytes::from(portion), (lines, held)));
        Ok(next)
    })
}
