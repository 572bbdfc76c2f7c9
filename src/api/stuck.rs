//! `/v1/stuck`: inputs that were put aside because their fold panicked, or because their user is on hold (ADR 0015). Admins
//! only, and never what an input holds.

use actix_web::web::Payload;
use serde::Serialize;
use streakline_core::{
    id::{Entity, PartitionId, Position},
    poison::{Stuck as Row, Why},
};
use utoipa::ToSchema;

use super::{
    answer,
    ask::{Ask, Search},
    body,
    fault::Faults,
    fields::Fields,
    idempotency::Once,
    problem::Answer,
};
use crate::{
    actors::message::{IdempotentRetry, Retried},
    protocol::{
        body::Page,
        error_code::{Code, Refusal},
    },
    storage::{IdempotencyRecord, StuckId},
};

/// An input that is stuck.
#[derive(Serialize, ToSchema)]
pub(super) struct Stuck {
    /// Partition, epoch and index of its place in the journal.
    #[schema(example = "412-3-17")]
    id: String,
    /// Whose it is, or null.
    #[schema(example = "ann")]
    user: Option<String>,
    /// Whose it is, or null.
    challenge: Option<String>,
    /// `skipped`: its fold panicked twice; `kept`: its user is on hold; `hold`: the hold itself.
    #[schema(value_type = String, example = "skipped")]
    why: &'static str,
    /// What kind of input.
    #[schema(example = "ingest")]
    input: String,
    /// Its stamp, POSIX ms.
    stamp_ms: i64,
    /// When it was put aside, POSIX ms of the machine's clock.
    put_ms: i64,
    /// Version of the rules that could not fold it.
    fold_version: u16,
    /// SHA-256 of the input.
    digest: String,
}

/// What was offered again.
#[derive(Serialize, ToSchema)]
struct StuckRetried {
    /// As asked for.
    #[schema(example = "412-3-17")]
    id: String,
    /// Whose it is, or null.
    #[schema(example = "ann")]
    user: Option<String>,
    /// Whose it is, or null.
    challenge: Option<String>,
    /// Whether the input itself was offered again; a kept one is folded in its turn.
    offered: bool,
    /// Whether the user was on hold and is being released.
    released: bool,
}

fn text(id: StuckId) -> String {
    let Position { epoch, index } = id.position;
    format!("{}-{epoch}-{index}", id.partition)
}

fn parse(text: &str) -> Option<StuckId> {
    let mut parts = text.split('-');
    let partition = PartitionId(parts.next()?.parse().ok()?);
    let (epoch, index) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let id = StuckId {
        partition,
        position: Position { epoch, index },
    };
    // Names compare as bytes, so only one spelling is the name.
    (self::text(id) == text).then_some(id)
}

fn owner(entity: &Entity) -> (Option<String>, Option<String>) {
    match entity {
        Entity::User(user) => (Some(user.to_string()), None),
        Entity::Challenge(challenge) => (None, Some(challenge.to_string())),
        Entity::Partition(_) => (None, None),
    }
}

impl From<&(StuckId, Row)> for Stuck {
    fn from((id, row): &(StuckId, Row)) -> Self {
        let (user, challenge) = owner(&row.entity);
        Self {
            id: text(*id),
            user,
            challenge,
            why: match row.why {
                Why::Skipped => "skipped",
                Why::Kept => "kept",
                Why::Hold => "hold",
            },
            input: row.kind.clone(),
            stamp_ms: row.stamp_ms,
            put_ms: row.put_ms,
            fold_version: row.fold_version,
            digest: row
                .digest
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        }
    }
}

/// List what is stuck, by its place in the journals
#[utoipa::path(get, path = "/v1/stuck", tag = "stuck", operation_id = "list_stuck",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page of what is stuck", body = Page<Stuck>)))]
pub(super) async fn list(Search { ask, mut query }: Search) -> Answer {
    ask.principal.must_be_admin()?;
    let page = query.page("stuck".to_owned(), &ask.api.cursors);
    query.done()?;
    let after = page.after.as_deref().and_then(parse);
    let (rows, more) = ask.api.directory.stuck(after, page.limit).await?;
    let last = rows.last().filter(|_| more).map(|(id, _)| text(*id));
    let next = ask.api.cursors.next(&page, last)?;
    answer::list(rows.iter().map(Stuck::from).collect(), next)
}

/// Offer what is stuck again; a user on hold is released, and everything that was kept is folded in order
#[utoipa::path(post, path = "/v1/stuck/{stuck}/retry", tag = "stuck",
    operation_id = "retry_stuck",
    responses((status = 200, description = "What was offered; where it panics again it is \
        stuck again, under another name", body = inline(StuckRetried))))]
pub(super) async fn retry(ask: Ask, payload: Payload) -> Answer {
    ask.principal.must_be_admin()?;
    let absent = || Refusal::new(Code::NotFound, "nothing of that name is stuck");
    let id = parse(ask.request.match_info().get("stuck").unwrap_or_default());
    let body = body::read_optional(&ask.request, payload).await?;
    let once = Once::of(&ask, &body)?;
    let faults = Faults::default();
    Fields::of(&body.json, &faults).done(&[]);
    faults.none()?;
    let id = id.ok_or_else(absent)?;
    let (directory, caller, told) = (ask.api.directory.clone(), ask.caller(), once.clone());
    once.run(ask, async move {
        let stored = IdempotentRetry {
            key: told.key.clone(),
            answer: Box::new(move |retried| record(&told, retried)),
        };
        directory.retry_stuck(id, caller, stored).await
    })
    .await
}

fn record(once: &Once, retried: &Retried) -> IdempotencyRecord {
    let (user, challenge) = owner(&retried.entity);
    let body = StuckRetried {
        id: text(retried.id),
        user,
        challenge,
        offered: retried.offered,
        released: retried.released,
    };
    // Strings and flags always have a JSON.
    let body = answer::json(&body).unwrap_or_default();
    once.record(200, None, None, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_spelling_and_survives_text() {
        let id = StuckId {
            partition: PartitionId(412),
            position: Position {
                epoch: 3,
                index: 17,
            },
        };
        assert_eq!(text(id), "412-3-17");
        assert_eq!(parse("412-3-17"), Some(id));
        let bad = [
            "",
            "412",
            "412-3",
            "412-3-17-1",
            "412-3-017",
            "412-3--7",
            "+412-3-17",
            "a-b-c",
        ];
        for bad in bad {
            assert_eq!(parse(bad), None, "{bad}");
        }
        let huge = "4294967296-1-1";
        assert_eq!(parse(huge), None);
    }
}
