//! `/v1/checkpoint`: snapshots of everybody, before an upgrade. It changes no state, so that a repeated request is simply done
//! again and its answer is not stored.

use actix_web::web::Payload;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    answer, ask::Ask, body, fault::Faults, fields::Fields, idempotency::Once, problem::Answer,
};
use crate::actors::directory;

/// What a checkpoint came to.
#[derive(Serialize, ToSchema)]
struct Checkpoint {
    /// Users and challenges that had inputs which no snapshot covered.
    found: usize,
    /// Bytes of journal behind them.
    found_bytes: u64,
    /// The same afterwards: what came meanwhile, and what waits from an earlier start.
    uncovered: usize,
    /// Bytes of journal behind these.
    tail_bytes: u64,
}

impl From<directory::Checkpoint> for Checkpoint {
    fn from(of: directory::Checkpoint) -> Self {
        Self {
            found: of.found,
            found_bytes: of.found_bytes,
            uncovered: of.uncovered,
            tail_bytes: of.tail_bytes,
        }
    }
}

/// Snapshot everybody; answered when all is durable and the journal behind it is dropped
#[utoipa::path(post, path = "/v1/checkpoint", tag = "checkpoint", operation_id = "take_checkpoint",
    responses((status = 200, description = "What it came to", body = inline(Checkpoint))))]
pub(super) async fn take(ask: Ask, payload: Payload) -> Answer {
    ask.principal.must_be_admin()?;
    let body = body::read_optional(&ask.request, payload).await?;
    let once = Once::of(&ask, &body)?;
    let faults = Faults::default();
    Fields::of(&body.json, &faults).done(&[]);
    faults.none()?;
    let (directory, told) = (ask.api.directory.clone(), once.clone());
    once.run(ask, async move {
        let taken = Checkpoint::from(directory.checkpoint().await?);
        Ok(told.record(200, None, None, answer::json(&taken)?))
    })
    .await
}
