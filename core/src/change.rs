//! What a person changed: the record of who did what, kept for the user's life beside the facts (ADR 0025).
//!
//! Samples are no changes: their stored copies say which device sent them, and when. A change is made by `user::changes`
//! while the input is folded; explanations and audits read it.

use alloc::{string::String, vec::Vec};
use minicbor::{Decode, Encode};

use crate::{
    attest::KeyId,
    attribute::Attributes,
    civil::Day,
    event::EventId,
    goal::Revision,
    id::{ChallengeId, DeviceId, GoalId, Position},
    input::{Adjustment, Origin},
    period::WeekStart,
    sample::DeviceClass,
    streak::Definition,
};

/// One change: numbered densely from 1, in order, never edited.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Change {
    /// Dense number per user, from 1.
    #[n(0)]
    pub number: u64,
    /// Stamp of the input that made it, POSIX ms.
    #[n(1)]
    pub at_ms: i64,
    /// The input that made it.
    #[n(2)]
    pub id: EventId,
    /// Who asked for that input.
    #[n(3)]
    pub by: Origin,
    /// Version of the rules that folded it.
    #[n(4)]
    pub rules: u16,
    /// What was changed.
    #[n(5)]
    pub kind: ChangeKind,
}

/// What can be changed, numbered, because it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum ChangeKind {
    /// The user was made.
    #[n(1)]
    Created {
        /// In that zone; `None`: UTC until one is set.
        #[n(0)]
        zone: Option<String>,
    },
    /// A zone was put in force.
    #[n(2)]
    ZoneChanged {
        /// IANA name.
        #[n(0)]
        zone: String,
        /// From then on, POSIX ms.
        #[n(1)]
        effective_ms: i64,
        /// Nobody travels that fast.
        #[n(2)]
        flagged: bool,
    },
    /// The name that others see.
    #[n(3)]
    AliasChanged(#[n(0)] String),
    /// The hour at which days begin.
    #[n(4)]
    DayStartChanged {
        /// The first day that ends so long after midnight.
        #[n(0)]
        from: Day,
        /// Minutes after midnight.
        #[n(1)]
        after_min: u16,
    },
    /// The first day of the week.
    #[n(5)]
    WeekStartChanged(#[n(0)] WeekStart),
    /// Whether boards show the user to others without its alias.
    #[n(17)]
    HiddenChanged(#[n(0)] bool),
    /// What the deployment says of the user: every attribute.
    #[n(20)]
    AttributesChanged(#[n(0)] Attributes),
    /// The order in which devices are believed, from that day on.
    #[n(16)]
    DeviceOrderChanged(#[n(0)] Vec<DeviceId>),
    /// A device was bound to the user.
    #[n(6)]
    DeviceBound {
        /// Which.
        #[n(0)]
        device: DeviceId,
        /// Its class.
        #[n(1)]
        class: DeviceClass,
    },
    /// A device says another vendor or model.
    #[n(7)]
    DeviceDescribed(#[n(0)] DeviceId),
    /// A key was registered for a device.
    #[n(21)]
    DeviceKeySet {
        /// Which.
        #[n(0)]
        device: DeviceId,
        /// What the key is called.
        #[n(1)]
        key: KeyId,
    },
    /// A device has no key any more.
    #[n(22)]
    DeviceKeyRemoved(#[n(0)] DeviceId),
    /// A goal was made or revised.
    #[n(8)]
    GoalSet {
        /// Which.
        #[n(0)]
        goal: GoalId,
        /// What it asks for, from which day on.
        #[n(1)]
        revisions: Vec<Revision>,
        /// Adaptive: the user's own target for one day, store units.
        #[n(2)]
        own: Option<(Day, i64)>,
        /// What its streak allows from then on, where that was said too.
        #[n(3)]
        streak: Option<Definition>,
    },
    /// A goal was deleted.
    #[n(9)]
    GoalDeleted {
        /// Which.
        #[n(0)]
        goal: GoalId,
        /// The last day of it.
        #[n(1)]
        until: Option<Day>,
    },
    /// A rest day was chosen.
    #[n(10)]
    RestDayChosen(#[n(0)] Day),
    /// It is a day like any other again.
    #[n(11)]
    RestDayTakenBack(#[n(0)] Day),
    /// The user left a challenge.
    #[n(12)]
    ChallengeLeft(#[n(0)] ChallengeId),
    /// Older history was imported.
    #[n(13)]
    Imported {
        /// Of which device.
        #[n(0)]
        device: DeviceId,
        /// How many records were taken in.
        #[n(1)]
        records: u32,
        /// Earliest start of them, POSIX ms.
        #[n(2)]
        first_ms: i64,
        /// Latest end of them, POSIX ms.
        #[n(3)]
        last_ms: i64,
    },
    /// An input that could not be folded was passed over (ADR 0015).
    #[n(14)]
    Skipped {
        /// Its place in the same journal.
        #[n(0)]
        position: Position,
        /// It put the user on hold.
        #[n(1)]
        hold: bool,
    },
    /// An operator offered such an input again, or released the user.
    #[n(15)]
    Retried {
        /// What kind of input was offered again.
        #[n(0)]
        input: Option<String>,
        /// The user was released from its hold.
        #[n(1)]
        release: bool,
    },
    /// The balance was set right by hand.
    #[n(18)]
    Adjusted {
        /// The civil day on which it was booked.
        #[n(0)]
        day: Day,
        /// By how much, and why.
        #[n(1)]
        adjustment: Adjustment,
    },
}

impl ChangeKind {
    /// The goal that it is about.
    #[must_use]
    pub fn goal(&self) -> Option<&GoalId> {
        match self {
            Self::GoalSet { goal, .. } | Self::GoalDeleted { goal, .. } => Some(goal),
            _ => None,
        }
    }
}
