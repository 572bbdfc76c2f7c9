//! How a challenge ended, as a member's own partition is told it.

use alloc::{string::String, vec::Vec};
use minicbor::{Decode, Encode};

use crate::{challenge::prizes::Prize, id::CampaignId};

/// How a team ended.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct TeamPlace {
    /// Its key.
    #[n(0)]
    pub team: String,
    /// Its rank among the teams; `None`: it had too few members to be ranked.
    #[n(1)]
    pub rank: Option<u32>,
}

/// How a challenge ended for one participant.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Conclusion {
    /// Settled.
    #[n(0)]
    Settled {
        /// Competition rank.
        #[n(0)]
        rank: u32,
        /// Score at the cut-off.
        #[n(1)]
        score: i64,
        /// Rows in all.
        #[n(2)]
        participants: u32,
        /// When the user reached what it had to, of a type that asks for an amount, POSIX ms.
        #[n(3)]
        #[cbor(default)]
        finished_at_ms: Option<i64>,
        /// What the user wins, one a reward.
        #[n(4)]
        #[cbor(default)]
        prizes: Vec<Prize>,
        /// How the user's team ended, where there are teams.
        #[n(6)]
        team: Option<TeamPlace>,
    },
    /// Cancelled, with the admin's words.
    #[n(1)]
    Cancelled(#[n(0)] String),
    /// The user waited for a place, and none became free.
    #[n(2)]
    NotAdmitted,
    /// Settled, and annulled since.
    #[n(3)]
    Voided {
        /// The admin's words.
        #[n(0)]
        reason: String,
        /// What has paid the prizes.
        #[n(1)]
        campaign: Option<CampaignId>,
        /// What the settlement has won the user, one a reward; it goes back where it was paid.
        #[n(2)]
        prizes: Vec<Prize>,
    },
}
