//! Admission to a challenge: what may be journaled now. Pure, and before the journal (design.md 4); admins' and users' wishes
//! are judged one after the other, so that nothing that waits can change the answer.

use alloc::string::String;

use super::{Challenge, Stage};
use crate::{
    attribute::Attributes,
    definition::{eligibility::Ineligible, kind::teams::TeamNumber},
    id::UserId,
    input::ChallengeInput,
    view::ChallengePhase,
};

/// Why not; the codes of protocol.md 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such challenge.
    #[error("there is no such challenge")]
    NotFound,
    /// The phase forbids it.
    #[error("the challenge is {0:?}, which forbids this")]
    Phase(ChallengePhase),
    /// Joining has not opened.
    #[error("joining has not opened yet")]
    NotOpen,
    /// Every place is taken.
    #[error("every place is taken")]
    Full,
    /// Too late to join.
    #[error("joining is closed")]
    Closed,
    /// Not a member.
    #[error("not enrolled")]
    NotEnrolled,
    /// Nobody joins a series: each cycle is joined by itself.
    #[error("it is a series; join one of its cycles")]
    Series,
}

impl Challenge {
    fn known_phase(&self, now_ms: i64) -> Result<ChallengePhase, Refusal> {
        self.phase(now_ms).ok_or(Refusal::NotFound)
    }

    /// Whether the draft may be deleted.
    ///
    /// # Errors
    /// [`Refusal::Phase`] once it is published.
    pub fn may_discard(&self, now_ms: i64) -> Result<(), Refusal> {
        match self.known_phase(now_ms)? {
            ChallengePhase::Draft => Ok(()),
            phase => Err(Refusal::Phase(phase)),
        }
    }

    /// Whether it may be published; `false`: it is already.
    ///
    /// # Errors
    /// [`Refusal::Phase`] once it is cancelled.
    pub fn may_publish(&self, now_ms: i64) -> Result<bool, Refusal> {
        match self.known_phase(now_ms)? {
            ChallengePhase::Cancelled => Err(Refusal::Phase(ChallengePhase::Cancelled)),
            phase => Ok(phase == ChallengePhase::Draft),
        }
    }

    /// Whether it may be cancelled; `false`: it is already.
    ///
    /// # Errors
    /// [`Refusal::Phase`] once it is settled.
    pub fn may_cancel(&self, now_ms: i64) -> Result<bool, Refusal> {
        match self.known_phase(now_ms)? {
            phase @ (ChallengePhase::Settled | ChallengePhase::Voided) => {
                Err(Refusal::Phase(phase))
            }
            phase => Ok(phase != ChallengePhase::Cancelled),
        }
    }

    /// Whether its settlement may be annulled; `false`: it is already.
    ///
    /// # Errors
    /// [`Refusal::Phase`] before it is settled, and once it is cancelled.
    pub fn may_void(&self, now_ms: i64) -> Result<bool, Refusal> {
        match self.known_phase(now_ms)? {
            ChallengePhase::Settled => Ok(true),
            ChallengePhase::Voided => Ok(false),
            phase => Err(Refusal::Phase(phase)),
        }
    }

    /// Whether a user may join, or wait for a place; `false`: it is in or waits already. `starts_ms`: the window's start for that
    /// user.
    ///
    /// # Errors
    /// Each of protocol.md 7's: not open yet, closed, full, or a phase that forbids it.
    pub fn may_join(&self, user: &UserId, starts_ms: i64, now_ms: i64) -> Result<bool, Refusal> {
        let phase = self.known_phase(now_ms)?;
        if phase == ChallengePhase::Cancelled {
            return Err(Refusal::Phase(phase));
        }
        if self.is_member(user) || self.waits(user) {
            return Ok(false);
        }
        let definition = self.definition.as_ref().ok_or(Refusal::NotFound)?;
        if self.is_series() {
            return Err(Refusal::Series);
        }
        match phase {
            ChallengePhase::Draft | ChallengePhase::Published => return Err(Refusal::NotOpen),
            ChallengePhase::Finalising | ChallengePhase::Settled | ChallengePhase::Voided => {
                return Err(Refusal::Closed);
            }
            _ => {}
        }
        if !definition.takes_in(starts_ms, now_ms) || self.has_departed(user) {
            return Err(Refusal::Closed);
        }
        if self.has_free_place(now_ms) || self.may_wait() {
            Ok(true)
        } else {
            Err(Refusal::Full)
        }
    }

    /// Whether a user with these attributes may take part.
    ///
    /// # Errors
    /// [`Ineligible`]: the test of the rule that decides.
    pub fn judge(&self, attributes: &Attributes) -> Result<(), Ineligible> {
        let definition = self.definition.as_ref();
        let rule = definition.and_then(|definition| definition.eligibility.as_ref());
        rule.map_or(Ok(()), |rule| rule.judge(attributes))
    }

    /// The input that takes a user in, or lets it wait where no place is free, with the number that it will have; of teams, it
    /// comes into the one that has the fewest members.
    #[must_use]
    pub fn joining(&self, user: UserId, alias: String, times: (i64, i64)) -> ChallengeInput {
        self.joining_team(None, (user, alias), times)
    }

    /// The same, with the team that the user has asked for, where that is for the user to say.
    #[must_use]
    pub fn joining_team(
        &self,
        wanted: Option<TeamNumber>,
        (user, alias): (UserId, String),
        (starts_ms, now_ms): (i64, i64),
    ) -> ChallengeInput {
        let member = self.members.number_for(&user);
        let waits = !self.has_free_place(now_ms);
        ChallengeInput::Join {
            user,
            alias,
            starts_ms,
            member,
            waits,
            team: self.team_for(wanted, waits),
            carried: None,
        }
    }

    /// The input that takes a user who was erased out of it; nothing where the user is unknown.
    #[must_use]
    pub fn forgetting(&self, user: &UserId) -> Option<ChallengeInput> {
        self.members.number_of(user).map(ChallengeInput::Forget)
    }

    /// Whether a user may leave, or stop waiting.
    ///
    /// # Errors
    /// [`Refusal::NotEnrolled`], or [`Refusal::Closed`] once the window has ended.
    pub fn may_leave(&self, user: &UserId, now_ms: i64) -> Result<(), Refusal> {
        let phase = self.known_phase(now_ms)?;
        if !self.is_member(user) && !self.waits(user) {
            return Err(Refusal::NotEnrolled);
        }
        match phase {
            ChallengePhase::Finalising | ChallengePhase::Settled | ChallengePhase::Voided => {
                Err(Refusal::Closed)
            }
            ChallengePhase::Cancelled => Err(Refusal::Phase(phase)),
            _ => Ok(()),
        }
    }

    /// Whether a user may see the board.
    #[must_use]
    pub fn is_member(&self, user: &UserId) -> bool {
        self.members.get(user).is_some_and(|member| member.joined)
    }

    /// Whether the challenge is there.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.stage != Stage::Absent
    }
}
