//! What an export needs of a user's own arbiter, and who is being exported: a snapshot that covers everything, a few exports at a time.

use std::{
    collections::BTreeSet,
    rc::Rc,
    sync::{Arc, Mutex, PoisonError},
};

use streakline_core::{
    id::{Entity, UserId},
    limits,
};

use super::{host::Host, user};
use crate::{
    clock,
    protocol::error_code::{Code, Refusal},
};

/// How long a user's snapshot may take, ms.
const COVERED_WITHIN_MS: u64 = 8_000;

/// Users who are being exported: what was gathered of them is in memory until it is read.
#[derive(Clone, Default)]
pub struct Exports(Arc<Mutex<BTreeSet<UserId>>>);

/// A place among them; free again when it is dropped.
pub struct ExportSlot {
    exports: Exports,
    user: UserId,
}

impl Exports {
    /// Takes a place.
    ///
    /// # Errors
    /// `InProgress` while this user is being exported, `Overloaded` while too many are.
    pub(super) fn begin(&self, user: &UserId) -> Result<ExportSlot, Refusal> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.contains(user) {
            let words = "this user is being exported; read that export to its end, or close it";
            return Err(Refusal::new(Code::InProgress, words));
        }
        if held.len() >= limits::EXPORTS_AT_ONCE_MAX {
            let words = "too many exports are being read; try again";
            return Err(Refusal::new(Code::Overloaded, words));
        }
        held.insert(user.clone());
        Ok(ExportSlot {
            exports: self.clone(),
            user: user.clone(),
        })
    }
}

impl Drop for ExportSlot {
    fn drop(&mut self) {
        let held = self.exports.0.lock();
        held.unwrap_or_else(PoisonError::into_inner)
            .remove(&self.user);
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_exported_once_at_a_time_and_a_few_users_at_once() {
        let exports = Exports::default();
        let user = |number: usize| UserId::parse(&format!("user-{number}")).unwrap();
        let slots: Vec<ExportSlot> = (0..limits::EXPORTS_AT_ONCE_MAX)
            .map(|number| exports.begin(&user(number)).unwrap())
            .collect();
        let code = |asked: usize| exports.begin(&user(asked)).map(drop).unwrap_err().code;
        assert_eq!(code(0), Code::InProgress);
        assert_eq!(code(limits::EXPORTS_AT_ONCE_MAX), Code::Overloaded);
        drop(slots);
        assert!(exports.begin(&user(0)).is_ok());
    }
}
