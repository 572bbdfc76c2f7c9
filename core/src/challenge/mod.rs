//! The state of one challenge: its life cycle, its members, its settlement, and the board that ranks them
//! (domain.md 5.1, 5.2, 6.1).
//!
//! The journal holds the life cycle; scores are contributions of the users' partitions, so the board is rebuilt from their
//! standing rows until it is over, and from the state then. It changes in [`fold::fold`] and [`board`] alone.

mod accounting;
pub mod admit;
pub mod amend;
mod attendance;
pub mod board;
pub mod carry;
mod crowd;
pub mod delta;
mod digest;
pub mod fold;
mod forget;
pub mod friends;
mod frozen;
pub mod members;
pub mod parts;
pub mod prizes;
pub mod rehearsal;
pub mod resident;
mod rounds;
mod row_name;
mod row_view;
#[cfg(test)]
mod scene;
pub mod section;
pub mod segments;
pub mod series;
pub mod stored;
pub mod teams;
mod tiers;
pub mod view;
mod waiting;

use alloc::{boxed::Box, string::String, vec::Vec};
use minicbor::{Decode, Encode};

use crate::{
    campaign::Campaign,
    definition::{Definition, Keeping, Measure, Scale},
    id::{ChallengeId, Position},
    input::Origin,
    leaderboard::RankStyle,
    poison::Skips,
    template::Template,
    view::ChallengePhase,
};

pub use board::{Board, RowId};
pub use crowd::{Answer, Standing};
pub use members::{Departed, ERASED_ALIAS, Member, Members, Name};

use carry::Succession;
use series::Series;

/// What admins have decided, and the settlement.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Stage {
    /// Nobody made it yet, or the draft was deleted.
    #[n(0)]
    Absent,
    /// May be changed.
    #[n(1)]
    Draft,
    /// Published: the clock says what comes.
    #[n(2)]
    Published,
    /// Cancelled, with the admin's words.
    #[n(3)]
    Cancelled(#[n(0)] String),
    /// Settled.
    #[n(4)]
    Settled {
        /// Cut-off, POSIX ms.
        #[n(0)]
        cutoff_ms: i64,
        /// SHA-256 of the rows in board order.
        #[cbor(n(1), with = "minicbor::bytes")]
        digest: [u8; 32],
        /// Rows in all.
        #[n(2)]
        participants: u32,
    },
    /// Settled, and annulled since: the board stays as it was, and its prizes go back.
    #[n(5)]
    Voided {
        /// The admin's words.
        #[n(0)]
        reason: String,
        /// SHA-256 of the rows in board order, as they were settled.
        #[cbor(n(1), with = "minicbor::bytes")]
        digest: [u8; 32],
    },
}

/// What a member's own partition was told, and has confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Told {
    /// Nothing.
    #[n(0)]
    Nothing,
    /// That it is enrolled.
    #[n(1)]
    Enrolled,
    /// That it has left.
    #[n(2)]
    Withdrawn,
    /// How the challenge ended.
    #[n(3)]
    Concluded,
    /// That it waits for a place.
    #[n(4)]
    Waiting,
    /// That how it ended holds no more.
    #[n(5)]
    Voided,
}

/// The state of one challenge; its board is beside it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Challenge {
    /// Which.
    #[n(0)]
    pub id: ChallengeId,
    /// What it is; `None`: nobody made it yet.
    #[n(1)]
    pub definition: Option<Definition>,
    /// Where it stands.
    #[n(2)]
    pub stage: Stage,
    /// When it was made, POSIX ms.
    #[n(3)]
    pub created_ms: i64,
    /// Counts the changes of the resource, passing phases too.
    #[n(4)]
    pub version: u64,
    /// Everybody who ever joined.
    #[n(5)]
    pub members: Members,
    /// How many are in.
    #[n(6)]
    pub joined: u32,
    /// Logical time of the newest boundary or stamp of the newest input, POSIX ms.
    #[n(7)]
    pub now_ms: i64,
    /// The newest input that was folded.
    #[n(8)]
    pub position: Position,
    /// Deadline of the due row as it was last written, POSIX ms.
    #[n(9)]
    pub due_ms: Option<i64>,
    /// Inputs that were passed over lately.
    #[n(10)]
    #[cbor(default)]
    pub skips: Skips,
    /// Stopped after too many of them: nothing changes it but an input that is offered again (ADR 0015).
    #[n(11)]
    #[cbor(default)]
    pub stopped: bool,
    /// Who cancelled or annulled it: staff.
    #[n(12)]
    pub cancelled_by: Option<Origin>,
    /// It is over, and every member who is in has its row here.
    #[n(13)]
    pub frozen: bool,
    /// Its end has moved since joining opened.
    #[n(14)]
    #[cbor(default)]
    pub is_extended: bool,
    /// Who took part was counted, and they were enough.
    #[n(20)]
    #[cbor(default)]
    pub is_counted: bool,
    /// How many are in each team, where there are teams.
    #[n(25)]
    #[cbor(default)]
    pub rosters: Vec<u32>,
    /// Rounds that are decided, where the lowest few of each are out.
    #[n(26)]
    #[cbor(default)]
    pub rounds: u32,
    /// At most one stands: no further round is played.
    #[n(27)]
    #[cbor(default)]
    pub is_won: bool,
    /// When each tier of a collective challenge was reached, POSIX ms; those behind them are not yet.
    #[n(15)]
    #[cbor(default)]
    pub reached_ms: Vec<i64>,
    /// Values of its segments that members had at the end, by their number from 1.
    #[n(21)]
    #[cbor(default)]
    pub segment_values: Vec<String>,
    /// The entity is no challenge but a campaign that others draw on; then nothing else here is used (ADR 0058).
    #[n(30)]
    pub campaign: Option<Box<Campaign>>,
    /// It is over, and the campaign that pays for it knows what it has paid.
    #[n(31)]
    #[cbor(default)]
    pub accounted: bool,
    /// The cycles of a series that is published; then nobody is a member here (ADR 0070).
    #[n(32)]
    pub series: Option<Box<Series>>,
    /// What it knows of the cycles before and after it.
    #[n(33)]
    #[cbor(default)]
    pub succession: Succession,
    /// The entity is no challenge but a template that users make challenges of (ADR 0073).
    #[n(34)]
    pub template: Option<Box<Template>>,
}

impl Challenge {
    /// A challenge that nobody has made yet.
    #[must_use]
    pub fn new(id: ChallengeId) -> Self {
        Self {
            id,
            definition: None,
            stage: Stage::Absent,
            created_ms: 0,
            version: 0,
            members: Members::default(),
            joined: 0,
            now_ms: i64::MIN,
            position: Position::default(),
            due_ms: None,
            skips: Skips::default(),
            stopped: false,
            cancelled_by: None,
            frozen: false,
            is_extended: false,
            is_counted: false,
            rosters: Vec::new(),
            rounds: 0,
            is_won: false,
            reached_ms: Vec::new(),
            segment_values: Vec::new(),
            campaign: None,
            accounted: false,
            series: None,
            succession: Succession::default(),
            template: None,
        }
    }

    /// The same without its members, of whom there may be a million, and what their segments are called.
    #[must_use]
    pub(crate) fn without_members(&self) -> Self {
        Self {
            id: self.id,
            definition: self.definition.clone(),
            stage: self.stage.clone(),
            created_ms: self.created_ms,
            version: self.version,
            members: Members::default(),
            joined: self.joined,
            now_ms: self.now_ms,
            position: self.position,
            due_ms: self.due_ms,
            skips: self.skips.clone(),
            stopped: self.stopped,
            cancelled_by: self.cancelled_by.clone(),
            frozen: self.frozen,
            is_extended: self.is_extended,
            is_counted: self.is_counted,
            rosters: self.rosters.clone(),
            rounds: self.rounds,
            is_won: self.is_won,
            reached_ms: self.reached_ms.clone(),
            segment_values: Vec::new(),
            campaign: self.campaign.clone(),
            accounted: self.accounted,
            template: self.template.clone(),
            series: self.series.clone(),
            succession: self.succession,
        }
    }

    /// Whether its board is kept in parts; one that is over is whole, and a series has none.
    #[must_use]
    pub fn is_parted(&self) -> bool {
        let definition = self.definition.as_ref();
        let is_wanted = definition.is_some_and(|of| of.keeping == Keeping::Parts);
        is_wanted && !self.frozen && !self.is_series()
    }

    /// How its ranks are counted.
    #[must_use]
    pub fn rank_style(&self) -> RankStyle {
        let definition = self.definition.as_ref();
        definition.map_or_else(RankStyle::default, |definition| definition.rank_style)
    }

    /// What the keys of its board say.
    #[must_use]
    pub fn scale(&self) -> Scale {
        let definition = self.definition.as_ref();
        definition.map_or_else(Scale::default, |of| of.kind.scale(of.metric))
    }

    /// What the scores of its members are numbers of.
    #[must_use]
    pub fn measure(&self) -> Measure {
        let definition = self.definition.as_ref();
        definition.map_or(Measure::Count, |of| of.kind.measure(of.metric))
    }

    /// Where it stands at an instant (protocol.md 7); `None`: there is no such challenge.
    #[must_use]
    pub fn phase(&self, now_ms: i64) -> Option<ChallengePhase> {
        let definition = self.definition.as_ref()?;
        Some(match self.stage {
            Stage::Absent => return None,
            Stage::Draft => ChallengePhase::Draft,
            Stage::Cancelled(_) => ChallengePhase::Cancelled,
            Stage::Settled { .. } => ChallengePhase::Settled,
            Stage::Voided { .. } => ChallengePhase::Voided,
            Stage::Published if self.is_series() => self.phase_of_series(now_ms),
            Stage::Published if definition.join_opens_ms.is_some_and(|opens| now_ms < opens) => {
                ChallengePhase::Published
            }
            Stage::Published if now_ms < definition.ends_at_ms() => ChallengePhase::Open,
            Stage::Published => ChallengePhase::Finalising,
        })
    }

    /// When the next boundary falls due, POSIX ms: joining opens, the window starts, it ends, a round is decided, it settles. After the last one
    /// the settlement's barrier runs, and no boundary is left; a stopped one has none.
    #[must_use]
    pub fn next_deadline(&self) -> Option<i64> {
        let definition = self
            .definition
            .as_ref()
            .filter(|_| self.stage == Stage::Published && !self.stopped)?;
        if self.is_series() {
            return self.next_of_series();
        }
        let boundaries = [
            definition.join_opens_ms.unwrap_or(i64::MIN),
            definition.started_ms(),
            definition.ends_at_ms(),
            self.round_closes_ms().unwrap_or(i64::MIN),
            definition.settles_at_ms(),
        ];
        boundaries.into_iter().filter(|at| *at > self.now_ms).min()
    }

    /// The cut-off, once it has passed and nothing is settled yet, POSIX ms.
    #[must_use]
    pub fn cutoff_passed(&self) -> Option<i64> {
        let definition = self
            .definition
            .as_ref()
            .filter(|_| self.stage == Stage::Published && !self.stopped && !self.is_series())?;
        Some(definition.settles_at_ms()).filter(|cutoff_ms| *cutoff_ms <= self.now_ms)
    }

    /// When this challenge must be woken, POSIX ms; one that waits for its settlement, or for its members to be counted, or has yet to
    /// tell another challenge or, once it is over, a member, is due at once.
    #[must_use]
    pub fn visible_deadline(&self) -> Option<i64> {
        let owes = self.owes_conclusions() || self.owes_account() || self.owes_cycles();
        let now = (owes || self.awaits_count()).then_some(self.now_ms);
        let waits = now.or(self.round_passed()).or(self.cutoff_passed());
        waits.or(self.next_deadline())
    }

    /// Whether it is settled, cancelled or annulled: its board is what it will always be, once it is filled.
    #[must_use]
    pub fn is_over(&self) -> bool {
        use Stage::{Cancelled, Settled, Voided};
        matches!(self.stage, Settled { .. } | Cancelled(_) | Voided { .. })
    }

    /// Whether contributions may still move its board.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.stage == Stage::Published
    }
}
