//! The waiting list of a challenge (domain.md 5.1): who asks while all places are taken waits, and is taken in when one is
//! free, longest wait first.
//!
//! Both are decided before they are journaled, like every admission: a [`Join`](ChallengeInput::Join) says whether the user
//! waits, and places are given by an input of their own that names nobody. So nothing changes for those who stay when the
//! inputs of an erased user are passed over (ADR 0052).

use alloc::vec::Vec;

use super::{Challenge, Member, Stage, Told, board::Board, fold::Notice};
use crate::{
    definition::{Definition, kind::teams::TeamNumber},
    event::Contribution,
    id::{MemberNumber, UserId},
    input::{ChallengeInput, Conclusion, UserInput},
    limits,
};

impl Challenge {
    /// Whether nobody is taken in any more: the window has ended everywhere, or the challenge is over.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let ended = |definition: &Definition| definition.ends_at_ms() <= self.now_ms;
        self.is_over()
            || self.stage == Stage::Published && self.definition.as_ref().is_some_and(ended)
    }

    /// Whether a user waits for a place.
    #[must_use]
    pub fn waits(&self, user: &UserId) -> bool {
        self.members
            .get(user)
            .is_some_and(|member| member.ticket.is_some())
            && !self.is_closed()
    }

    /// Whether a place is free, and owed to nobody who waits.
    pub(super) fn has_free_place(&self, now_ms: i64) -> bool {
        let places = self
            .definition
            .as_ref()
            .map_or(u32::MAX, Definition::places);
        self.joined < places && self.admissible(now_ms).next().is_none()
    }

    /// Whether the waiting list takes one more.
    pub(super) fn may_wait(&self) -> bool {
        let most = self
            .definition
            .as_ref()
            .map_or(0, |definition| definition.waitlist);
        u32::try_from(self.members.waiting_len()).is_ok_and(|waiting| waiting < most)
    }

    /// Who waits and may still be taken in, longest wait first.
    fn admissible(&self, now_ms: i64) -> impl Iterator<Item = MemberNumber> {
        let open = self.is_open() && !self.stopped;
        let definition = self.definition.as_ref().filter(|_| open);
        let waiting = definition.into_iter().flat_map(move |definition| {
            let waiting = self.members.waiting(0);
            waiting.filter(move |(_, _, member)| {
                !member.is_ineligible() && definition.takes_in(member.starts_ms, now_ms)
            })
        });
        waiting.map(|(_, number, _)| number)
    }

    /// One who waits says whether it may still take part: who may not is passed over as long as that is so. Answers whether it waits.
    pub(super) fn hear(&mut self, told: &Contribution) -> bool {
        if self.members.waiting_len() == 0 {
            return false;
        }
        let member = self.members.get_mut(&told.user);
        let waits = |member: &&mut Member| member.ticket.is_some() && member.join == told.join;
        let member = member.filter(waits);
        member.is_some_and(|member| {
            member.hear(told.version, told.is_ineligible);
            true
        })
    }

    /// The input that gives free places to who has waited longest; nothing where none is free, or nobody waits.
    #[must_use]
    pub fn admission(&self, now_ms: i64) -> Option<ChallengeInput> {
        let places = self
            .definition
            .as_ref()?
            .places()
            .saturating_sub(self.joined);
        let most = usize::try_from(places).unwrap_or(usize::MAX);
        let most = most.min(limits::ADMITTED_AT_ONCE_MAX);
        let numbers: Vec<_> = self.admissible(now_ms).take(most).collect();
        let teams = self.teams_for(&numbers);
        (!numbers.is_empty()).then_some(ChallengeInput::Admit(numbers, teams))
    }

    /// What a member who waits must be told next: that it waits, or that it waited for nothing.
    pub(super) fn owed_while_waiting(
        &self,
        told: Told,
        join: u32,
        since_ms: i64,
    ) -> Option<UserInput> {
        let challenge = self.id;
        if self.is_closed() {
            let conclusion = match &self.stage {
                Stage::Cancelled(reason) => Conclusion::Cancelled(reason.clone()),
                _ => Conclusion::NotAdmitted,
            };
            return (told != Told::Concluded).then_some(UserInput::Conclude {
                challenge,
                join,
                conclusion,
            });
        }
        // With the rule: its attributes may change while it waits.
        let definition = self.definition.clone()?;
        (told != Told::Waiting).then_some(UserInput::Await {
            challenge,
            join,
            since_ms,
            definition,
        })
    }

    /// Those who still wait when nobody is taken in any more.
    pub(super) fn unadmitted(&self, board: &Board) -> Vec<Notice> {
        let users = self
            .members
            .waiting(0)
            .filter_map(|(_, _, member)| member.user());
        let notice = |user: &UserId| Some((user.clone(), self.owed(user, board)?));
        users.filter_map(notice).collect()
    }
}

/// Takes in who waits and still may, as long as there are places.
pub(super) fn admit(
    challenge: &mut Challenge,
    board: &mut Board,
    (numbers, teams, at_ms): (&[MemberNumber], &[TeamNumber], i64),
) -> Vec<Notice> {
    let mut notices = Vec::new();
    for (place, number) in numbers.iter().enumerate() {
        let team = teams.get(place).copied();
        if let Some(user) = admit_one(challenge, board, (*number, team, at_ms))
            && let Some(notice) = challenge.owed(&user, board)
        {
            notices.push((user, notice));
        }
    }
    notices
}

fn admit_one(
    challenge: &mut Challenge,
    board: &mut Board,
    (number, team, at_ms): (MemberNumber, Option<TeamNumber>, i64),
) -> Option<UserId> {
    let definition = challenge.definition.as_ref()?;
    let starts_ms = challenge.members.of(number)?.starts_ms;
    let may = challenge.is_open() && definition.takes_in(starts_ms, at_ms);
    if !may || challenge.joined >= definition.places() || !challenge.members.stop_waiting(number) {
        return None;
    }
    let member = challenge.members.of_mut(number)?;
    (member.joined, member.joined_ms) = (true, at_ms);
    member.team = team.or(member.team);
    let member = member.clone();
    board.seat(number, &member);
    challenge.count_in(&member);
    member.user().cloned()
}

#[cfg(test)]
mod tests;
