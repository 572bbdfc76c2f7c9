//! Tiers of a collective challenge: each is reached once, by an input, because scores are not journaled (domain.md 5.2).
//!
//! A tier that was reached stays told, though corrections let the sum fall again; who earns a part of what it brings is said by
//! the sum and the scores of the settlement.

use alloc::vec::Vec;

use super::{Board, Challenge, Member, fold::Notice};
use crate::{
    definition::{Kind, kind::collective},
    id::UserId,
    input::UserInput,
};

impl Challenge {
    /// How many tiers the sum of the board has reached.
    fn tiers_of(&self, board: &Board) -> u32 {
        match self.definition.as_ref().map(|definition| &definition.kind) {
            Some(Kind::Collective { tiers }) => collective::tiers_reached(tiers, board.total()),
            _ => 0,
        }
    }

    /// How many tiers are reached now, where these are more than were told.
    pub(super) fn new_tiers(&self, board: &Board) -> Option<u32> {
        let open = self.is_open() && !self.stopped;
        let tiers = self.tiers_of(board);
        (open && tiers > self.tiers_told()).then_some(tiers)
    }

    /// How many tiers were told to be reached.
    pub(super) fn tiers_told(&self) -> u32 {
        u32::try_from(self.reached_ms.len()).unwrap_or(u32::MAX)
    }

    /// So many tiers are reached by now; answers whom to tell.
    pub(super) fn reach(&mut self, tiers: u32, at_ms: i64) -> Vec<Notice> {
        let definition = self.definition.as_ref();
        let asked = definition.map_or(0, |definition| definition.kind.tiers());
        let new = tiers.min(asked).saturating_sub(self.tiers_told());
        if new == 0 {
            return Vec::new();
        }
        self.reached_ms.extend((0..new).map(|_| at_ms));
        self.version = self.version.saturating_add(1);
        let owed = |(user, member): (&UserId, &Member)| {
            // Who is yet to be told that it is in is told of them afterwards.
            let aware = member.told == super::Told::Enrolled;
            Some((user.clone(), self.owed_tiers(member).filter(|_| aware)?))
        };
        self.members.by_user().filter_map(owed).collect()
    }

    /// The tiers that the sum has reached at the settlement, whether or not they were told before.
    pub(super) fn reach_last(&mut self, board: &Board, at_ms: i64) {
        let tiers = self.tiers_of(board);
        // Everybody is told them before how it ended.
        drop(self.reach(tiers, at_ms));
    }

    /// A member's partition has journaled that so many are reached.
    pub(super) fn confirmed_tiers(&mut self, user: &UserId, join: u32, tiers: u32) {
        let member = self.members.get_mut(user);
        if let Some(member) = member.filter(|member| member.join == join) {
            member.knows_tiers = member.knows_tiers.max(tiers);
        }
    }

    /// What a member's partition must be told where it knows of fewer tiers.
    pub(super) fn owed_tiers(&self, member: &Member) -> Option<UserInput> {
        let tiers = self.tiers_told();
        let unaware = member.joined && member.knows_tiers < tiers;
        unaware.then_some(UserInput::Reach {
            challenge: self.id,
            join: member.join,
            tiers,
        })
    }
}

#[cfg(test)]
mod tests;
