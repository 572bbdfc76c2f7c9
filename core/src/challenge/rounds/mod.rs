//! Rounds in which the lowest few are out (domain.md 5.2, `lowest q %`; ADR 0066): each is decided once, behind a barrier like a
//! settlement's, and journaled with who falls, because what days came to is not journaled here.
//!
//! A board of such a challenge is made of the state alone: rounds survived, and when the last of them was decided. So what comes
//! of a day that was hard-closed changes nothing, and those who still stand are nested sets (T5.8).

use alloc::vec::Vec;

use super::{Board, Challenge, Member, Stage, fold::Notice, resident::Resident};
use crate::{definition::kind::elimination, id::MemberNumber, input::ChallengeInput};

impl Challenge {
    /// The round that is decided next, from 0; nothing of other challenges, and once no more are played.
    fn open_round(&self) -> Option<u32> {
        let definition = self.definition.as_ref()?;
        definition.eliminates()?;
        let more = self.rounds < definition.rounds() && !self.is_won;
        let runs = self.stage == Stage::Published && !self.stopped;
        (more && runs).then_some(self.rounds)
    }

    /// When that is decided, POSIX ms.
    pub(super) fn round_closes_ms(&self) -> Option<i64> {
        let round = self.open_round()?;
        Some(self.definition.as_ref()?.round_closes_ms(round))
    }

    /// The same, once it has passed and nothing is decided yet.
    #[must_use]
    pub fn round_passed(&self) -> Option<i64> {
        self.round_closes_ms().filter(|at_ms| *at_ms <= self.now_ms)
    }

    /// Whether one who is in has not fallen.
    fn standing(&self) -> impl Iterator<Item = (MemberNumber, &Member)> {
        let members = self.members.iter();
        members.filter(|(_, member)| member.joined && member.fell.is_none())
    }

    /// Who is out after the round that is open, by what the board knows of its day.
    fn out(&self, board: &Board) -> Option<ChallengeInput> {
        let round = self.open_round()?;
        let percent = self.definition.as_ref()?.eliminates()?;
        let standing = self.standing();
        let standing: Vec<_> = standing
            .map(|(number, _)| (number, board.day_of(number, round)))
            .collect();
        Some(ChallengeInput::Fall {
            round,
            members: elimination::out(percent, &standing),
        })
    }

    /// A round is decided. The rows follow; nobody is told but by the own rank.
    pub(super) fn fall(
        &mut self,
        board: &mut Board,
        (round, members): (u32, &[MemberNumber]),
    ) -> Vec<Notice> {
        if self.open_round() != Some(round) {
            return Vec::new(); // An operator offers again what has been done since.
        }
        for number in members {
            let member = self.members.of_mut(*number);
            if let Some(member) = member.filter(|member| member.fell.is_none()) {
                member.fell = Some(round);
            }
        }
        self.rounds = round.saturating_add(1);
        let is_won = self.standing().nth(1).is_none();
        self.is_won = is_won;
        self.version = self.version.saturating_add(1);
        board.stand(self);
        Vec::new()
    }

    /// By what the row of a member is ordered: rounds survived, and when the last of them was decided, POSIX ms; nothing of other
    /// challenges and before the first round.
    pub(super) fn survived(&self, member: &Member) -> Option<(i64, i64)> {
        let definition = self.definition.as_ref()?;
        definition.eliminates()?;
        let rounds = member.fell.unwrap_or(self.rounds);
        let last = rounds.checked_sub(1)?;
        Some((i64::from(rounds), definition.round_closes_ms(last)))
    }
}

impl Resident {
    /// The input that decides the round whose barrier every partition has passed.
    pub(super) fn falling(&self, cutoff_ms: i64) -> Option<ChallengeInput> {
        let challenge = self.challenge();
        let due = challenge.round_passed() == Some(cutoff_ms);
        due.then(|| challenge.out(self.board())).flatten()
    }

    /// The same without a barrier: of a challenge that is rehearsed everything is known.
    pub(super) fn falling_now(&self) -> Option<ChallengeInput> {
        self.challenge().out(self.board())
    }
}

#[cfg(test)]
mod tests;
