//! `DELETE /v1/users/{user}`: everything that is stored about a user goes (ADR 0031).

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::{answer, ask::Ask, problem::Answer};
use crate::storage::Gone;

/// Until when what was deleted may still be in a file.
#[derive(Serialize, ToSchema)]
struct Going {
    /// POSIX ms.
    #[schema(example = 1_460_505_600_000_i64)]
    gone_by_ms: i64,
}

/// Erase a user; who comes again under the name is somebody new
#[utoipa::path(delete, path = "/v1/users/{user}", tag = "users", operation_id = "erase_user",
    responses(
        (status = 204, description = "No file of the store holds the user any more"),
        (status = 202, description = "Nobody can read it any more; until then files may hold it", body = Going),
    ))]
pub(super) async fn erase(ask: Ask) -> Answer {
    ask.principal.must_be_admin()?;
    let user = ask.user()?;
    let gone = ask.api.directory.erase_user(&user, ask.caller()).await?;
    match gone {
        Gone::Done => answer::gone(),
        Gone::By(gone_by_ms) => Ok(HttpResponse::Accepted().json(Going { gone_by_ms })),
    }
}
