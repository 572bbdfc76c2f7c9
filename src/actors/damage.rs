//! Stored rows that cannot be read because their bytes are not what was written: told once each, and whoever needs them is
//! set aside until the next start; nobody else is.
//!
//! It repairs nothing: what can be rebuilt is rebuilt where it is read. Called by the actors; readiness shows the count.

use std::{
    collections::BTreeSet,
    rc::Rc,
    sync::{Mutex, PoisonError},
};

use streakline_core::id::Entity;

use super::host::Host;
use crate::telemetry::series;
use crate::{
    protocol::error_code::{Code, Refusal},
    storage::Error,
};

/// Names that are kept, so that each is told once; more are only counted.
const NAMES_MAX: usize = 1_000;

/// The damaged rows that were met since the start.
#[derive(Default)]
pub struct Damage(Mutex<BTreeSet<String>>);

impl Damage {
    /// Notes what a read of `row` met; anything but damage is not noted. Told and counted once a row.
    pub(super) fn note(&self, kind: &'static str, row: &str, error: &Error) {
        if !matches!(error, Error::Damaged(_)) {
            return;
        }
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() < NAMES_MAX && names.insert(format!("{kind} of {row}")) {
            tracing::error!(kind, row, %error, "a stored row is damaged");
            metrics::counter!(series::DAMAGED_ROWS, "kind" => kind).increment(1);
        }
    }

    /// How many rows, and the name of one of them; `None` while there are none.
    #[must_use]
    pub fn met(&self) -> Option<(usize, String)> {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.first().map(|first| (names.len(), first.clone()))
    }
}

/// The name of an entity in messages.
pub(super) fn name(entity: &Entity) -> String {
    match entity {
        Entity::User(id) => format!("user {id}"),
        Entity::Challenge(id) => format!("challenge {id}"),
        Entity::Partition(id) => format!("partition {id}"),
    }
}

impl Host {
    /// An entity needs a damaged row: it takes nothing more. Its inputs that no snapshot covers stay in the journal, but
    /// hold nobody up.
    pub(super) fn set_aside(self: &Rc<Self>, entity: &Entity, kind: &'static str, error: &Error) {
        self.shared.damage.note(kind, &name(entity), error);
        self.damaged.borrow_mut().insert(entity.clone());
        self.with(entity, |partition| partition.pin(entity));
    }

    /// Whether an entity was set aside.
    pub(super) fn is_set_aside(&self, entity: &Entity) -> bool {
        !self.damaged.borrow().is_empty() && self.damaged.borrow().contains(entity)
    }

    /// What an entity that was set aside answers.
    pub(super) fn damage_refusal(&self, entity: &Entity) -> Option<Refusal> {
        let detail = "what is stored of this is damaged; the operator was told";
        self.is_set_aside(entity)
            .then(|| Refusal::new(Code::StoreUnavailable, detail))
    }
}
