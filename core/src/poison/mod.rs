//! Poisoned inputs: what a panicking fold calls for, what is journaled about it, and what is kept of it (design.md 5, ADR
//! 0015).
//!
//! The fold itself runs under the shell's `catch_unwind`; here are only the decisions and the forms. A state that a panic has
//! gone through is never used again, so everything here works on what cannot be half changed. Carried by the actors and by
//! the simulator.

use alloc::{collections::BTreeMap, vec::Vec};
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

use crate::{
    id::{DeviceId, Entity, OutboxId, Position},
    input::{ChallengeInput, Header, RULES_VERSION, UserInput},
    limits,
};

/// What a panic calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The state is read again and the input folded once more: the fault may have been of the moment.
    ReadAgain,
    /// The second panic at this position: the input is passed over.
    Skip,
}

/// Positions at which a fold has panicked once; one an entity, because a fold cannot get past the first.
#[derive(Clone, Debug, Default)]
pub struct Suspects(BTreeMap<Entity, Position>);

impl Suspects {
    /// A fold panicked at a position.
    pub fn panicked(&mut self, entity: &Entity, position: Position) -> Verdict {
        if self.0.get(entity) == Some(&position) {
            self.0.remove(entity);
            return Verdict::Skip;
        }
        self.0.insert(entity.clone(), position);
        Verdict::ReadAgain
    }

    /// Whether nobody is suspected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A fold at a position went well.
    pub fn folded(&mut self, entity: &Entity, position: Position) {
        if self.0.get(entity).is_some_and(|at| *at <= position) {
            self.0.remove(entity);
        }
    }
}

/// Stamps of an entity's newest skips: three within an hour are too many.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Skips(#[n(0)] Vec<i64>);

impl Skips {
    /// Notes a skip; answers whether there are too many now.
    pub fn note(&mut self, stamp_ms: i64) -> bool {
        self.0.push(stamp_ms);
        let over = self.0.len().saturating_sub(limits::SKIPS_PER_HOUR_MAX);
        self.0.drain(..over);
        let oldest_ms = self.0.first().copied().unwrap_or(stamp_ms);
        self.0.len() >= limits::SKIPS_PER_HOUR_MAX
            && stamp_ms.saturating_sub(oldest_ms) <= limits::SKIPS_WITHIN_MS
    }

    /// An operator has looked into it: counted anew.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// Numbers of a queue that a skipped batch had: they are done with, because the batch is durable.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Numbered {
    /// From which device.
    #[n(0)]
    pub device: DeviceId,
    /// From which of its queues.
    #[n(1)]
    pub outbox: OutboxId,
    /// 0 live, 1 backfill.
    #[n(2)]
    pub lane: u8,
    /// Number of the batch's last record.
    #[n(3)]
    pub last_seq: u64,
}

/// The fold passes over the input at a position, now and at every replay.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Skip {
    /// The place of the skipped input in the same journal.
    #[n(0)]
    pub position: Position,
    /// Version of the rules that could not fold it.
    #[n(1)]
    pub fold_version: u16,
    /// SHA-256 of the skipped input as it is encoded.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub digest: [u8; 32],
    /// Numbers that are done with, where it was a batch.
    #[n(3)]
    pub numbered: Option<Numbered>,
    /// It was an input that had been kept while the user was on hold.
    #[n(4)]
    pub kept: bool,
    /// It also asked for the release of the hold, which stands.
    #[n(5)]
    pub release: bool,
    /// It is one too many: the user is on hold from here on, and the hold has a row under this position.
    #[n(6)]
    pub hold: bool,
}

/// A stuck input that is offered again. Its bytes are decoded one level deep only.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Retry {
    /// The stamp that it had, POSIX ms; while a hold is being released it is folded at this time, which stood still.
    #[n(0)]
    pub stamp_ms: i64,
    /// It was kept while the user was on hold.
    #[n(1)]
    pub kept: bool,
    /// Ends the hold once everything that was kept is folded.
    #[n(2)]
    pub release: bool,
    /// The input, encoded; empty: only the release is asked for.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub input: Vec<u8>,
}

impl Retry {
    /// The input; nothing where none is in it.
    #[must_use]
    pub fn of_user(&self) -> Option<UserInput> {
        let input = minicbor::decode(&self.input).ok()?;
        (!is_control(&input)).then_some(input)
    }

    /// The input of a challenge, likewise.
    #[must_use]
    pub fn of_challenge(&self) -> Option<ChallengeInput> {
        let input = minicbor::decode(&self.input).ok()?;
        let plain = !matches!(input, ChallengeInput::Skip(_) | ChallengeInput::Retry(_));
        plain.then_some(input)
    }
}

/// Whether an input is about the folding itself: it is folded on hold too, and nothing overtakes it.
#[must_use]
pub fn is_control(input: &UserInput) -> bool {
    matches!(input, UserInput::Skip(_) | UserInput::Retry(_))
}

/// A user on hold: what comes is journaled, acknowledged and kept, and its time stands still.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Hold {
    /// The skip that began it; names the hold's own stuck row.
    #[n(0)]
    pub position: Position,
    /// Since when, POSIX ms.
    #[n(1)]
    pub since_ms: i64,
    /// An operator wants it to end: what was kept is being folded, in order.
    #[n(2)]
    pub releasing: bool,
    /// Inputs that are kept.
    #[n(3)]
    pub kept: u64,
}

/// Why a row is stuck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Why {
    /// Its fold panicked twice.
    #[n(0)]
    Skipped,
    /// Its user is on hold.
    #[n(1)]
    Kept,
    /// The hold itself; there is no input in the row.
    #[n(2)]
    Hold,
}

/// A row of what is stuck: the input, and what an operator must know of it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Stuck {
    /// Whose.
    #[n(0)]
    pub entity: Entity,
    /// Why.
    #[n(1)]
    pub why: Why,
    /// Stamp of the input, POSIX ms.
    #[n(2)]
    pub stamp_ms: i64,
    /// When it was put aside, POSIX ms of the machine's clock.
    #[n(3)]
    pub put_ms: i64,
    /// Version of the rules that could not fold it.
    #[n(4)]
    pub fold_version: u16,
    /// SHA-256 of the input as it is encoded.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub digest: [u8; 32],
    /// What kind of input, such as `ingest`.
    #[n(6)]
    pub kind: alloc::string::String,
    /// The input, encoded; empty for a hold.
    #[cbor(n(7), with = "minicbor::bytes")]
    pub input: Vec<u8>,
}

impl Stuck {
    /// The row of an input; `kind` as [`UserInput::kind`] or [`ChallengeInput::kind`] says.
    #[must_use]
    pub fn new(
        entity: Entity,
        why: Why,
        (stamp_ms, put_ms): (i64, i64),
        (kind, input): (&str, Vec<u8>),
    ) -> Self {
        Self {
            entity,
            why,
            stamp_ms,
            put_ms,
            fold_version: RULES_VERSION,
            digest: Sha256::digest(&input).into(),
            kind: kind.into(),
            input,
        }
    }
}

/// What is journaled for a user's input that is passed over, and what is kept of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipping<I> {
    /// The input to journal.
    pub skip: Skip,
    /// Stamp of the skipped input, POSIX ms.
    pub stamp_ms: i64,
    /// The skipped input, out of its wrapping; `None`: there was nothing in it.
    pub input: Option<I>,
}

impl Skipping<UserInput> {
    /// Passes over an input of a user.
    #[must_use]
    pub fn user(header: &Header, input: &UserInput) -> Self {
        let (inner, stamp_ms, kept, release) = match input {
            UserInput::Retry(retry) => (retry.of_user(), retry.stamp_ms, retry.kept, retry.release),
            other => (Some(other.clone()), header.stamp_ms, false, false),
        };
        let numbered = match &inner {
            Some(UserInput::Ingest(batch)) => Some(Numbered {
                device: batch.device,
                outbox: batch.outbox,
                lane: batch.lane,
                last_seq: batch.last_seq(),
            }),
            _ => None,
        };
        let skip = Skip {
            position: header.position,
            fold_version: RULES_VERSION,
            digest: Sha256::digest(inner.as_ref().map_or_else(Vec::new, encoded)).into(),
            numbered,
            kept,
            release,
            hold: false,
        };
        Self {
            skip,
            stamp_ms,
            input: inner,
        }
    }
}

impl Skipping<ChallengeInput> {
    /// Passes over an input of a challenge.
    #[must_use]
    pub fn challenge(header: &Header, input: &ChallengeInput) -> Self {
        let inner = match input {
            ChallengeInput::Retry(retry) => retry.of_challenge(),
            other => Some(other.clone()),
        };
        let skip = Skip {
            position: header.position,
            fold_version: RULES_VERSION,
            digest: Sha256::digest(inner.as_ref().map_or_else(Vec::new, encoded)).into(),
            numbered: None,
            kept: false,
            release: matches!(input, ChallengeInput::Retry(_)),
            hold: false,
        };
        Self {
            skip,
            stamp_ms: header.stamp_ms,
            input: inner,
        }
    }
}

/// An input as it is kept.
#[must_use]
pub fn encoded<T: Encode<()>>(input: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to a Vec cannot fail, so there is no error to pass on.
    let _ = minicbor::encode(input, &mut bytes);
    bytes
}

#[cfg(test)]
mod tests;
