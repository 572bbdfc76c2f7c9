//! What the server says, as far as a load generator has to know it, whichever form it comes in.

mod compact;
mod json;

pub(crate) use compact::read as of_compact;
pub(crate) use json::read as of_json;

/// A message of the server.
#[derive(Debug, PartialEq)]
pub(crate) enum Reply {
    Welcome(Welcome),
    Acknowledged {
        batch: u64,
        credits: u32,
        /// The codes of records that were not plainly taken.
        refused: Vec<String>,
    },
    /// How far a day is.
    Day(Day),
    Subscribed,
    /// A board, by the number of its subscription, the score of its first row, and that of the own one where it is told.
    Board {
        id: u64,
        score: u64,
        own: Option<u64>,
    },
    /// Something went wrong, or the server ends.
    Error {
        code: String,
        batch: Option<u64>,
    },
    /// Whatever else there is.
    Other,
}

/// What a device is told at its hello.
#[derive(Debug, PartialEq)]
pub(crate) struct Welcome {
    /// The newest durable record of each lane: `live` and `backfill`.
    pub(crate) resume_after: [u64; 2],
    pub(crate) credits: [u32; 2],
    pub(crate) epoch: String,
    pub(crate) next_event: u64,
}

/// What a state of a day says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Day {
    /// Days since 1970.
    pub(crate) day: i64,
    pub(crate) display: u64,
    /// Time of the newest reading of the vehicles' gauge.
    pub(crate) last_ms: Option<i64>,
}

fn fault(code: &str) -> Reply {
    Reply::Error {
        code: code.to_owned(),
        batch: None,
    }
}
