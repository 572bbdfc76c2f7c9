//! A challenge in memory whose board is kept in parts: who is told which scores after a restart, when its rows are needed, and what
//! becomes of them.

use alloc::vec::Vec;

use super::{PartRow, Report};
use crate::{
    challenge::{Member, resident::Resident},
    event::Contribution,
};

impl Resident {
    /// Whether the parts of the board keep its rows now.
    #[must_use]
    pub fn is_parted(&self) -> bool {
        self.board().parted().is_some()
    }

    /// Whether the parts of its board should be there: from the publishing on.
    #[must_use]
    pub fn needs_parts(&self) -> bool {
        let challenge = self.challenge();
        let runs = challenge.is_open() || challenge.is_over();
        self.is_parted() && runs
    }

    /// The scores of the store that its parts begin with after a restart: those of members who are in, by their newest enrolment.
    #[must_use]
    pub fn scores_for_parts(&self, standings: Vec<Contribution>) -> Vec<Contribution> {
        let members = &self.challenge().members;
        let is_in = |told: &Contribution| {
            let is_it = |member: &Member| member.joined && member.join == told.join;
            members.get(&told.user).is_some_and(is_it)
        };
        standings.into_iter().filter(is_in).collect()
    }

    /// Where nobody is in there is nothing to be told by the parts of the board.
    pub(in crate::challenge) fn fill_parts(&mut self) {
        if self.challenge.joined == 0 && !self.challenge.is_over() {
            self.filled();
        }
    }

    /// Whether every partition has passed the barrier of the settlement, and nothing waits.
    fn has_all_barriers(&self) -> bool {
        let roll = self.roll.as_ref().filter(|roll| roll.is_complete());
        let of_settlement = |cutoff_ms| self.challenge.cutoff_passed() == Some(cutoff_ms);
        roll.is_some_and(|roll| of_settlement(roll.cutoff_ms)) && self.pending.is_empty()
    }

    /// What a part reports; whether it is known now.
    pub fn report(&mut self, part: usize, report: Report) -> bool {
        let parted = self.board.parted_mut();
        parted.is_some_and(|parted| parted.take(part, report))
    }

    /// Whether its parts are to hand over their rows: it is over, or would be settled now.
    #[must_use]
    pub fn awaits_rows(&self) -> bool {
        self.is_parted() && (self.challenge().is_over() || self.has_all_barriers())
    }

    /// All rows of all parts: the board is whole from now on, and frozen where the challenge is over.
    pub fn gathered(&mut self, rows: Vec<PartRow>) {
        self.board.gather(&self.challenge, rows);
        if self.challenge().is_over() {
            self.filled();
        }
    }
}
