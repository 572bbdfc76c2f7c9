//! What one process of the swarm is to do, and what it says about it: lines of JSON between the processes.

use std::net::SocketAddr;

use anyhow::Result;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::figures::Figures;
use crate::profile::Profile;
use crate::template::Template;
use crate::token::Signer;

/// How frames look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Wire {
    /// Texts of JSON
    Json,
    /// The compact form, bytes of CBOR
    Cbor,
}

impl Wire {
    /// The subprotocol of the stream.
    pub(crate) fn subprotocol(self) -> &'static str {
        match self {
            Self::Json => "streakline.v1.json",
            Self::Cbor => "streakline.v1.cbor",
        }
    }
}

/// When frames are sent.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Load {
    /// At so many a second by all devices of the process, whatever is answered.
    Rate(f64),
    /// So many of each device are under way at any time.
    Window(u32),
}

/// What one process is to do.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Plan {
    /// Where the server listens.
    pub(crate) address: SocketAddr,
    pub(crate) profile: Profile,
    pub(crate) wire: Wire,
    /// The other side is the floor, which answers every message with the same text.
    pub(crate) is_floor: bool,
    pub(crate) load: Load,
    /// The first of its devices.
    pub(crate) first: u32,
    pub(crate) devices: u32,
    pub(crate) subscribers: u32,
    /// The challenges whose boards every subscriber watches.
    pub(crate) boards: Vec<String>,
    /// How many rows of them.
    pub(crate) top: u32,
    /// How many on each side of the own one instead, which is a sender's.
    pub(crate) around: Option<u32>,
    /// They ask for what has changed only.
    pub(crate) deltas: bool,
    /// Records of a frame.
    pub(crate) records: u32,
    /// Members of a vendor's own are left out.
    pub(crate) bare: bool,
    /// Time zone of the users.
    pub(crate) zone: String,
    /// How long sockets stay open after the last answer.
    pub(crate) hold_s: f64,
    pub(crate) warmup_s: f64,
    pub(crate) seconds: f64,
    /// Part of every name of the run.
    pub(crate) run: String,
    pub(crate) run_number: u64,
    pub(crate) signer: Signer,
    /// Start of each device's first sample.
    pub(crate) start_ms: i64,
    /// From one sample of a device to the next.
    pub(crate) step_ms: i64,
    /// Frames that each device has kept (profile backfill).
    pub(crate) backlog: u64,
    /// No sample is later.
    pub(crate) end_ms: i64,
    /// Sockets that are being opened at the same time.
    pub(crate) opening: u32,
}

impl Plan {
    /// The frame that its devices send.
    pub(crate) fn template(&self) -> Result<Template> {
        let text = self.profile.frame(self.records, self.bare);
        match self.wire {
            Wire::Json => Template::of_json(&text),
            Wire::Cbor => Template::of_compact(&text),
        }
    }

    /// From a sample's start to its end.
    pub(crate) fn span_ms(&self) -> i64 {
        match self.profile {
            Profile::Backfill => self.step_ms,
            profile => self.step_ms.min(profile.step_ms()),
        }
    }
}

/// What a process says to the one that started it.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Said {
    /// So many sockets are welcomed.
    Opened(u32),
    /// All are; it waits to be told to go.
    Ready,
    /// How far it is.
    Progress { sent: u64, acknowledged: u64 },
    /// It has ended.
    Ended(Box<Figures>),
}
