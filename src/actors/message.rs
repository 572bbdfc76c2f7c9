//! What gateway and api can ask of users and challenges: plain values, each with who asks.

use streakline_core::{
    attribute::Attributes,
    challenge::section::Section,
    id::{ChallengeId, DeviceId, Entity, GoalId, OutboxId, UserId},
    period::WeekStart,
    record::Record,
    sample::{DeviceClass, RecordRefusal},
    streak::Definition,
    user::{goals::admit::Wish, zone_admission::ZoneProposal},
    view::ChallengeView,
};

use crate::{
    protocol::client_frame::Signatures,
    push::{Lane, SessionHandle},
    storage::{IdempotencyKey, IdempotencyRecord, StuckId},
};

/// Who asks, for the journal header and the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// `user:ann`, `admin:ann` or `admin-key`.
    pub principal: String,
    /// Finds the log line.
    pub request_id: String,
}

/// The device part of a hello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceHello {
    /// Which device.
    pub device: DeviceId,
    /// Its queue.
    pub outbox: OutboxId,
    /// Required at the first hello of a device.
    pub class: Option<DeviceClass>,
    /// Free text.
    pub vendor: Option<String>,
    /// Free text.
    pub model: Option<String>,
}

/// A hello (protocol.md 2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// `None` for a viewer.
    pub device: Option<DeviceHello>,
    /// IANA zone of the device.
    pub zone: Option<String>,
    /// Since when the device is in it, POSIX ms.
    pub zone_since_ms: Option<i64>,
    /// The client's clock, POSIX ms.
    pub client_time_ms: Option<i64>,
    /// What was last seen: epoch and number.
    pub events: Option<(String, u64)>,
}

/// A batch (protocol.md 3); refused records keep their place.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Echoed.
    pub batch_id: u64,
    /// Which numbering.
    pub lane: Lane,
    /// Number of the first record.
    pub first_seq: u64,
    /// Of its frame.
    pub bytes: usize,
    /// At least one.
    pub records: Vec<Result<Record, RecordRefusal>>,
    /// What signs them.
    pub signatures: Signatures,
}

/// What a PUT wants to be true of the resource before it is changed (protocol.md 7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Precondition {
    /// `If-None-Match: *`.
    pub only_create: bool,
    /// `If-Match`: the version in the ETag; `Some(None)` for `*`.
    pub if_match: Option<Option<u64>>,
}

/// A PUT's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written<T> {
    /// The resource as it is now.
    pub value: T,
    /// Whether it is new.
    pub created: bool,
}

/// `PUT /v1/users/{user}`; absent parts stay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PutUser {
    /// A zone, and since when.
    pub zone: Option<ZoneProposal>,
    /// 1 to 40 characters.
    pub alias: Option<String>,
    /// Minutes after midnight, 0 to 360.
    pub day_start_min: Option<u16>,
    /// The first day of the week.
    pub week_starts: Option<WeekStart>,
    /// Devices that are believed before all others; each once.
    pub device_order: Option<Vec<DeviceId>>,
    /// Boards show the user to others without its alias.
    pub hidden: Option<bool>,
    /// Every attribute; those that are not in it go.
    pub attributes: Option<Attributes>,
}

/// `PUT /v1/users/{user}/goals/{goal}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutGoal {
    /// Which.
    pub goal: GoalId,
    /// What is asked for.
    pub wish: Wish,
    /// What its streak allows; `None`: as before. What its milestones pay is the settings' to say.
    pub streak: Option<Definition>,
}

/// A request with an idempotency key: the answer is stored with the effect (ADR 0007).
pub struct Idempotent {
    /// Whose key, and the key.
    pub key: IdempotencyKey,
    /// Makes the stored answer from the resource as the request leaves it.
    pub answer: Box<dyn FnOnce(&ChallengeView) -> IdempotencyRecord + Send>,
}

/// A request about a user with an idempotency key: the answer is stored with the effect (ADR 0007).
pub struct IdempotentOf<T> {
    /// Whose key, and the key.
    pub key: IdempotencyKey,
    /// Makes the stored answer from what the request leaves.
    pub answer: Box<dyn FnOnce(&T) -> IdempotencyRecord + Send>,
}

/// A retry of what is stuck, with its idempotency key.
pub struct IdempotentRetry {
    /// Whose key, and the key.
    pub key: IdempotencyKey,
    /// Makes the stored answer.
    pub answer: Box<dyn FnOnce(&Retried) -> IdempotencyRecord + Send>,
}

/// What became of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Whose history.
    pub user: UserId,
    /// Of which device.
    pub device: DeviceId,
    /// Records that were taken.
    pub accepted: usize,
    /// Records that were not, by their place.
    pub refused: Vec<(usize, RecordRefusal)>,
}

/// An import, with its idempotency key.
pub struct IdempotentImport {
    /// Whose key, and the key.
    pub key: IdempotencyKey,
    /// Makes the stored answer.
    pub answer: Box<dyn FnOnce(&Imported) -> IdempotencyRecord + Send>,
}

/// What a retry does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retried {
    /// What was named.
    pub id: StuckId,
    /// Whose it is.
    pub entity: Entity,
    /// Whether the input itself is offered again; a kept one is folded in its turn.
    pub offered: bool,
    /// Whether a hold ends.
    pub released: bool,
}

/// A board subscription (protocol.md 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscribe {
    /// Who gets the views.
    pub session: SessionHandle,
    /// The client's number of it.
    pub id: u64,
    /// Which board.
    pub challenge: ChallengeId,
    /// Which rows; a user's token follows no row but its own.
    pub section: Section,
    /// Whether the client takes what has changed instead of whole views.
    pub deltas: bool,
    /// Whose token it is: must have a row, unless `admin`.
    pub user: UserId,
    /// Whether the token is an admin's.
    pub admin: bool,
    /// Where the client stood: epoch and offset.
    pub since: Option<(String, u64)>,
}
