//! How members of one cycle become members of the next (domain.md 5.1, ADR 0071).
//!
//! Who is in a cycle says that cycle alone: each joining and each leaving there is handed to the next one, in the order of joining,
//! until the next one has it. What is handed last stands, so nobody who has left is carried on. The next one settles after
//! whoever is carried to it is in.

use alloc::string::String;
use minicbor::{Decode, Encode};

use super::{Challenge, Member, Stage, admit::Refusal};
use crate::{
    id::{ChallengeId, MemberNumber, UserId},
    input::ChallengeInput,
};

/// What a cycle knows of the cycles before and after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Succession {
    /// Number of the one that follows, once it is there.
    #[n(0)]
    pub next: Option<u32>,
    /// None follows: the series was cancelled.
    #[n(1)]
    pub is_last: bool,
    /// Members of the one before are yet to be carried here.
    #[n(2)]
    pub awaits: bool,
    /// The one that follows knows that nobody more will be carried to it.
    #[n(3)]
    pub told_all: bool,
}

/// An enrolment of the cycle before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Carried {
    /// Its number there, from 1.
    #[n(0)]
    pub join: u32,
    /// When the user joined the first of the cycles through which it was carried, POSIX ms.
    #[n(1)]
    pub joined_ms: i64,
}

/// A member that the next cycle is told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handing {
    /// Who.
    pub user: UserId,
    /// Its number in this cycle.
    pub number: MemberNumber,
    /// By which enrolment.
    pub carried: Carried,
    /// Whether it is in; else it has left.
    pub joined: bool,
}

impl Challenge {
    /// Whether members of the cycle before are yet to be carried here.
    #[must_use]
    pub fn awaits_members(&self) -> bool {
        self.succession.awaits
    }

    /// The cycle that its members are carried to, once it is there.
    #[must_use]
    pub fn heir(&self) -> Option<ChallengeId> {
        let cycle = self.definition.as_ref()?.cycle?;
        let next = self.succession.next.filter(|_| cycle.carries)?;
        Some(cycle.series.of_cycle(next))
    }

    /// What the next cycle must be told of a member; nothing where it knows.
    pub(super) fn owed_handing(&self, number: MemberNumber) -> Option<Handing> {
        let member = self.members.of(number)?;
        owed(number, member)
    }

    /// Whom the next cycle has yet to be told of, each with when it joined, POSIX ms.
    pub(super) fn unhanded(&self) -> impl Iterator<Item = (i64, MemberNumber)> {
        let members = self.heir().into_iter().flat_map(|_| self.members.iter());
        let owed = members.filter(|(number, member)| owed(*number, member).is_some());
        owed.map(|(number, member)| (member.joined_ms, number))
    }

    /// Whether nobody can join or leave any more, and everybody who was to be carried here is in.
    pub(super) fn is_complete(&self) -> bool {
        self.is_closed() && !self.awaits_members()
    }

    /// Whether the next cycle has yet to be told of somebody, or that nobody more comes.
    pub(super) fn owes_next(&self) -> bool {
        let told_all = self.succession.told_all || !self.is_complete();
        self.heir().is_some() && (!told_all || self.unhanded().next().is_some())
    }

    /// The next cycle knows of an enrolment.
    pub(super) fn handed(&mut self, handing: &Handing) {
        if let Some(member) = self.members.of_mut(handing.number) {
            member.handed = (handing.carried.join, handing.joined);
        }
    }

    /// The input by which this cycle follows what the one before hands to it; nothing where it has done so, or the user is in by
    /// itself.
    ///
    /// # Errors
    /// [`Refusal`]: it is not there yet, it is over, or every place is taken.
    pub fn taking_over(
        &self,
        handing: &Handing,
        (alias, starts_ms): (String, i64),
        now_ms: i64,
    ) -> Result<Option<ChallengeInput>, Refusal> {
        let phase = self.phase(now_ms).ok_or(Refusal::NotFound)?;
        if self.stage != Stage::Published {
            return Err(Refusal::Phase(phase));
        }
        let is_in = self.is_member(&handing.user) || self.waits(&handing.user);
        let held = self.members.get(&handing.user);
        let carried = held.map_or(0, |held| held.carried);
        if !handing.joined {
            let leaves = is_in && carried == handing.carried.join;
            return Ok(leaves.then(|| ChallengeInput::Leave(handing.user.clone(), None)));
        }
        if is_in || carried >= handing.carried.join {
            return Ok(None);
        }
        let free = self.has_free_place(now_ms);
        if !free && (self.is_closed() || !self.may_wait()) {
            return Err(Refusal::Full);
        }
        Ok(Some(ChallengeInput::Join {
            user: handing.user.clone(),
            alias,
            starts_ms,
            member: self.members.number_for(&handing.user),
            waits: !free,
            team: self.team_for(None, !free),
            carried: Some(handing.carried),
        }))
    }
}

/// What the next cycle must be told of a member. Who waits for a place is in when one is given.
fn owed(number: MemberNumber, member: &Member) -> Option<Handing> {
    let is_known = member.handed == (member.join, member.joined) || member.ticket.is_some();
    let user = member.user().filter(|_| !is_known)?;
    let carried = Carried {
        join: member.join,
        joined_ms: member.joined_ms,
    };
    Some(Handing {
        user: user.clone(),
        number,
        carried,
        joined: member.joined,
    })
}

#[cfg(test)]
mod tests;
