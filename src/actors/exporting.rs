//! What an export needs of a user's own arbiter: a snapshot that covers everything.

use std::rc::Rc;

use streakline_core::id::{Entity, UserId};

use super::{host::Host, user};
use crate::{
    clock,
    protocol::error_code::{Code, Refusal},
};

/// How long a user's snapshot may take, ms.
const COVERED_WITHIN_MS: u64 = 8_000;

/// Waits until a snapshot covers everything of a user that is durable now; samples that come meanwhile may be in it or not.
///
/// # Errors
/// `Overloaded` when that does not come about in time, or the user is being erased.
pub(super) async fn cover(host: &Rc<Host>, id: UserId) -> Result<(), Refusal> {
    let entity = Entity::User(id.clone());
    let (since_ms, durable) = (
        clock::monotonic_ms(),
        host.durable(entity.partition(super::shared::BITS)),
    );
    loop {
        let refusal = host.damage_refusal(&entity);
        if let Some(refusal) = refusal.or_else(|| host.erasure_refusal(&entity)) {
            return Err(refusal);
        }
        let first = host.with(&entity, |partition| partition.coverage.position(&entity));
        if first.flatten().is_none_or(|first| first > durable) {
            return Ok(());
        }
        if clock::monotonic_ms().saturating_sub(since_ms) > COVERED_WITHIN_MS {
            let words = "this user's snapshot takes too long; try again";
            return Err(Refusal::new(Code::Overloaded, words));
        }
        user::snapshot(&host.user(&id).cell);
        clock::pause_ms(1).await;
    }
}
