//! Frames to clients (protocol.md 2 to 6), made from core's views and facts, and the reasons of a close.
//!
//! Only their form is decided here; what is sent when is the business of `gateway` and `actors`.

mod ack;
mod board;
mod close;
mod state;

use serde::Serialize;
use streakline_core::{id::UserId, user::zone_admission::ZoneRefusal, view::SnapshotView};

use super::{
    body,
    error_code::Refusal,
    form::{Encoded, Form},
};

pub use ack::{Change, Changes, ack};
pub use board::BoardUpdate;
pub use close::{CloseReason, REASON_BYTES_MAX};
pub use state::{day, device, rank, streak};

/// The JSON text of a frame.
#[must_use]
pub fn encode(frame: &impl Serialize) -> String {
    // Frames hold strings, numbers and flags under fixed keys: there is nothing in them that JSON cannot hold.
    serde_json::to_string(frame).unwrap_or_default()
}

/// Answer to a hello.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename = "welcome")]
pub struct Welcome<'a> {
    /// Domain time, POSIX ms.
    pub server_time_ms: i64,
    /// Whose socket it is.
    pub user: &'a str,
    /// Zone in force.
    pub zone: &'a str,
    /// Why the zone of the hello is not in force, where it was not taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone_refused: Option<ZoneRefused>,
    /// Names this socket in the server's log.
    pub session: &'a str,
    /// Where the outbox goes on.
    pub resume_after: ResumeAfter,
    /// What may be unacknowledged of the lane `live`.
    #[serde(flatten)]
    pub credits: Credits,
    /// The lane `backfill`.
    pub backfill: WelcomeBackfill,
    /// Most records of a batch.
    pub max_records: usize,
    /// Most bytes of a frame, fragments joined.
    pub max_bytes: usize,
    /// Seconds between the server's pings.
    pub heartbeat_s: u64,
    /// Where the events go on.
    pub events: WelcomeEvents<'a>,
}

/// Why a zone was not taken.
#[derive(Clone, Debug, Serialize)]
pub struct ZoneRefused {
    /// Short, for programs.
    pub code: &'static str,
    /// In words.
    pub detail: String,
}

impl From<&ZoneRefusal> for ZoneRefused {
    fn from(refusal: &ZoneRefusal) -> Self {
        Self {
            code: refusal.code(),
            detail: refusal.to_string(),
        }
    }
}

/// What may be unacknowledged of one lane.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Credits {
    /// Batches.
    pub credits: u32,
    /// Bytes of their frames; one batch may always be sent.
    pub credit_bytes: usize,
}

/// The lane `backfill`, in a welcome.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct WelcomeBackfill {
    /// What may be unacknowledged of it.
    #[serde(flatten)]
    pub credits: Credits,
    /// Batches within a minute; what is above waits.
    pub batches_per_min: u32,
}

/// Highest contiguous durable numbers of an outbox.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ResumeAfter {
    /// Of the lane `live`.
    pub live: u64,
    /// Of the lane `backfill`.
    pub backfill: u64,
}

/// Where the events go on, in a welcome.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct WelcomeEvents<'a> {
    /// Changes only when history was lost or rewritten.
    pub epoch: &'a str,
    /// Number of the next event on this socket.
    pub next_seq: u64,
    /// Whether the missed events follow; else a snapshot does.
    pub recovered: bool,
}

/// One fact.
#[must_use]
pub fn event(form: Form, fact: &streakline_core::event::Fact) -> Encoded {
    form.encode(&body::Event::from(fact))
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "snapshot")]
struct Snapshot<'a> {
    events: SnapshotEvents<'a>,
    today: &'a str,
    day: &'a body::Day,
    streaks: Vec<body::Streak>,
    balance: body::Balance,
    challenges: Vec<body::event::OfChallenge>,
}

#[derive(Serialize)]
struct SnapshotEvents<'a> {
    epoch: &'a str,
    next_seq: u64,
}

/// All that a client needs that knows nothing yet; `epoch` and `next_seq` say where its events go on.
#[must_use]
pub fn snapshot(
    form: Form,
    user: &UserId,
    view: &SnapshotView,
    (epoch, next_seq): (&str, u64),
) -> Encoded {
    let day = body::Day::from(&view.day);
    let of_challenge = |id: &streakline_core::id::ChallengeId| body::event::OfChallenge {
        challenge: id.to_string(),
    };
    form.encode(&Snapshot {
        events: SnapshotEvents { epoch, next_seq },
        today: &day.day,
        day: &day,
        streaks: view.streaks.iter().map(body::Streak::from).collect(),
        balance: body::Balance::of(user, &view.balance),
        challenges: view.challenges.iter().map(of_challenge).collect(),
    })
}

/// A refused frame, or the fault that ends the socket.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename = "error")]
pub struct Error<'a> {
    /// Stable, meant for programs.
    pub code: &'static str,
    /// In words.
    pub detail: &'a str,
    /// JSON pointer to what is wrong, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<&'a str>,
    /// Batch that caused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_id: Option<u64>,
    /// `id` of the frame that caused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// For `seq_gap`: the number that was expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_seq: Option<u64>,
    /// Whether a close follows.
    pub fatal: bool,
}

impl<'a> Error<'a> {
    /// Tells of a refusal after which the socket goes on.
    #[must_use]
    pub fn of(refusal: &'a Refusal) -> Self {
        Self {
            code: refusal.code.name(),
            detail: &refusal.detail,
            pointer: refusal.faults.first().map(|fault| fault.pointer.as_str()),
            batch_id: None,
            id: None,
            expected_seq: None,
            fatal: false,
        }
    }
}

/// A subscription stands.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename = "subscribed")]
pub struct Subscribed<'a> {
    /// The client's number of it.
    pub id: u64,
    /// Names this view of the board, as this client sees it.
    pub epoch: &'a str,
    /// Where it stands.
    pub offset: u64,
    /// Whether changes follow instead of a full view.
    pub recovered: bool,
}

/// A subscription has ended.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename = "unsubscribed")]
pub struct Unsubscribed {
    /// The client's number of it.
    pub id: u64,
}

/// Answer to a ping.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename = "pong")]
pub struct Pong {
    /// As the client sent it.
    pub id: u64,
    /// Domain time, POSIX ms.
    pub server_time_ms: i64,
}

/// The newer token holds.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename = "authenticated")]
pub struct Authenticated {
    /// When it expires, POSIX ms.
    pub exp_ms: i64,
}

/// The server is going down.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename = "bye")]
pub struct Bye {
    /// Why: `draining`.
    pub code: &'static str,
    /// When to come back, in ms.
    pub retry_after_ms: u64,
}

#[cfg(test)]
mod tests;
