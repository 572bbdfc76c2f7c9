//! What of a user another server can begin with (ADR 0040): the state without its old server, the rows that go with it, and whether
//! they belong together. A file, a store and who asks are the shell's.

mod fault;

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::String,
    vec::Vec,
};

use super::User;
use crate::{
    change::Change,
    civil::Day,
    event::{Fact, Transfer},
    goal::Terms,
    id::{PartitionId, Position, UserId},
    input::Origin,
    ledger::Totals,
    metric::Metric,
    poison::Skips,
    user::snapshot::{Parts, encoded},
};

pub use fault::Fault;

/// A chunk's day and number.
pub type ChunkKey = (Day, u64);

/// What is stored of a user beside the state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Belongings {
    /// Chunks of records, as they are stored (`chunk`).
    pub records: BTreeMap<ChunkKey, Vec<u8>>,
    /// Chunks of minutes, as they are stored (`chunk::minutes`).
    pub minutes: BTreeMap<ChunkKey, Vec<u8>>,
    /// Every fact, in order.
    pub facts: Vec<Fact>,
    /// Every transfer, in order.
    pub transfers: Vec<Transfer>,
    /// Every change, in order.
    pub changes: Vec<Change>,
}

impl User {
    /// The state as another server begins with it. What belongs to the server that it comes from is left behind: enrolments, whose
    /// challenges and members are there; places in its journal, and what was put aside at them; the row that wakes the user. Numbers
    /// that clients count on stay: those of facts, changes, chunks and batches. Doing it again changes nothing.
    #[must_use]
    pub fn portable(&self) -> Self {
        let mut user = self.clone();
        user.enrolments.clear();
        user.unwritten_standings.clear();
        user.position = Position::default();
        user.due_ms = None;
        user.skips = Skips::default();
        user.hold = None;
        user
    }

    /// Every metric that anything of the user is of: where these mean something else, the user would be somebody else.
    #[must_use]
    pub fn metrics(&self) -> BTreeSet<Metric> {
        let mut metrics = BTreeSet::new();
        for day in self.days.values() {
            metrics.extend(day.amounts.keys().chain(day.gauges.keys()));
            let workouts = day.workouts.iter();
            metrics.extend(workouts.flat_map(|held| held.totals.iter().map(|(of, _)| *of)));
        }
        for device in self.devices.values() {
            metrics.extend(device.covered.keys());
            metrics.extend(device.seen.keys());
        }
        let revisions = self.goals.values().flat_map(|goal| &goal.revisions);
        let terms = revisions.filter_map(|revision| revision.terms.as_ref());
        metrics.extend(terms.flat_map(Terms::metrics));
        metrics
    }
}

/// Whether state and belongings are one user's, whole: nothing is missing, nothing is too much, and the balances are what the
/// transfers come to.
///
/// # Errors
/// The first [`Fault`] that is found.
pub fn check(user: &User, partition: PartitionId, belongings: &Belongings) -> Result<(), Fault> {
    fault::of_manifests(user, belongings)?;
    fault::of_records(user, belongings)?;
    fault::of_numbers(user, belongings)?;
    fault::of_ledger(user, partition, &belongings.transfers)
}

/// What makes it durable in another store, in one step, and what the transfers come to. The first input that the user gets there comes
/// after everything.
#[must_use]
pub fn settle(user: &User, belongings: &Belongings) -> (Parts, Totals) {
    let mut user = user.portable();
    user.due_ms = user.visible_deadline();
    let records = belongings.records.iter();
    let minutes = belongings.minutes.iter();
    let facts = belongings.facts.iter();
    let transfers = belongings.transfers.iter();
    let changes = belongings.changes.iter();
    let parts = Parts {
        covered: user.position,
        state: encoded(&user),
        chunks: records.map(|(key, bytes)| (*key, bytes.clone())).collect(),
        minutes: minutes.map(|(key, bytes)| (*key, bytes.clone())).collect(),
        facts: facts.map(|fact| (fact.seq, encoded(fact))).collect(),
        transfers: transfers
            .map(|transfer| (transfer.event_seq, encoded(transfer)))
            .collect(),
        changes: changes
            .map(|change| (change.number, encoded(change)))
            .collect(),
        due_ms: user.due_ms,
        ..Parts::default()
    };
    (parts, Totals::of(belongings.transfers.iter()))
}

impl Origin {
    /// The same without the name of anybody else: what others did for a user is the user's to know, who they are is not.
    #[must_use]
    pub fn told_to(&self, user: &UserId) -> Self {
        let principal = match self.principal.split_once(':') {
            Some((role, name)) if name != user.as_str() => String::from(role),
            _ => self.principal.clone(),
        };
        Self {
            principal,
            ..self.clone()
        }
    }
}

impl Fact {
    /// The same without the name of anybody else.
    #[must_use]
    pub fn told_to(&self, user: &UserId) -> Self {
        Self {
            by: self.by.told_to(user),
            ..self.clone()
        }
    }
}

impl Change {
    /// The same without the name of anybody else.
    #[must_use]
    pub fn told_to(&self, user: &UserId) -> Self {
        Self {
            by: self.by.told_to(user),
            ..self.clone()
        }
    }
}
