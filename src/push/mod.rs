//! Topics to sessions: what is pushed to a socket, and the table that finds the socket.
//!
//! Pushers name a [`SessionHandle`], never an address. A push never waits: a full mailbox is the pusher's to judge
//! (keep the newest state, stop sending). Used by `actors`; `gateway` registers its sessions here.

mod sessions;

use std::sync::Arc;

use actix::Message;
use streakline_core::{
    event::{BatchOutcome, Fact},
    user::zone_admission::ZoneRefusal,
    view::{DayTopic, DeviceView, RankView, SnapshotView, StreakView},
};

use crate::protocol::{
    error_code::Refusal,
    server_frame::{BoardUpdate, Changes, CloseReason},
};

pub use sessions::{Line, Sessions, count_close};

/// Names one socket: which node, which of its sessions, and that it is not an earlier one with the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionHandle {
    /// The node that holds the socket; 0 while there is one.
    pub node: u32,
    /// Rises with every socket of the node.
    pub number: u64,
    /// The node's epoch: a number of an earlier start never matches.
    pub generation: u64,
}

/// Lane of a batch (protocol.md 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// What happens now.
    Live,
    /// What a device has kept.
    Backfill,
}

impl Lane {
    /// As frames name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Backfill => "backfill",
        }
    }
}

/// Where a user's events stand for a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventsCursor {
    /// Changes only when history was lost or rewritten.
    pub epoch: String,
    /// Number of the next event to be sent on this socket.
    pub next_seq: u64,
    /// Whether what the client missed follows.
    pub recovered: bool,
}

/// Answer to a hello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcomed {
    /// Domain time, POSIX ms.
    pub server_time_ms: i64,
    /// Zone in force.
    pub zone: String,
    /// Why the zone that the hello brings is not in force.
    pub zone_refused: Option<ZoneRefusal>,
    /// Highest contiguous durable numbers of the outbox: live, backfill.
    pub resume_after: [u64; 2],
    /// Batches that may be unacknowledged in the lane `live`.
    pub credits: u32,
    /// Where the events go on.
    pub events: EventsCursor,
}

/// Everything that a session can be told.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub enum Push {
    /// The hello was taken; events and states follow.
    Welcomed(Box<Welcomed>),
    /// Replaces all that the client knows.
    Snapshot(Box<SnapshotView>, EventsCursor),
    /// One fact, in order.
    Fact(Arc<Fact>),
    /// Newest value of a day.
    Day(Box<DayTopic>),
    /// Newest value of a streak.
    Streak(Box<StreakView>),
    /// Newest own rank.
    Rank(Box<RankView>),
    /// Newest value of a device.
    Device(Box<DeviceView>),
    /// A batch is durable.
    Ack {
        /// As the client sent it.
        batch_id: u64,
        /// Its lane.
        lane: Lane,
        /// How its records were taken.
        outcome: BatchOutcome,
        /// What it has changed.
        changes: Changes,
        /// Batches that may be unacknowledged in the lane `live` from now on.
        credits: u32,
    },
    /// A frame was refused.
    Refused {
        /// Why.
        refusal: Refusal,
        /// Batch that caused it.
        batch_id: Option<u64>,
        /// Frame with an `id` that caused it.
        id: Option<u64>,
        /// For `seq_gap`.
        expected_seq: Option<u64>,
    },
    /// A subscription stands; what the client lacks follows.
    Subscribed {
        /// The client's number of it.
        id: u64,
        /// Names this view of the board, as this client sees it.
        epoch: Arc<str>,
        /// Where the view stands.
        offset: u64,
        /// Whether deltas follow instead of a full view.
        recovered: bool,
    },
    /// A view of a board, or what has changed in one.
    Board {
        /// The client's number of the subscription.
        id: u64,
        /// Names this view of the board, as this client sees it.
        epoch: Arc<str>,
        /// What all are told who look at these rows.
        update: Arc<BoardUpdate>,
        /// Let go when the session takes this: until then the pusher keeps what is newer to itself.
        untaken: Arc<()>,
    },
    /// End this socket for that reason; [`Sessions::end`] sends it, so that it is never lost.
    End(CloseReason),
    /// The keys were read again: close 4401 if the one that checked this socket's token has gone.
    KeysChanged,
    /// The server is going down: say bye, then close 1012 after the pending acks.
    Drain {
        /// When to come back, in ms.
        retry_after_ms: u64,
    },
}

impl Push {
    /// Whether it is a newest value, which the next one of its topic replaces.
    fn is_state(&self) -> bool {
        matches!(
            self,
            Self::Day(_) | Self::Streak(_) | Self::Rank(_) | Self::Device(_) | Self::Board { .. }
        )
    }
}
