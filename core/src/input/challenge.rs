//! What can change a challenge.

use alloc::{string::String, vec::Vec};
use minicbor::{Decode, Encode};

use crate::{
    campaign::CampaignInput,
    challenge::{Departed, carry::Carried, series::CycleInput},
    definition::{Definition, kind::teams::TeamNumber},
    id::{MemberNumber, UserId},
    poison::{Retry, Skip},
    template::TemplateInput,
};

/// Inputs of a challenge.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum ChallengeInput {
    /// Makes the draft.
    #[n(1)]
    Create(#[n(0)] Definition),
    /// Replaces the draft.
    #[n(2)]
    Replace(#[n(0)] Definition),
    /// Deletes the draft.
    #[n(3)]
    Discard,
    /// Publishes it.
    #[n(4)]
    Publish,
    /// Cancels it, with the admin's words.
    #[n(5)]
    Cancel(#[n(0)] String),
    /// Takes a user in.
    #[n(6)]
    Join {
        /// Who.
        #[n(0)]
        user: UserId,
        /// The name that others see.
        #[n(1)]
        alias: String,
        /// Start of the window for that user, POSIX ms.
        #[n(2)]
        starts_ms: i64,
        /// Its number. It is journaled because the joinings before this one may be passed over some day, when their users
        /// are erased, and must not move it.
        #[n(3)]
        member: MemberNumber,
        /// Whether it waits for a place. It is journaled for the same reason.
        #[n(4)]
        #[cbor(default)]
        waits: bool,
        /// Its team, where there are teams; of who waits for a place the one that was asked for. It is journaled for the
        /// same reason.
        #[n(6)]
        team: Option<TeamNumber>,
        /// It is a member of the cycle before, and nobody asked.
        #[n(5)]
        carried: Option<Carried>,
    },
    /// Annuls a settlement, with the admin's words: what it has paid goes back.
    #[n(25)]
    Void(#[n(0)] String),
    /// Lets a user go, with what its team keeps of it: scores are not journaled, and this one moves no more (ADR 0064).
    #[n(7)]
    Leave(#[n(0)] UserId, #[n(1)] Option<Departed>),
    /// Settles the cycle: every partition has passed its barrier.
    #[n(8)]
    Settle {
        /// Cut-off, POSIX ms.
        #[n(0)]
        cutoff_ms: i64,
        /// SHA-256 over 256 digests of the rows in board order (design.md 4).
        #[cbor(n(1), with = "minicbor::bytes")]
        digest: [u8; 32],
        /// Rows in all.
        #[n(2)]
        participants: u32,
    },
    /// Nothing but the time.
    #[n(9)]
    Tick,
    /// Passes over an input that cannot be folded; runs no boundary.
    #[n(10)]
    Skip(#[n(0)] Skip),
    /// Offers a stuck input again; a challenge that was stopped goes on.
    #[n(11)]
    Retry(#[n(0)] Retry),
    /// The user behind a member was erased: who is in leaves; of a board that is over the row stays, and nobody can say whose
    /// it was. It names nobody, so that it can be read when the user's key is gone.
    #[n(12)]
    Forget(#[n(0)] MemberNumber),
    /// Gives free places to members who wait, each with its team where there are teams. It names nobody, for the same reason.
    #[n(13)]
    Admit(
        #[n(0)] Vec<MemberNumber>,
        #[n(1)]
        #[cbor(default)]
        Vec<TeamNumber>,
    ),
    /// So many are in when the window has ended: with too few the challenge is cancelled.
    #[n(20)]
    Count(#[n(0)] u32),
    /// The sum of all scores has reached so many tiers of a collective challenge by now. It is journaled because scores are
    /// not: each tier is told once, and when.
    #[n(14)]
    Reach(#[n(0)] u32),
    /// A round is decided: these are out. It is journaled because what days came to is not.
    #[n(40)]
    Fall {
        /// Which round, from 0.
        #[n(0)]
        round: u32,
        /// Who; nobody where only one stands.
        #[n(1)]
        members: Vec<MemberNumber>,
    },
    /// The entity is a campaign, and this changes it.
    #[n(30)]
    Campaign(#[n(0)] CampaignInput),
    /// The challenge is a series or a cycle of one, and this carries it on.
    #[n(31)]
    Cycle(#[n(0)] CycleInput),
    /// The entity is a template.
    #[n(32)]
    Template(#[n(0)] TemplateInput),
}

impl ChallengeInput {
    /// The user that the input names, if it names one.
    #[must_use]
    pub fn subject(&self) -> Option<UserId> {
        match self {
            Self::Join { user, .. } | Self::Leave(user, _) => Some(user.clone()),
            // What it offers again is no retry itself.
            Self::Retry(retry) => retry.of_challenge()?.subject(),
            Self::Create(_)
            | Self::Replace(_)
            | Self::Discard
            | Self::Publish
            | Self::Cancel(_)
            | Self::Void(_)
            | Self::Settle { .. }
            | Self::Tick
            | Self::Skip(_)
            | Self::Forget(_)
            | Self::Admit(..)
            | Self::Count(_)
            | Self::Reach(_)
            | Self::Fall { .. }
            | Self::Cycle(_)
            | Self::Template(_)
            | Self::Campaign(_) => None,
        }
    }

    /// What kind of input, for operators.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Create(_) => "create",
            Self::Replace(_) => "replace",
            Self::Discard => "discard",
            Self::Publish => "publish",
            Self::Cancel(_) => "cancel",
            Self::Void(_) => "void",
            Self::Join { .. } => "join",
            Self::Leave(..) => "leave",
            Self::Settle { .. } => "settle",
            Self::Tick => "tick",
            Self::Skip(_) => "skip",
            Self::Retry(_) => "retry",
            Self::Forget(_) => "forget",
            Self::Admit(..) => "admit",
            Self::Count(_) => "count",
            Self::Reach(_) => "reach",
            Self::Fall { .. } => "fall",
            Self::Cycle(input) => input.kind(),
            Self::Template(_) => "template",
            Self::Campaign(CampaignInput::Fund { .. }) => "fund",
            Self::Campaign(CampaignInput::Reserve { .. }) => "reserve",
            Self::Campaign(CampaignInput::Close { .. }) => "close",
        }
    }
}
